"""The shape of a JSON body: no values, one shape for all items, and readable again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.shapes import DEEPEST, read_shape, shape_of
from tests.cases import every_case

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def test_items_of_an_array_have_one_shape() -> None:
    shape = shape_of([{"id": "ab", "n": 1}, {"id": "abcd", "n": 1.5, "x": None}])

    assert shape.to_json() == {
        "types": ["array"],
        "length": [2, 2],
        "items": {
            "types": ["object"],
            "members": {
                "id": {"types": ["string"], "length": [2, 4]},
                "n": {"types": ["integer", "number"]},
                "x": {"types": ["null"]},
            },
            "optional": ["x"],
        },
    }


def test_values_are_kept_only_where_the_document_names_few() -> None:
    few = {"/items/*/status": frozenset({"OPEN", "CLOSED"})}
    many = {"/items/*/status": frozenset(map(str, range(13)))}
    value = {"items": [{"status": "OPEN"}, {"status": "5"}]}

    def kept(enumerations: dict[str, frozenset[str]]) -> frozenset[str]:
        items = shape_of(value, enumerations).members["items"].items
        assert items is not None
        return items.members["status"].values

    assert [sorted(kept(each)) for each in (few, many, {})] == [["OPEN"], [], []]


@every_case("name", ["alice@example.com", "4711", "Alice Smith", "x" * 65, ""])
def test_a_member_s_name_that_may_be_data_is_not_shown(name: str) -> None:
    assert shape_of({name: 1}).members.keys() == {"*"}


@given(value=JSON_VALUES)
def test_a_shape_is_read_as_it_was_written(value: Any) -> None:
    shape = shape_of(value)

    assert read_shape(json.loads(json.dumps(shape.to_json())), source="x", place="") == shape


def test_a_deep_value_has_a_shape_that_can_be_read() -> None:
    value: Any = 1
    for _ in range(DEEPEST * 3):
        value = {"a": [value]}
    shape = shape_of(value)

    assert read_shape(shape.to_json(), source="x", place="") == shape


@every_case(
    ("value", "said"),
    [
        (1, "x: p = 1: a shape is an object"),
        ({"types": ["text"]}, "x: p.types = ['text']"),
        ({"types": 1}, "x: p.types = 1: not a list of texts"),
        ({"members": []}, "x: p.members = []"),
        ({"members": {"a": 1}}, "x: p.members.a = 1"),
        ({"length": [1]}, "x: p.length = [1]"),
        ({"length": [True, 2]}, "x: p.length"),
        ({"items": 2}, "x: p.items = 2"),
    ],
)
def test_a_wrong_shape_is_named(value: object, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_shape(value, source="x", place="p")
    assert said in str(caught.value)
