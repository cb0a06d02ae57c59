"""PUT replaces a record and PATCH merges into it: which old members are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.apis.engine import JSON, Engine
from tests.cases import every_case

TEXT = """
paths:
  /v1/widgets/{id}:
    parameters: [{name: id, in: path, schema: {type: integer}}]
    put: &write
      x-mock-sei:
        action: change
        collection: widgets
        key: id
        fixed: [firm]
        defaults: {active: true}
        fields: {changed: $now}
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"201": {description: written}}
    patch: *write
"""
RECORD = {"id": 7, "firm": "F", "name": "x", "place": {"city": "A", "street": "B"}, "parts": [1]}
CHANGED = {"changed": "2026-03-31T12:00:00.000"}


def write(method: str, body: Any) -> dict[str, Any]:
    engine = Engine.of(TEXT, widgets=[RECORD])
    answer = engine.call("/v1/widgets/7", method=method, body=json.dumps(body), headers=JSON)
    assert answer.status == 201
    assert engine.state.collections.find("widgets", "id", 7) == answer.body
    found: dict[str, Any] = answer.body
    return found


@every_case("body", [{}, {"name": "y"}, {"place": {"city": "C"}}, {"active": False, "own": [1]}])
def test_a_put_keeps_nothing_but_the_key_and_what_is_fixed(body: dict[str, Any]) -> None:
    assert write("PUT", body) == {"id": 7, "firm": "F", "active": True, **body, **CHANGED}


@every_case(
    ("body", "expected"),
    [
        ({}, {}),
        ({"name": "y"}, {"name": "y"}),
        ({"place": {"city": "C"}}, {"place": {"city": "C", "street": "B"}}),
        ({"place": "C"}, {"place": "C"}),
        ({"parts": []}, {"parts": []}),
    ],
)
def test_a_patch_keeps_what_its_body_leaves_out(
    body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert write("PATCH", body) == {**RECORD, **expected, **CHANGED}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_key_of_the_path_wins_over_the_one_of_the_body(method: str) -> None:
    assert write(method, {"id": 8})["id"] == 7
