"""Tables of records answer like a plain list after any writes, and never change themselves."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mock_sei.apis.collections import Collections
from mock_sei.apis.records import (
    AS_PUT_IN,
    Entries,
    Order,
    Record,
    RecordTable,
    find_value,
    order_of,
    texts,
    whole,
)

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.sampled_from(["a", "b", "7"]), st.just(1.5)
)
RECORDS = st.fixed_dictionaries({}, optional={"id": VALUES, "x": VALUES})


def listed(records: list[Record], field: str) -> list[Record]:
    return sorted(records, key=lambda each: order_of(find_value(each, field)))


class AnyWrites(RuleBasedStateMachine):
    """Compares a table with a plain list, which is simple enough to be right."""

    def __init__(self) -> None:
        super().__init__()
        self.seed: list[Record] = [{"id": number % 4, "x": "a"} for number in range(6)]
        self.collections = Collections({"things": self.seed})
        self.model = list(self.seed)
        self.snapshots: list[tuple[RecordTable, list[Record]]] = []

    @rule(record=RECORDS)
    def add(self, record: Record) -> None:
        self.collections.add("things", [record])
        self.model.append(record)

    @rule(records=st.lists(RECORDS, min_size=8, max_size=200))
    def add_many(self, records: list[Record]) -> None:
        self.collections.add("things", records)
        self.model += records

    @rule(record=st.fixed_dictionaries({"id": VALUES}))
    def add_new(self, record: Record) -> None:
        there = any("id" in each and str(each["id"]) == str(record["id"]) for each in self.model)
        assert self.collections.add_new("things", "id", record) is not there
        if not there:
            self.model.append(record)

    @rule(at=st.integers(0, 50), new=st.none() | RECORDS)
    def replace(self, at: int, new: Record | None) -> None:
        if not self.model:
            return
        old = self.model[at % len(self.model)]
        assert self.collections.replace("things", old, new)
        after = (new if each is old else each for each in self.model)
        self.model = [each for each in after if each is not None]

    @rule()
    def replace_what_is_gone(self) -> None:
        assert not self.collections.replace("things", {"id": 1}, None)

    @rule(keep=st.integers(0, 5))
    def change(self, keep: int) -> None:
        self.collections.change("things", lambda before: before[:keep])
        self.model = self.model[:keep]

    @rule()
    def keep_a_snapshot(self) -> None:
        self.snapshots.append((self.collections.table("things"), list(self.model)))

    @rule(value=VALUES)
    def find(self, value: Any) -> None:
        expected = [each for each in self.model if "id" in each and str(each["id"]) == str(value)]
        assert self.collections.find_all("things", "id", value) == expected

    @rule(field=st.sampled_from(["id", "x"]))
    def order(self, field: str) -> None:
        table = self.collections.table("things")
        found = table.between(Order(whole, (), (field,)))
        assert list(found) == listed(self.model, field)
        assert list(found[::-1]) == listed(self.model, field)[::-1]
        assert list(found[2:5]) == listed(self.model, field)[2:5]

    @invariant()
    def holds_what_was_put_in(self) -> None:
        assert list(self.collections.all("things")) == self.model
        assert len(self.collections.table("things")) == len(self.model)
        assert self.seed == [{"id": number % 4, "x": "a"} for number in range(6)]
        for table, model in self.snapshots:
            assert list(table.between(AS_PUT_IN)) == model


TestAnyWrites = AnyWrites.TestCase


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=400),
    st.sampled_from([None, "", "a", "b", "bb", "e", "z"]),
    st.sampled_from([None, "", "a", "b", "bb", "e", "z"]),
)
def test_a_range_of_keys_has_both_its_ends(
    values: list[str], first: str | None, last: str | None
) -> None:
    records: list[dict[str, Any]] = [
        {"x": value, "id": -number} for number, value in enumerate(values)
    ]

    found = RecordTable.of(records).between(Order(texts, ("x",), ("id",)), first, last)

    expected = [
        each
        for each in records
        if (first is None or first <= each["x"]) and (last is None or each["x"] <= last)
    ]
    assert list(found) == sorted(expected, key=lambda each: (each["x"], each["id"]))


def test_records_of_one_object_are_replaced_together() -> None:
    one = {"id": 1}
    found = Collections({"things": [one, {"id": 2}, one]})

    assert found.replace("things", one, {"id": 3})

    assert found.all("things") == ({"id": 3}, {"id": 2}, {"id": 3})


def test_an_empty_order_takes_a_record_and_gives_it_back() -> None:
    entry = ((1,), 0, {"id": 1})

    one = Entries.of([]).with_entry(entry)

    assert list(one) == [entry]
    assert list(one.without_entry(entry)) == []
    assert one[-1] == entry
