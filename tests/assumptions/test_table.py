"""The table itself: every row has its texts, and the types of Python agree with it."""

from __future__ import annotations

import re
from typing import get_type_hints

from mock_sei.assumptions.kinds import Choice, Flag, Whole
from mock_sei.assumptions.table import DEFAULTS, GROUPS, ROWS, Assumptions
from mock_sei.testing.assumption_values import AssumptionValues

NAME = re.compile(r"refusal\.[a-z_]+\.[a-z]+|[a-z_]+\.[a-z_]+")
PROBE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def test_every_row_has_a_name_a_reason_and_what_it_changes() -> None:
    assert len(ROWS) > 150
    for name, row in ROWS.items():
        assert NAME.fullmatch(name), name
        assert row.reason, name
        assert row.changes, name
        assert row.kind.allowed, name


def test_a_row_has_a_probe_or_a_reason_why_none_shows_it() -> None:
    for name, row in ROWS.items():
        assert (row.seen_by is None) != (row.unseen is None), name
        assert row.seen_by is None or PROBE.fullmatch(row.seen_by), name


def test_the_groups_are_those_of_the_design() -> None:
    assert list(GROUPS) == [
        *("token", "code", "refresh_token", "session", "path", "paging", "request", "gateway"),
        "certificate",
    ]


def test_every_default_is_a_value_that_its_row_takes() -> None:
    for name, row in ROWS.items():
        assert row.kind.plain(row.kind.read(row.default)) == row.default, name


def test_nothing_changed_is_the_one_object_of_the_defaults() -> None:
    assert Assumptions.of({}) is DEFAULTS


def test_the_types_of_python_have_every_row() -> None:
    hints = get_type_hints(AssumptionValues)

    assert list(hints) == list(ROWS)
    for name, row in ROWS.items():
        if isinstance(row.kind, Flag):
            assert hints[name] is bool, name
        elif isinstance(row.kind, Whole):
            assert hints[name] is int, name
        elif isinstance(row.kind, Choice):
            assert hints[name].__args__ == row.kind.words, name
