"""The time to make an answer: at most 50 ms of CPU (``make bench``) for every schema.

These tests check only that the time has a limit: it does not grow with the size of the schema.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample
from tests.apis.engine import Engine
from tests.cases import every_case
from tests.growth import assert_flat, assert_linear

TESTS_THE_BOUND = True

Components = dict[str, Any]
Make = Callable[[int], tuple[Any, Components]]

TO = "#/components/schemas/"


def graph(size: int, schema: Callable[[int, Callable[[int], Any]], Any]) -> tuple[Any, Components]:
    """Many schemas. Each of them leads to others."""

    def to(number: int) -> Any:
        return {"$ref": f"{TO}S{number % size}"}

    return to(0), {f"S{each}": schema(each, to) for each in range(size)}


def members(size: int) -> dict[str, Any]:
    return {f"m{each}": {"type": "string", "minLength": each % 9} for each in range(size)}


BOUNDED: dict[str, Make] = {
    "a list without enough different items": lambda size: (
        {
            "minItems": 2 * size,
            "uniqueItems": True,
            "items": {"type": "integer", "minimum": 1, "maximum": size},
        },
        {},
    ),
    "names that no pattern gives": lambda size: (
        {
            "minProperties": size,
            "patternProperties": {"^[a-z]$": {"type": "integer"}},
            "additionalProperties": False,
        },
        {},
    ),
    "every schema leads to twenty others": lambda size: graph(
        size,
        lambda number, to: {
            "properties": {f"m{each}": to(number * 7 + each * 13 + 1) for each in range(20)}
        },
    ),
    "alternatives within alternatives": lambda size: graph(
        size,
        lambda number, to: {
            "oneOf": [
                {"required": [f"m{each}"], "properties": {f"m{each}": to(number * 3 + each + 1)}}
                for each in range(8)
            ]
        },
    ),
    "nothing fits any alternative": lambda size: graph(
        size,
        lambda number, to: {
            "oneOf": [
                {
                    "required": [f"m{each}", "never"],
                    "properties": {f"m{each}": to(number * 3 + each + 1), "never": False},
                }
                for each in range(8)
            ]
        },
    ),
    "required within required": lambda size: graph(
        size,
        lambda number, to: {
            "required": ["a", "b", "c"],
            "properties": {each: to(number + 1) for each in "abc"},
        },
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BOUNDED)
def test_a_made_value_costs_no_more_however_much_there_is(case: str) -> None:
    def make(size: int) -> Callable[[], object]:
        schema, components = BOUNDED[case](size)
        content = {"components": {"schemas": components}}
        return lambda: sample(schema, Document(source=Path("a.yaml"), content=content))

    assert_flat(make, few=2_000, many=12_000)


LINEAR: dict[str, Make] = {
    "members": lambda size: ({"properties": members(size)}, {}),
    "required members": lambda size: (
        {"required": list(members(size)), "properties": members(size)},
        {},
    ),
    "parts of an allOf": lambda size: (
        {
            "allOf": [
                {"properties": {name: each}, "required": [name]}
                for name, each in members(size).items()
            ]
        },
        {},
    ),
    "patterns that backtrack": lambda size: (
        {
            "required": [f"m{each}" for each in range(size)],
            "properties": {
                f"m{each}": {"pattern": f"^(?=.*{each})(a|aa|[0-9])+(?<!a)x$"}
                for each in range(size)
            },
        },
        {},
    ),
    "values of two lists": lambda size: (
        {
            "allOf": [
                {"enum": [{"a": each} for each in range(size)]},
                {"enum": [{"a": each} for each in range(size - 1, 2 * size)]},
            ]
        },
        {},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", LINEAR)
def test_a_made_value_costs_what_its_schema_is_long(case: str) -> None:
    def make(size: int) -> Callable[[], object]:
        schema, _ = LINEAR[case](size)
        return lambda: sample(schema, Document(source=Path("a.yaml"), content={}))

    assert_linear(make, size=1_000)


def test_the_one_value_of_two_lists_is_found() -> None:
    schema, _ = LINEAR["values of two lists"](50)

    assert sample(schema, Document(source=Path("a.yaml"), content={})).value == {"a": 49}


def test_a_long_list_of_equal_items_is_made_whole() -> None:
    found = sample(
        {"minItems": 20_000, "items": {"type": "integer"}},
        Document(source=Path("a.yaml"), content={}),
    )

    assert found.value == [0] * 20_000
    assert found.problems == ()


@every_case("bound", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])
def test_a_bound_of_many_digits_is_met(bound: str) -> None:
    digits = -(10**4000) if bound.lower().endswith("maximum") else 10**4000
    found = sample({"type": "integer", bound: digits}, Document(source=Path("a.yaml"), content={}))

    assert found.problems == ()


def test_members_of_many_parts_are_all_heeded() -> None:
    parts = [{"properties": {"a": {"minimum": 5}}}, {"additionalProperties": {"type": "integer"}}]
    schema = {"allOf": [*parts, {"patternProperties": {"^a": {"maximum": 5}}}], "required": ["a"]}

    assert sample(schema, Document(source=Path("a.yaml"), content={})).value == {"a": 5}


@pytest.mark.slow
@pytest.mark.parametrize("media_type", ["application/json", "application/xml", "text/csv"])
def test_the_second_answer_of_an_operation_costs_the_same_however_large_it_is(
    media_type: str,
) -> None:
    def make(size: int) -> Callable[[], object]:
        engine = Engine.brought(
            "paths: {/a: {get: {responses: {'200': {description: ok, content: {"
            f"{media_type}: {{schema: {{type: array, minItems: {size}, items: "
            "{type: object, properties: {b: {type: integer}}}}}}}}}}}"
        )
        return lambda: engine.call("/a")

    assert_flat(make, few=10, many=3_000)
