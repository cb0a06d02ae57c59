"""``example``: a user's records in the shape of the document's answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.engine import Engine
from tests.cases import every_case


def engine_of(schema: str, *records: dict[str, Any], media: str = "application/json") -> Engine:
    engine = Engine.brought(
        f"""
paths:
  /crates:
    get:
      parameters:
        - {{name: hue, in: query, schema: {{type: string}}}}
        - {{name: limit, in: query, schema: {{type: integer}}}}
      responses: {{"200": {{description: all, content: {{{media}: {{schema: {schema}}}}}}}}}
  /crates/{{crateId}}:
    parameters: [{{name: crateId, in: path, required: true, schema: {{type: string}}}}]
    get:
      responses:
        "200":
          description: one
          content: {{application/json: {{schema: {{$ref: "#/components/schemas/Crate"}}}}}}
components:
  schemas:
    Crate:
      type: object
      required: [code]
      properties: {{code: {{type: string}}, hue: {{type: string}}}}
    Crates: {{type: array, items: {{$ref: "#/components/schemas/Crate"}}}}
"""
    )
    engine.state.collections.add("/crates", list(records))
    return engine


CRATES = "{$ref: '#/components/schemas/Crates'}"
TEAL, RED = {"code": "G1", "hue": "teal"}, {"code": "G2", "hue": "red"}


@every_case(
    ("schema", "body"),
    [
        (CRATES, [TEAL, RED]),
        ("true", [TEAL, RED]),
        (
            f"{{required: [items], properties: {{items: {CRATES}, total: {{type: integer}}}}}}",
            {"items": [TEAL, RED], "total": 2},
        ),
        (
            f"{{properties: {{page: {{enum: [1]}}, data: {{properties: {{all: {CRATES}}}}}}}}}",
            {"page": 1, "data": {"all": [TEAL, RED]}},
        ),
        (
            (
                f"{{allOf: [{{properties: {{total_count: {{minimum: 0}}}}}},"
                f" {{properties: {{a: {CRATES}}}}}]}}"
            ),
            {"total_count": 2, "a": [TEAL, RED]},
        ),
    ],
)
def test_a_list_stands_in_the_one_list_of_its_schema(schema: str, body: object) -> None:
    engine = engine_of(schema, TEAL, RED)

    assert engine.call("/crates").body == body
    assert engine.findings.notes == []


PAGE = f"""{{properties: {{items: {CRATES}, total: {{type: integer}}, count: {{type: integer}},
 hasMore: {{type: boolean}}}}}}"""


@pytest.mark.parametrize(
    ("query", "total", "count", "more"),
    [("", 2, 2, False), ("limit=1", 2, 1, True), ("hue=red&limit=1", 1, 1, False)],
)
def test_a_wrapper_says_how_many_records_there_are_and_whether_more_follow(
    query: str, total: int, count: int, more: bool
) -> None:
    body = engine_of(PAGE, TEAL, RED).call(f"/crates?{query}").body

    assert (body["total"], body["count"], body["hasMore"]) == (total, count, more)
    assert len(body["items"]) == count


def test_a_parameter_picks_records_whose_list_has_its_value() -> None:
    lists = "{type: array, items: {properties: {hue: {type: array, items: {type: string}}}}}"
    engine = engine_of(lists, {"hue": ["teal", "red"]}, {"hue": ["grey"]}, {"hue": []})

    assert engine.call("/crates?hue=red").body == [{"hue": ["teal", "red"]}]


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ("{properties: {data: {$ref: '#/components/schemas/Crate'}}}", {"data": TEAL}),
        (
            (
                "{properties: {at: {enum: [1]}, a: {properties: {b: {allOf: "
                "[{$ref: '#/components/schemas/Crate'}]}}}}}"
            ),
            {"at": 1, "a": {"b": TEAL}},
        ),
        ("true", TEAL),
    ],
)
def test_one_record_stands_in_the_wrapper_of_its_schema(schema: str, body: object) -> None:
    key = "code" if schema != "true" else "crateId"
    record = TEAL | {"crateId": "G1"} if schema == "true" else TEAL
    engine = Engine.brought(f"""
paths:
  /crates/{{crateId}}:
    parameters: [{{name: crateId, in: path, required: true, schema: {{type: string}}}}]
    get: {{responses: {{"200": {{content: {{application/json: {{schema: {schema}}}}}}}}}}}
components: {{schemas: {{Crate: {{required: [code], properties: {{code: {{type: string}}}}}}}}}}
""")
    engine.state.collections.add("/crates", [record, {key: "G2"}])

    found = engine.call("/crates/G1").body

    assert found == (record if schema == "true" else body)
    assert engine.refusal("/crates/G3").kind.status == 404


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_call_that_changes_no_record_says_so(method: str) -> None:
    engine = Engine.brought(f"""
paths: {{/crates: {{{method.lower()}: {{responses: {{"200": {{description: done}}}}}}}}}}
""")
    engine.call("/crates", method=method)
    assert engine.findings.notes == []

    engine.state.collections.add("/crates", [TEAL])
    engine.call("/crates", method=method)

    [note] = engine.findings.notes
    assert note == (
        f"{method} /crates is answered as its document says, but changes no record of /crates: "
        "a test must change them itself"
    )


def test_a_head_of_its_own_is_answered_whatever_records_there_are() -> None:
    engine = Engine.brought("""
paths:
  /crates/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    head: {responses: {"200": {description: there}}}
""")
    engine.state.collections.add("/crates", [TEAL])

    found = engine.call("/crates/G1", method="HEAD")

    assert (found.status, found.content) == (200, b"")


def test_where_there_are_two_lists_the_records_come_bare_with_a_note() -> None:
    engine = engine_of(f"{{properties: {{a: {CRATES}, b: {CRATES}}}}}", TEAL)

    assert engine.call("/crates").body == [TEAL]
    assert engine.findings.notes[0].startswith(
        "the records of GET /crates are answered as a bare list"
    )


@every_case(
    ("query", "codes"),
    [("hue=teal", ["G1"]), ("limit=1", ["G1"]), ("hue=red&limit=5", ["G2"]), ("hue=x", [])],
)
def test_declared_parameters_pick_records(query: str, codes: list[str]) -> None:
    body = engine_of(f"{{properties: {{a: {CRATES}}}}}", TEAL, RED).call(f"/crates?{query}").body

    assert [each["code"] for each in body["a"]] == codes


@every_case("key", ["crateId", "crate_id", "id", "code"])
def test_a_record_is_found_by_the_member_that_the_path_means(key: str) -> None:
    record = {"code": "other", key: "K7"}
    engine = engine_of(CRATES, RED, record)

    assert engine.call("/crates/K7").body == record
    assert engine.refusal("/crates/K8").kind.status == 404


def test_records_that_do_not_fit_are_noted() -> None:
    engine = engine_of(CRATES, {"code": 5})

    assert engine.call("/crates").body == [{"code": 5}]
    [note] = engine.findings.notes
    assert note == (
        "the answer of GET /crates is from records that do not fit its schema: "
        "0.code: 5 is not of type 'string'"
    )


def test_records_are_written_in_the_media_type_of_the_answer() -> None:
    found = engine_of(CRATES, TEAL, media="text/csv").call("/crates")

    assert (found.content, found.media_type) == (b"code,hue\r\nG1,teal\r\n", "text/csv")
