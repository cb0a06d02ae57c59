"""Records by collection: values in members, numbers that go on, keys that are there once."""

from __future__ import annotations

from typing import Any

import pytest

from mock_sei.apis.collections import Collections, find_value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("a", 1),
        ("b.c", 2),
        ("b.c.d", None),
        ("x", None),
        ("x.y", None),
        ("list.kind", ["one", "two"]),
        ("list.none", []),
        ("texts.kind", []),
    ],
)
def test_a_dot_leads_into_members_and_through_lists(field: str, value: Any) -> None:
    record = {
        "a": 1,
        "b": {"c": 2},
        "list": [{"kind": "one"}, {"other": 1}, {"kind": "two"}],
        "texts": ["kind"],
    }

    assert find_value(record, field) == value


@pytest.mark.parametrize(
    ("values", "following"),
    [
        ([], 1),
        ([None, "no number", True, 1.5], 1),
        ([3, 10, 9], 11),
        ([0], 1),
        (["T-006", "T-009"], "T-010"),
        (["T-99"], "T-100"),
        (["2026-T1", "own"], "2026-T2"),
        (["A7", "B12"], "B13"),
        (["T-" + "9" * 40], f"T-{'9' * 25}1{'0' * 15}"),
    ],
)
def test_a_number_goes_on_from_the_greatest(values: list[Any], following: Any) -> None:
    collections = Collections({"things": [{"key": value} for value in values]})

    assert collections.next_value("things", "key") == following


def test_a_key_is_added_once() -> None:
    collections = Collections({})

    assert collections.add_new("things", "key", {"key": "a"})
    assert not collections.add_new("things", "key", {"key": "a"})
    assert collections.all("things") == ({"key": "a"},)
