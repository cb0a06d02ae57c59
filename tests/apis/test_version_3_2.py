"""New features of OpenAPI 3.2: they are read, or reported when the document is read."""

# ruff: noqa: E501  # documents in YAML
from __future__ import annotations

import pytest

from mock_sei.apis.documents import Catalogue
from tests.apis.engine import JSON, Engine, document
from tests.apis.test_structure import OK, answering, names
from tests.cases import every_case

FORM = "application/x-www-form-urlencoded: {schema: {type: object, required: [a], properties: {a: {type: integer}, b: {type: array, items: {type: boolean}}}, additionalProperties: false}}"
AS_JSON = (
    "application/json: {schema: {type: object, required: [a], properties: {a: {type: integer}}}}"
)


def engine(text: str) -> Engine:
    return Engine.brought(text, version="3.2.0")


def asking(content: str, more: str = "") -> Engine:
    parameter = f"{{in: querystring, name: q, {more} content: {{{content}}}}}"
    return engine(f"paths: {{/v1/widgets: {{get: {{parameters: [{parameter}], {OK}}}}}}}")


@pytest.mark.parametrize("query", ["a=1", "b=true&a=1&b=false", ""])
def test_a_whole_query_is_the_form_that_its_schema_describes(query: str) -> None:
    found = asking(FORM)

    assert found.call(f"/v1/widgets?{query}").status == 200
    assert found.findings.notes == []


@every_case(
    ("query", "reason"),
    [
        ("a=x", "a: must be a whole number, not 'x'"),
        ("b=true", "a: required and missing"),
        ("a=1&c=2", "Additional properties are not allowed: 'c'"),
        ("a=1&b=maybe", "b: must be true or false"),
    ],
)
def test_a_whole_query_that_does_not_fit_is_refused(query: str, reason: str) -> None:
    (fault,) = asking(FORM).faults(f"/v1/widgets?{query}")

    assert (fault.field, fault.location) == ("q", "querystring")
    assert reason in fault.reason


def test_a_whole_query_may_be_json() -> None:
    found = asking(AS_JSON)

    assert found.call("/v1/widgets?%7B%22a%22%3A%201%7D").status == 200
    assert [each.reason for each in found.faults("/v1/widgets?%7B%7D")] == [
        "a: required and missing"
    ]
    assert "must be JSON" in found.faults("/v1/widgets?a=1")[0].reason


def test_a_whole_query_is_asked_for_where_it_is_required() -> None:
    (fault,) = asking(FORM, "required: true,").faults()

    assert (fault.field, fault.reason) == ("q", "required and missing")


def test_a_whole_query_of_another_media_type_is_reported() -> None:
    found = asking("text/xml: {schema: {type: object}}")

    assert (
        "parameter q: its value is text/xml, which is not checked" in found.catalogue.unchecked[0]
    )
    assert found.call("/v1/widgets?<a/>").status == 200


def test_items_of_a_sequence_are_made_one_by_one() -> None:
    item = "itemSchema: {type: object, required: [a], properties: {a: {type: integer}}}"
    found = engine(
        f"paths: {{/x: {{get: {{responses: {{'200': {{content: {{application/jsonl: {{{item}}}}}}}}}}}, post: {{requestBody: {{content: {{application/json: {{{item}}}}}}}, {OK}}}, put: {{requestBody: {{content: {{application/jsonl: {{{item}}}}}}}, {OK}}}}}}}"
    )

    assert found.call("/x").content == b'{"a": 0}\n'
    assert [
        each.field for each in found.faults("/x", method="POST", body="[{}]", headers=JSON)
    ] == ["0.a"]
    assert "PUT /x: requestBody.content[application/jsonl]" in found.catalogue.unchecked[0]


def test_a_sequence_may_have_a_schema_of_its_own_beside_that_of_its_items() -> None:
    content = "application/json: {schema: {maxItems: 1}, itemSchema: {type: integer}}"
    found = engine(f"paths: {{/x: {{post: {{requestBody: {{content: {{{content}}}}}, {OK}}}}}}}")

    assert found.call("/x", method="POST", body="[1]", headers=JSON).status == 200
    for body in ("[1, 2]", "[null]"):
        assert found.faults("/x", method="POST", body=body, headers=JSON)


def test_media_types_may_stand_among_the_components() -> None:
    found = engine(
        "paths: {/x: {get: {responses: {'200': {content: {application/json: {$ref: '#/components/mediaTypes/M'}}}}}}}\n"
        "components: {mediaTypes: {M: {schema: {type: integer}}}}"
    )

    assert found.call("/x").body == 0


@every_case(
    "reference",
    [
        "https://api.invalid/v1/own.yaml#/components/schemas/A",
        "own.yaml#/components/schemas/A",
        "#a",
        "own.yaml#a",
    ],
)
def test_a_document_may_call_itself_by_its_own_address(reference: str) -> None:
    schema = f"{{$ref: '{reference}'}}"
    found = engine(
        f"$self: https://api.invalid/v1/own.yaml\npaths: {{/x: {{get: {{{answering(schema)}}}}}}}\n"
        "components: {schemas: {A: {$anchor: a, type: integer}}}"
    )

    assert found.call("/x").body == 0


def test_methods_of_3_2_are_called() -> None:
    body = "requestBody: {content: {application/json: {schema: {type: integer}}}}"
    found = engine(
        f"paths: {{/x: {{query: {{{body}, {OK}}}, additionalOperations: {{COPY: {{{body}, {OK}}}, Copy: {{{OK}}}, x-more: 5}}}}}}\n"
        "tags: [{name: a, summary: b, parent: c, kind: nav}]"
    )

    assert names(found.catalogue) == ["QUERY /x", "COPY /x", "Copy /x"]
    for method in ("QUERY", "COPY"):
        assert found.call("/x", method=method, body="1", headers=JSON).status == 200
        assert found.faults("/x", method=method, body="a", headers=JSON)


def test_a_default_of_a_discriminator_goes_for_what_is_not_known() -> None:
    schema = "{oneOf: [{$ref: '#/components/schemas/Cat'}], discriminator: {propertyName: kind, defaultMapping: Other}}"
    found = engine(
        f"""
paths: {{/v1/widgets: {{post: {{requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}, {OK}}}}}}}
components:
  schemas:
    Cat: {{type: object, required: [lives], properties: {{lives: {{type: integer}}}}}}
    Other: {{type: object, required: [legs], properties: {{legs: {{type: integer}}}}}}
"""
    )

    assert found.post('{"kind": "cow", "legs": 4}').status == 200
    assert found.post('{"kind": "Cat", "lives": 9}').status == 200
    for body in ('{"kind": "cow"}', '{"lives": 9}'):
        (fault,) = found.faults(method="POST", body=body, headers=JSON)
        assert (fault.field, fault.reason) == ("legs", "required and missing")
    assert found.faults(method="POST", body="[]", headers=JSON)


def test_a_later_version_is_left_out() -> None:
    catalogue = Catalogue((), [document("paths: {}", version="3.3.0")])

    assert "3.0, 3.1, 3.2 are supported" in catalogue.problems[0]
