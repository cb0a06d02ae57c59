"""Lists of values that no page gives: other values count as not sent, and the journal notes
them."""

from __future__ import annotations

import json

import pytest

from mock_sei.errors import ConfigurationError, MalformedRequest
from tests.apis.engine import JSON, LIST, Engine, operation
from tests.cases import every_case

RECORDS = [{"id": 1, "colour": "Red"}, {"id": 2, "colour": "Green"}]


def engine_of(rule: str, *, required: bool = False, schema: str = "{type: string}") -> Engine:
    parameter = f"{{name: colour, in: query, required: {str(required).lower()}, "
    parameter += f"x-mock-sei: {rule}, schema: {schema}}}"
    return Engine.of(operation(LIST, f"[{parameter}]"), widgets=RECORDS)


def ids(engine: Engine, query: str) -> list[int]:
    content = engine.call(f"/v1/widgets?{query}").content
    assert content is not None
    return [each["id"] for each in json.loads(content)["data"]]


OPEN = "{field: colour, values: [Red, Green], aliases: {crimson: Red}, x-fidelity: assumed}"


@every_case("sent", ["Red", "red", "RED", "crimson", "Crimson"])
def test_a_known_value_is_read_in_any_case_and_spelling(sent: str) -> None:
    engine = engine_of(OPEN)

    assert ids(engine, f"colour={sent}") == [1]
    assert engine.findings.notes == []


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("sent", ["Blue", "Red,Green", ""])
def test_an_unknown_value_counts_as_not_sent_and_is_noted(sent: str, required: bool) -> None:
    engine = engine_of(OPEN, required=required)

    assert ids(engine, f"colour={sent}") == [1, 2]
    (note,) = engine.findings.notes
    assert note == (
        "colour has a value that is not known here; the call is answered as if that value had not "
        "been sent. Known values: Red, Green"
    )


def test_a_required_parameter_must_come_all_the_same() -> None:
    with pytest.raises(MalformedRequest):
        ids(engine_of(OPEN, required=True), "")


def test_an_unknown_value_leaves_the_default() -> None:
    engine = engine_of(OPEN, schema="{type: string, default: Green}")

    assert ids(engine, "colour=Blue") == [2]


def test_of_several_values_the_known_ones_count() -> None:
    engine = engine_of(OPEN, schema="{type: array, items: {type: string}}")

    assert ids(engine, "colour=Blue,green") == [2]
    assert len(engine.findings.notes) == 1


def test_a_closed_list_is_read_in_any_case_where_its_document_says_so() -> None:
    schema = "{type: string, enum: [Red, Green]}"
    lenient = engine_of("{field: colour, any_case: true}", schema=schema)

    assert ids(lenient, "colour=GREEN") == [2]
    for engine, sent in ((lenient, "Blue"), (engine_of("{field: colour}", schema=schema), "red")):
        with pytest.raises(MalformedRequest):
            ids(engine, f"colour={sent}")


TRUTHS = ["{type: boolean}", "{type: string, enum: ['true', 'false']}"]


@pytest.mark.parametrize("schema", TRUTHS)
@pytest.mark.parametrize("sent", ["true", "TRUE", "True"])
def test_a_product_of_the_vendor_reads_true_in_any_case(schema: str, sent: str) -> None:
    parameter = f"{{name: a, in: query, schema: {schema}, x-mock-sei: {{field: x}}}}"
    records = [{"id": 1, "x": True}, {"id": 2, "x": False}]
    engine = Engine.vendor(operation(LIST, f"[{parameter}]"), widgets=records)
    assert engine.ids(f"a={sent}") == [1]
    noted = [] if sent == "true" else ["a is read as true, as the pages write it"]
    assert engine.findings.notes == noted
    assert engine.ids("a=False") == [2]
    for wrong in ("yes", "1", ""):
        assert [each.field for each in engine.faults(f"/v1/widgets?a={wrong}")] == ["a"]


@pytest.mark.parametrize("schema", TRUTHS)
def test_the_document_of_a_user_reads_true_as_it_is_written(schema: str) -> None:
    engine = Engine.of(operation(LIST, f"[{{name: a, in: query, schema: {schema}}}]"))
    assert [each.field for each in engine.faults("/v1/widgets?a=TRUE")] == ["a"]


@every_case(
    ("rule", "key"),
    [
        ("{values: Red}", "values"),
        ("{values: [1]}", "values"),
        ("{values: [Red], aliases: {crimson: Scarlet}}", "aliases.crimson"),
        ("{aliases: {crimson: Red}}", "aliases.crimson"),
        ("{any_case: often}", "any_case"),
        ("{values: [Red], x-fidelity: sure}", "x-fidelity"),
    ],
)
def test_a_wrong_list_of_a_document_is_named(rule: str, key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ids(engine_of(rule), "")

    assert f"x-mock-sei.{key}" in str(caught.value)


BODY = """
paths:
  /v1/widgets:
    post:
      x-mock-sei: {collection: widgets, key: id}
      requestBody:
        content: {application/json: {schema: {$ref: "#/components/schemas/Widget"}}}
      responses: {"201": {description: made}}
components:
  schemas:
    Widget:
      type: object
      properties:
        size: {type: string, x-mock-sei: {values: [S, L]}}
        parts: {type: array, items: {$ref: "#/components/schemas/Part"}}
    Part:
      allOf: [{$ref: "#/components/schemas/Widget"}]
      properties: {colour: {type: string, x-mock-sei: {values: [Red], x-fidelity: assumed}}}
"""


def test_unknown_values_of_a_body_are_kept_and_noted() -> None:
    engine = Engine.of(BODY)
    body = {"id": 1, "size": "XL", "parts": [{"colour": "Red"}, {"colour": "Blue", "size": "S"}]}

    answer = engine.call(method="POST", body=json.dumps(body), headers=JSON)

    assert answer.body == body
    assert engine.findings.notes == [
        "size has a value that is not known here. Known values: S, L",
        "parts.colour has a value that is not known here. Known values: Red",
    ]


@every_case(
    ("rule", "key"),
    [("7", ""), ("{values: S}", ".values"), ("{values: [[]]}", ".values"), ("{size: S}", ".size")],
)
def test_a_wrong_list_of_a_schema_is_named(rule: str, key: str) -> None:
    text = BODY.replace("{values: [S, L]}", rule)

    with pytest.raises(ConfigurationError) as caught:
        Engine.of(text).call(method="POST", body="{}", headers=JSON)

    assert f"components.schemas.Widget.properties.size.x-mock-sei{key}" in str(caught.value)
