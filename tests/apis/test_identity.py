"""A parameter is identified by its name and its place: two places with one name have two
parameters."""

from __future__ import annotations

import pytest

from tests.apis.engine import Engine

TWICE = """
paths:
  /x/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
      - {name: id, in: query, schema: {type: string, enum: [a, b]}}
      - {name: ID, in: header, schema: {type: boolean}}
      - {name: limit, in: header, schema: {type: string}}
    get:
      responses: {"200": {description: all, content: {application/json: {example: 1}}}}
"""


def test_one_name_in_several_places_is_several_parameters() -> None:
    engine = Engine.brought(TWICE)

    assert engine.call("/x/5?id=a", headers={"id": "true"}).body == 1
    assert engine.findings.notes == []


@pytest.mark.parametrize(
    ("target", "headers", "place"),
    [
        ("/x/five", {}, "path"),
        ("/x/5?id=5", {}, "query"),
        ("/x/5", {"id": "5"}, "header"),
    ],
)
def test_each_of_one_name_is_checked_by_its_own_schema(
    target: str, headers: dict[str, str], place: str
) -> None:
    ((_, location, _),) = Engine.brought(TWICE).faults(target, headers=headers)

    assert location == place


def test_a_wrong_one_does_not_hide_that_one_of_its_name_is_missing() -> None:
    text = TWICE.replace("in: query, ", "in: query, required: true, ")

    faults = Engine.brought(text).faults("/x/five")
    assert [(each.field, each.location) for each in faults] == [("id", "path"), ("id", "query")]


def test_a_header_of_the_operation_replaces_that_of_its_path_in_any_case() -> None:
    text = """
paths:
  /x:
    parameters: [{name: X-Id, in: header, required: true, schema: {type: integer}}]
    get:
      parameters: [{name: x-id, in: header, schema: {type: string}}]
      responses: {"200": {description: all, content: {application/json: {example: 1}}}}
"""
    engine = Engine.brought(text)

    assert engine.call("/x").body == 1
    assert engine.call("/x", headers={"x-id": "a"}).body == 1


def test_a_record_is_found_by_the_path_whatever_the_query_calls_so() -> None:
    text = """
paths:
  /v1/widgets/{id}:
    get:
      x-mock-sei: {action: read, collection: widgets, key: id}
      parameters: [{name: id, in: path, required: true}, {name: id, in: query}]
      responses: {"200": {description: one}}
"""
    engine = Engine.of(text, widgets=[{"id": "a"}, {"id": "b"}])

    assert engine.call("/v1/widgets/a?id=b").body == {"id": "a"}


def test_a_cookie_and_a_query_parameter_of_one_name_are_two() -> None:
    text = """
paths:
  /x:
    get:
      parameters:
        - {name: id, in: cookie, required: true, schema: {type: integer}}
        - {name: id, in: query, schema: {type: string, enum: [a]}}
      responses: {"200": {description: all, content: {application/json: {example: 1}}}}
"""
    engine = Engine.brought(text)

    assert engine.call("/x?id=a", headers={"cookie": "id=5"}).body == 1
    assert [each.location for each in engine.faults("/x?id=b", headers={"cookie": "id=x"})] == [
        "query",
        "cookie",
    ]
