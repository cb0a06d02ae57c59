"""Tables with records of the fixtures or settings, and what the store says of them."""

from __future__ import annotations

from mock_sei.platform import Platform
from mock_sei.rules.stored import Stored, Table
from tests.operations import advance_clock, arm_fault


def test_the_store_s_records_come_after_the_seeds_and_over_them() -> None:
    stored = Stored([("things", "b", None), ("things", "c", "30"), ("things", "d", "4")])
    seen: list[tuple[str, int | None, int | None]] = []

    table: Table[int] = Table(
        stored,
        "things",
        changed=lambda *change: seen.append(change),
        seeds={"a": 1, "b": 2, "c": 3},
    )

    assert dict(table.items()) == {"a": 1, "c": 30, "d": 4}
    assert seen[3:] == [("b", 2, None), ("c", 3, 30), ("d", None, 4)]
    assert table.is_seeded


def test_seeds_are_no_changes() -> None:
    stored = Stored(is_shared=True)

    Table(stored, "things", seeds={"a": 1})

    assert stored.begun == {}


def test_a_server_with_a_state_of_its_own_collects_no_changes(platform: Platform) -> None:
    arm_fault(platform, {"status": 503})
    advance_clock(platform, 60)

    assert platform.state.stored.begun == {}
