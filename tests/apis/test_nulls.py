"""Null members of a body: no value for the vendor's products; for users' documents the schema
decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mock_sei.errors import MalformedRequest
from tests.apis.engine import JSON, PATCH, Engine
from tests.growth import Action, assert_linear

SCHEMA = """
        type: object
        required: [name]
        properties:
          name: {type: string}
          size: {type: integer}
          place: {type: object, properties: {city: {type: string}, street: {type: string}}}
          parts: {type: array, items: {type: object, properties: {code: {type: string}}}}
"""
TEXT = f"""
paths:
  /v1/widgets:
    post:
      x-mock-sei: {{action: create, collection: widgets, key: id, defaults: {{size: 1}}}}
      requestBody:
        content: {{application/json: {{schema: {{$ref: "#/components/schemas/Widget"}}}}}}
      responses: {{"201": {{description: made}}}}
  /v1/widgets/{{id}}:
    parameters: [{{name: id, in: path, schema: {{type: string}}}}]
    put: &write
      x-mock-sei:
        {{action: change, collection: widgets, key: id, fixed: [firm], schema: Widget,
          content_types: [application/merge-patch+json]}}
      requestBody:
        content:
          application/json: {{schema: {{type: object, properties: {{size: {{type: integer}}}}}}}}
          application/json-patch+json: {{schema: {{type: array}}}}
      responses: {{"200": {{description: written}}}}
    patch: *write
components:
  schemas:
    Widget: {SCHEMA}
"""
RECORD = {
    "id": "W-1",
    "firm": "F",
    "name": "x",
    "size": 3,
    "place": {"city": "A", "street": "B"},
    "parts": [{"code": "c"}],
}


def vendor() -> Engine:
    return Engine.vendor(TEXT, widgets=[RECORD])


def write(engine: Engine, method: str, body: Any) -> Mapping[str, Any]:
    answer = engine.call("/v1/widgets/W-1", method=method, body=json.dumps(body), headers=JSON)
    found: Mapping[str, Any] = answer.body
    assert engine.state.collections.find("widgets", "id", "W-1") == found
    return found


def test_null_in_a_new_record_is_not_sent() -> None:
    engine = vendor()
    body = {"id": "W-2", "name": "y", "size": None, "own": None, "place": {"city": None}}
    made = engine.post(json.dumps({**body, "parts": [{"code": None}, {"code": "d"}]})).body
    assert made == {
        "id": "W-2",
        "name": "y",
        "size": 1,
        "place": {},
        "parts": [{}, {"code": "d"}],
    }
    assert engine.findings.notes == ["4 members of the body are null and count as not sent: size"]


def test_a_required_member_that_is_null_is_missing() -> None:
    (fault,) = vendor().faults(method="POST", body='{"name": null}', headers=JSON)
    assert fault.field == "name"
    assert "missing" in fault.reason


def test_a_put_leaves_out_what_is_null() -> None:
    written = write(vendor(), "PUT", {"name": "y", "size": None})
    assert written == {"id": "W-1", "firm": "F", "name": "y"}


@pytest.mark.parametrize(
    ("body", "gone"),
    [
        ({"size": None}, {"size"}),
        ({"size": None, "place": None}, {"size", "place"}),
        ({"nobody": None}, set()),
    ],
)
def test_a_patch_takes_away_what_is_null(body: dict[str, Any], gone: set[str]) -> None:
    engine = vendor()
    assert write(engine, "PATCH", body) == {k: v for k, v in RECORD.items() if k not in gone}
    assert len(engine.findings.notes) == 1
    assert "are removed" in engine.findings.notes[0]


def test_a_patch_takes_away_what_is_null_in_an_inner_object() -> None:
    changed = write(vendor(), "PATCH", {"place": {"city": None}, "other": {"a": None, "b": 1}})
    assert changed == {**RECORD, "place": {"street": "B"}, "other": {"b": 1}}


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        ({"name": None}, "name", "missing"),
        ({"firm": None}, "firm", "cannot be changed"),
    ],
)
def test_a_patch_takes_away_nothing_that_must_be_there(
    body: dict[str, Any], field: str, told: str
) -> None:
    engine = vendor()
    (fault,) = engine.faults("/v1/widgets/W-1", method="PATCH", body=json.dumps(body), headers=JSON)
    assert fault.field == field
    assert told in fault.reason
    assert engine.state.collections.find("widgets", "id", "W-1") == RECORD


def test_a_key_that_is_null_leaves_the_one_of_the_path() -> None:
    assert write(vendor(), "PATCH", {"id": None}) == RECORD


def test_in_a_json_patch_null_is_a_value() -> None:
    body = json.dumps([{"op": "add", "path": "/size", "value": None}])
    faults = vendor().faults("/v1/widgets/W-1", method="PATCH", body=body, headers=PATCH)
    assert [each.field for each in faults] == ["size"]


@pytest.mark.parametrize("body", ["null", "[null]"])
def test_a_body_that_is_no_object_stays_none(body: str) -> None:
    with pytest.raises(MalformedRequest):
        vendor().post(body)


def test_a_member_that_comes_twice_is_refused_though_it_is_null() -> None:
    (fault,) = vendor().faults(
        method="POST", body='{"name": "y", "size": null, "size": null}', headers=JSON
    )
    assert "twice" in fault.reason


def test_the_document_of_a_user_is_kept_to_the_letter() -> None:
    engine = Engine.of(TEXT, widgets=[RECORD])
    (fault,) = engine.faults(method="POST", body='{"name": "y", "size": null}', headers=JSON)
    assert fault.field == "size"
    (fault,) = engine.faults("/v1/widgets/W-1", method="PATCH", body='{"size": null}', headers=JSON)
    assert fault.field == "size"


@pytest.mark.slow
def test_a_body_of_nulls_is_read_in_linear_time() -> None:
    def make(size: int) -> Action:
        body = json.dumps({"name": "y", **dict.fromkeys(map(str, range(size)))})
        engine = vendor()
        return lambda: engine.post(body)

    assert_linear(make, 2_000)
