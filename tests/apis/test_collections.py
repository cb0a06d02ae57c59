"""Records by collection: selections are remembered, and are never outdated after a write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mock_sei.apis.collections import Collections, Record, find_value, ordered
from mock_sei.apis.records import Order, texts
from tests.apis.engine import widgets
from tests.cases import every_case


def collections(count: int = 3) -> Collections:
    return Collections({"widgets": widgets(count)})


Choose = Callable[[Sequence[Record]], Sequence[Record]]


class Chooser:
    """Counts its calls."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, records: Sequence[Record]) -> Sequence[Record]:
        self.asked += 1
        return list(records)


def select(found: Collections, wanted: Hashable, choose: Choose) -> Sequence[Record]:
    """A remembered selection of the records in the order of their keys."""
    order = Order(texts, ("id",))
    return found.remember("widgets", wanted, lambda table: choose(table.between(order)))


def first(count: int) -> Callable[[Sequence[Record]], Sequence[Record]]:
    return lambda records: records[:count]


def always(records: tuple[Record, ...]) -> Callable[[object], tuple[Record, ...]]:
    return lambda _: records


def test_the_same_selection_is_made_once() -> None:
    found, choose = collections(), Chooser()

    for _ in range(3):
        assert len(select(found, "all", choose)) == 3

    assert choose.asked == 1


@every_case(
    "write",
    [
        lambda found: found.add("widgets", [{"id": 9}]),
        lambda found: found.add_new("widgets", "id", {"id": 9}),
        lambda found: found.change("widgets", lambda _: ({"id": 9},)),
        lambda found: found.replace("widgets", found.all("widgets")[0], {"id": 9}),
    ],
    ids=["add", "add_new", "change", "replace"],
)
def test_a_write_makes_selections_anew(write: object) -> None:
    found, choose = collections(), Chooser()
    select(found, "all", choose)

    assert callable(write)
    write(found)

    assert {"id": 9} in select(found, "all", choose)


def test_selections_are_bounded_and_told_apart() -> None:
    found = collections()

    for number in range(200):
        select(found, number, first(number % 3))

    assert len(select(found, 199, Chooser())) == 199 % 3
    assert len(found._made) <= 64  # noqa: SLF001  # an endless walk would fill it


def test_an_answer_that_is_too_large_is_made_anew() -> None:
    found = collections()
    made: list[int] = []

    def make(size: int) -> Callable[[object], bytes]:
        def one(_: object) -> bytes:
            made.append(size)
            return bytes(size)

        return one

    for size in (256 * 1024, 256 * 1024 + 1) * 2:
        assert len(found.remember("widgets", size, make(size))) == size

    assert made == [256 * 1024, 256 * 1024 + 1, 256 * 1024 + 1]


@pytest.mark.long
def test_readers_never_see_half_a_write() -> None:
    """Each write adds ten records of one generation. A reader sees only complete generations."""
    found = Collections({"widgets": [{"id": n, "of": 0} for n in range(10)]})
    stop = threading.Event()
    torn: list[object] = []

    def read() -> None:
        while not stop.is_set():
            seen = found.all("widgets"), select(found, "all", list)
            torn.extend(each for each in seen if len({one["of"] for one in each}) != 1)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for each in readers:
        each.start()
    for number in range(1, 500):
        generation = tuple({"id": n, "of": number} for n in range(10))
        found.change("widgets", always(generation))
        seen = select(found, "all", list)
        assert {each["of"] for each in seen} == {number}
    stop.set()
    for each in readers:
        each.join()

    assert torn == []


def test_a_key_is_added_once_whoever_writes() -> None:
    found = collections(0)

    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda n: found.add_new("widgets", "id", {"id": n % 10}), range(200)))

    assert added.count(True) == 10
    assert sorted(each["id"] for each in found.all("widgets")) == list(range(10))


def test_a_change_that_fails_leaves_everything() -> None:
    found = collections()

    with pytest.raises(ZeroDivisionError):
        found.change("widgets", lambda before: (*before, {"id": 1 / 0}))

    assert len(found.all("widgets")) == 3
    found.add("widgets", [{"id": 4}])


def test_a_record_is_replaced_only_where_it_still_is() -> None:
    found = collections()
    old = found.all("widgets")[1]

    assert found.replace("widgets", old, {"id": 2, "new": True})
    assert not found.replace("widgets", old, {"id": 2, "late": True})
    assert found.find("widgets", "id", "2") == {"id": 2, "new": True}
    assert found.replace("widgets", found.all("widgets")[1], None)
    assert found.find("widgets", "id", 2) is None


def test_a_record_without_the_key_is_not_found_by_none() -> None:
    found = Collections({"widgets": [{"name": "x"}]})

    assert found.find("widgets", "id", "None") is None
    assert found.find("nothing", "id", 1) is None


def test_numbers_come_before_texts_and_both_before_the_rest() -> None:
    keys = ["b", None, 2, "a", 1.5, {"x": 1}, True]

    assert [each["id"] for each in ordered([{"id": key} for key in keys], "id")] == [
        True,
        1.5,
        2,
        "a",
        "b",
        None,
        {"x": 1},
    ]


@every_case(
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


@every_case(
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
    found = Collections({"things": [{"key": value} for value in values]})

    assert found.next_value("things", "key") == following
