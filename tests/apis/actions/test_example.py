"""``example``: operations of users' documents answer from records, examples or schemas."""

from __future__ import annotations

import json

import pytest

from tests.apis.engine import JSON, Engine

TEXT = """
servers: [{url: "https://pets.example.com/v2"}]
paths:
  /pet:
    get: {responses: {"200": {content: {application/json: {schema: {type: array}}}}}}
    post:
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/Pet"}}
          image/*: {}
      responses:
        "201":
          content:
            text/xml: {example: "<pet/>"}
            application/json: {schema: {$ref: "#/components/schemas/Pet"}}
        "400": {description: wrong}
  /pet/{petId}:
    parameters: [{name: petId, in: path, required: true, schema: {type: integer}}]
    get:
      responses:
        default:
          content:
            application/vnd.pet+json: {examples: {rex: {$ref: "#/components/examples/Rex"}}}
    delete: {responses: {"204": {description: gone, content: {application/json: {example: 1}}}}}
    put:
      responses:
        "200": {content: {text/plain: {schema: {type: object, properties: {a: {}}}}}}
    patch: {responses: {"302": {description: elsewhere}}}
  /any: {get: {responses: {"200": {content: {"*/*": {schema: {type: integer, minimum: 3}}}}}}}
components:
  examples: {Rex: {value: {name: Rex}}}
  schemas:
    Pet:
      type: object
      required: [name]
      properties: {name: {type: string, nullable: true}, id: {type: integer, minimum: 1}}
"""


def engine_of() -> Engine:
    return Engine.brought(TEXT, version="3.0.3")


@pytest.mark.long
def test_a_schema_is_answered_with_a_value_that_fits() -> None:
    assert engine_of().call("/v2/pet").body == [{}]
    assert engine_of().call("/v2/any").body == 3
    assert engine_of().call("/v2/any").media_type == "application/json"


def test_an_example_comes_before_the_schema() -> None:
    answer = engine_of().call("/v2/pet/5")

    assert (answer.body, answer.media_type) == ({"name": "Rex"}, "application/vnd.pet+json")


def test_records_come_before_the_examples() -> None:
    engine = engine_of()
    engine.state.collections.add("/v2/pet", [{"id": 7, "name": "Max"}, {"petId": 8}])

    assert engine.call("/v2/pet").body == [{"id": 7, "name": "Max"}, {"petId": 8}]
    assert engine.call("/v2/pet/7").body == {"id": 7, "name": "Max"}
    assert engine.call("/v2/pet/8").body == {"petId": 8}
    assert engine.refusal("/v2/pet/9").kind.status == 404
    assert engine.catalogue.collections >= {"/v2/pet"}


def test_json_is_given_unless_something_else_is_asked_for() -> None:
    engine = engine_of()

    answer = engine.post('{"name": null}', "/v2/pet")
    other = engine.post('{"name": "x"}', "/v2/pet", headers={**JSON, "accept": "text/xml"})

    assert (answer.status, answer.body) == (201, {"name": "text", "id": 1})
    assert (other.content, other.media_type) == (b"<pet/>", "text/xml")


def test_a_body_is_checked_and_not_kept() -> None:
    engine = engine_of()

    faults = engine.faults("/v2/pet", method="POST", body='{"id": 0}', headers=JSON)
    missing = engine.faults("/v2/pet", method="POST", headers=JSON)
    image = engine.post(b"\x89PNG", "/v2/pet", headers={"content-type": "image/png"})
    other = engine.faults("/v2/pet", method="POST", body="x", headers={"content-type": "text/csv"})

    assert [each.field for each in faults] == ["id", "name"]
    assert missing[0].reason == "required and missing"
    assert image.status == 201
    assert other[0].reason.startswith("must be application/json or image/*, not ")
    assert engine.state.collections.names == []


@pytest.mark.parametrize(
    ("method", "status", "content"),
    [("DELETE", 204, b""), ("PATCH", 302, b""), ("PUT", 200, json.dumps({"a": {}}).encode())],
)
def test_other_answers(method: str, status: int, content: bytes) -> None:
    answer = engine_of().call("/v2/pet/5", method=method)

    assert (answer.status, answer.content) == (status, content)


def test_a_wrong_path_value_is_refused() -> None:
    assert engine_of().faults("/v2/pet/x")[0][:2] == ("petId", "path")


@pytest.mark.parametrize(
    "responses", ["{'2xx': {CONTENT}}", "{'2XX': {CONTENT}}", "{default: {CONTENT}}"]
)
def test_a_range_of_statuses_answers_200_with_its_content(responses: str) -> None:
    content = "content: {application/json: {schema: {const: 5}}}"
    text = f"paths: {{/v1/x: {{get: {{responses: {responses.replace('CONTENT', content)}}}}}}}"
    answer = Engine.brought(text).call("/v1/x")

    assert (answer.status, answer.body) == (200, 5)


def test_an_operation_that_declares_errors_only_answers_nothing_with_a_note() -> None:
    engine = Engine.brought("paths: {/v1/x: {get: {responses: {'404': {description: none}}}}}")

    answer = engine.call("/v1/x")

    assert (answer.status, answer.content) == (200, b"")
    assert engine.findings.notes == [
        "GET /v1/x declares only errors, so its answer is empty, with the status 200"
    ]


def test_what_is_remembered_of_a_document_does_not_grow_with_calls() -> None:
    text = """
paths:
  /v1/x:
    get: {responses: {"200": {headers: {X-A: {description: any}, X-B: {content: {}}}}}}
    post: {responses: {"201": {content: {application/json: {}}}}}
"""
    engine = Engine.brought(text)
    engine.state.collections.add("/v1/x", [{"id": 1}])
    found = engine.catalogue.operations[0].document
    sizes = []

    for _ in range(5):
        engine.call("/v1/x")
        engine.post("", "/v1/x")
        sizes.append([len(vars(found)[each]) for each in ("_derived", "_checkers")])

    assert sizes[0] == sizes[-1]
