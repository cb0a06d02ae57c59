"""``read`` and the members a record is shown with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.engine import Engine
from tests.cases import every_case

TEXT = """
paths:
  /v1/funds/{fund}/classes/{name}:
    get:
      x-mock-sei: {action: read, collection: classes, key: name, envelope: none}
      parameters:
        - {name: fund, in: path, schema: {type: integer}, x-mock-sei: {field: fund.id}}
        - {name: name, in: path, x-mock-sei: {field: name}}
  /v1/widgets/{id}:
    get:
      x-mock-sei:
        {action: read, collection: widgets, key: id, identifiers: [id], members: [id, a, b, extra]}
      parameters:
        - {name: id, in: path}
        - {name: section, in: query, x-mock-sei: {use: section}}
        - {name: more, in: query, x-mock-sei: {use: include, member: extra}}
  /v1/plain/{id}:
    get:
      x-mock-sei: {action: read, collection: widgets, key: id, envelope: data}
      parameters:
        - {name: id, in: path}
        - {name: section, in: query, schema: {type: array}, x-mock-sei: {use: section}}
"""
CLASSES = [
    {"fund": {"id": 1}, "name": "A", "n": 1},
    {"fund": {"id": 2}, "name": "A", "n": 2},
    {"fund": {"id": 2}, "name": "é/b c", "n": 3},
]
WIDGET = {"id": 5, "a": 1, "b": 2, "extra": [3], "secret": 4}


def read(target: str) -> Any:
    return Engine.of(TEXT, classes=CLASSES, widgets=[WIDGET]).call(target).body


@pytest.mark.parametrize(
    ("target", "number"), [("/v1/funds/1/classes/A", 1), ("/v1/funds/2/classes/A", 2)]
)
def test_every_parameter_of_the_path_must_fit(target: str, number: int) -> None:
    assert read(target)["n"] == number


@every_case(
    "target", ["/v1/funds/3/classes/A", "/v1/funds/1/classes/B", "/v1/widgets/6", "/v1/widgets/05"]
)
def test_a_record_that_is_not_there_is_404(target: str) -> None:
    refusal = Engine.of(TEXT, classes=CLASSES, widgets=[WIDGET]).refusal(target)

    assert refusal.kind.status == 404
    assert refusal.why.check == "record"


@every_case(
    ("query", "members"),
    [
        ("", ["id", "a", "b"]),
        ("section=a", ["id", "a"]),
        ("section=a,%20b", ["id", "a", "b"]),
        ("section=nothing", ["id"]),
        ("section=secret", ["id"]),
        ("section=", ["id", "a", "b"]),
        ("more=true", ["id", "a", "b", "extra"]),
        ("more=false", ["id", "a", "b"]),
        ("section=extra&more=true", ["id", "extra"]),
    ],
)
def test_sections_and_inclusions(query: str, members: list[str]) -> None:
    assert list(read(f"/v1/widgets/5?{query}")) == members


def test_without_members_all_are_shown_in_the_envelope() -> None:
    assert read("/v1/plain/5") == {"data": WIDGET}
    assert read("/v1/plain/5?section=a&section=b") == {"data": {"a": 1, "b": 2}}
