"""An engine contains the nearest schemas. Other engines are made when a value needs more
schemas."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis import references
from mock_sei.apis.patterns import Budget
from mock_sei.apis.references import Document
from mock_sei.apis.schemas import Checker
from tests.growth import assert_flat

CASES: dict[str, tuple[Any, list[tuple[Any, bool]]]] = {
    "a member by reference": (
        {"properties": {"a": {"$ref": "#/components/schemas/Tree"}}},
        [({"a": {"size": 1}}, True), ({"a": {"size": "x"}}, False), ({"a": 1}, False)],
    ),
    "a schema within itself": (
        {"$ref": "#/components/schemas/Tree"},
        [
            ({"below": [{"below": [{"size": 1}]}]}, True),
            ({"below": [{"below": [{"size": "x"}]}]}, False),
        ],
    ),
    "what stands beside the reference of a member": (
        {"properties": {"a": {"$ref": "#/components/schemas/Tree", "required": ["size"]}}},
        [({"a": {"size": 1}}, True), ({"a": {}}, False)],
    ),
    "the same value, by allOf, knows the members of the reference": (
        {
            "allOf": [{"$ref": "#/components/schemas/Open"}],
            "properties": {"b": {"type": "array", "items": {"minimum": 1}}},
            "unevaluatedProperties": False,
        },
        [({"size": 1, "b": [1]}, True), ({"c": 1}, False), ({"size": 1, "b": [0]}, False)],
    ),
    "an alternative of a member": (
        {"items": {"oneOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "integer"}]}},
        [([1, {"size": 1}], True), ([{"size": "x"}], False)],
    ),
    "names, further members and items": (
        {
            "propertyNames": {"maxLength": 2},
            "additionalProperties": {"prefixItems": [{"const": 1}], "contains": {"const": 2}},
        },
        [({"a": [1, 2]}, True), ({"a": [2, 2]}, False), ({"abc": [1, 2]}, False)],
    ),
    "members by a pattern": (
        {"patternProperties": {"^x": {"$ref": "#/components/schemas/Tree"}, "^(?=y)(y)\\1": False}},
        [({"x": {"size": 1}}, True), ({"x": 1}, False), ({"yy": 1}, False), ({"y": 1}, True)],
    ),
}

TREE = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 0},
        "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"size": {"type": "integer"}}}


def make_document(**components: Any) -> Document:
    content = {"components": {"schemas": {"Tree": TREE, "Open": OPEN, **components}}}
    return Document(source=Path("a.yaml"), content=content)


@pytest.mark.parametrize("most", [0, 2, 400])
@pytest.mark.parametrize("case", CASES)
def test_a_value_fits_or_not_however_many_schemas_an_engine_has(
    case: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "MOST_AT_ONCE", most)
    schema, values = CASES[case]
    checker = make_document().checker(schema)

    assert [checker.is_valid(value) for value, _ in values] == [fits for _, fits in values]


@pytest.mark.long
def test_the_budget_of_a_call_reaches_the_patterns_of_every_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(references, "MOST_AT_ONCE", 0)
    slow = {"pattern": "^(a|aa)+(?<!x)$"}
    checker = make_document(S=slow).checker(
        {"properties": {"a": {"$ref": "#/components/schemas/S"}}}
    )
    budget = Budget()

    assert not checker.is_valid({"a": "a" * 60 + "b"}, budget)
    assert len(budget.problems) == 1


@pytest.mark.slow
def test_the_first_check_of_a_schema_costs_the_same_in_a_document_where_each_leads_to_all() -> None:
    def make(size: int) -> Any:
        named = {
            f"S{each}": {
                "type": "object",
                "properties": {
                    "one": {"$ref": f"#/components/schemas/S{(each * 7 + 1) % size}"},
                    "other": {"$ref": f"#/components/schemas/S{(each * 3 + 2) % size}"},
                    "name": {"type": "string", "maxLength": 7},
                },
            }
            for each in range(size)
        }
        document = make_document(**named)
        schema = {"$ref": "#/components/schemas/S0"}
        return lambda: Checker(schema, document, threading.local()).is_valid({"name": "a"})

    assert_flat(make, few=1_000, many=8_000)
