"""Tables that are read while another thread changes them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from itertools import permutations

import pytest

from mock_sei.rules.stored import Stored
from mock_sei.rules.tables import Counts, OrderedTable
from mock_sei.values.codecs import PLAIN
from tests.cases import every_case


def numbered(*keys: str) -> OrderedTable[int]:
    table: OrderedTable[int] = OrderedTable()
    for number, key in enumerate(keys):
        table[key] = number
    return table


def test_records_come_in_the_order_in_which_they_were_put() -> None:
    table = numbered("a", "b", "c")
    table["b"] = 7
    del table["a"]
    table["a"] = 8

    assert list(table.items()) == [("b", 7), ("c", 2), ("a", 8)]
    assert list(table) == ["b", "c", "a"]
    assert list(table.values()) == [7, 2, 8]
    assert (len(table), table.get("b"), table.get("x"), table.get("x", 9)) == (3, 7, None, 9)
    assert ("b" in table, "x" in table) == (True, False)


def test_another_key_keeps_the_place() -> None:
    table = numbered("a", "b", "c")

    table.replace("b", 7, new_key="z")
    table.replace("c", 8, new_key="c")

    assert list(table.items()) == [("a", 0), ("z", 7), ("c", 8)]
    with pytest.raises(KeyError):
        table.replace("b", 9, new_key="y")
    assert len(table) == 3


def test_what_is_iterated_is_the_table_as_it_was() -> None:
    table = numbered("a", "b")
    keys, values, items = iter(table), iter(table.values()), iter(table.items())
    table.clear()
    table["c"] = 3

    assert list(keys) == ["a", "b"]
    assert list(values) == [0, 1]
    assert list(items) == [("a", 0), ("b", 1)]
    assert dict(table) == {"c": 3}


def test_whoever_is_told_of_changes_hears_of_each() -> None:
    heard: list[tuple[int | None, int | None]] = []
    table: OrderedTable[int] = OrderedTable(lambda before, after: heard.append((before, after)))

    table["a"] = 1
    table["a"] = 2
    table.replace("a", 3, new_key="b")
    assert table.pop("b") == 3
    with pytest.raises(KeyError):
        del table["b"]

    assert heard == [(None, 1), (1, 2), (2, 3), (3, None)]


def test_a_copy_goes_its_own_way() -> None:
    table = numbered("a", "b")
    twin = table.copy()
    assert twin == table
    twin["c"] = 2
    del twin["a"]
    table["d"] = 4

    assert list(table) == ["a", "b", "d"]
    assert list(twin) == ["b", "c"]


def test_a_page_begins_at_a_place_or_behind_a_key() -> None:
    table = numbered(*"abcdef")
    del table["c"]

    assert table.page(limit=2).records == [0, 1]
    page = table.page(limit=2, start=3)
    assert (page.records, page.count, page.earlier) == ([4, 5], 5, 3)
    page = table.page(limit=9, after="d")
    assert (page.records, page.count, page.earlier) == ([4, 5], 5, 3)
    beyond = table.page(limit=2, start=99)
    assert (beyond.records, beyond.count, beyond.earlier) == ([], 5, 5)
    with pytest.raises(KeyError):
        table.page(limit=2, after="c")


@pytest.fixture
def _switching_all_the_time() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.long
@pytest.mark.usefixtures("_switching_all_the_time")
def test_readers_see_a_whole_table_whatever_a_writer_does() -> None:
    table = numbered("always", *map(str, range(50)))
    done, wrong = threading.Event(), list[str]()

    def read() -> None:
        while not done.is_set():
            keys = list(table)
            if keys[0] != "always" or len(keys) != len(set(keys)) or not 50 <= len(keys) <= 53:
                wrong.append(f"{keys}")
            if table["always"] != 0 or table.page(limit=1).records != [0]:
                wrong.append("always")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for each in readers:
        each.start()
    for number in range(3000):
        table["new"] = number
        table.replace("new", number, new_key="newer")
        del table["newer"]
        assert "newer" not in table
        assert len(list(table)) == 51
    done.set()
    for each in readers:
        each.join()
    assert wrong == []


def test_a_text_is_there_until_it_was_taken_away_as_often_as_it_was_added() -> None:
    counts = Counts()
    for text in ("a", "a", "b"):
        counts.add(text)
    twin = counts.copy()
    for text in ("a", "b", "b", "c"):
        counts.discard(text)

    assert list(counts) == ["a"]
    counts.discard("a")
    assert "a" not in counts
    assert sorted(twin) == ["a", "b"]


# What other servers did


def kept(
    table: OrderedTable[int], changed: Callable[[str, str], None] = lambda *_: None
) -> OrderedTable[int]:
    stored = Stored()
    stored.note = changed
    table.keep_in(stored, "numbers", PLAIN, threading.Lock())
    return table


def test_every_change_is_noted_by_place_before_it_is_made() -> None:
    noted: list[tuple[str, list[str]]] = []
    table = numbered("a", "b")
    kept(table, lambda _, key: noted.append((key, list(table))))

    table["b"] = 7
    table["c"] = 2
    table.replace("a", 8, new_key="z")
    del table["z"]

    assert noted == [
        ("1", ["a", "b"]),
        ("2", ["a", "b"]),
        ("0", ["a", "b", "c"]),
        ("0", ["z", "b", "c"]),
    ]
    assert (table.written("1"), table.written("0")) == ('["b", 7]', None)


def test_a_change_that_may_not_be_made_is_not_made() -> None:
    def refuse(*_: str) -> None:
        raise RuntimeError

    table = kept(numbered("a", "b"), refuse)

    with pytest.raises(RuntimeError):
        table["c"] = 3
    with pytest.raises(RuntimeError):
        table["a"] = 3
    with pytest.raises(RuntimeError):
        del table["a"]
    with pytest.raises(RuntimeError):
        table.replace("a", 3, new_key="z")
    assert list(table.items()) == [("a", 0), ("b", 1)]


@every_case("order", list(permutations(range(4))))
def test_rows_give_the_same_table_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    """Two records exchanged their keys, one is gone, one is new and has a key of before."""
    rows = [("0", '["b", 10]'), ("1", '["a", 11]'), ("2", None), ("4", '["c", 14]')]
    table = kept(numbered("a", "b", "c"))

    for index in order:
        table.apply(*rows[index])

    assert list(table.items()) == [("b", 10), ("a", 11), ("c", 14)]
    assert table.page(limit=9, after="a").records == [14]
    assert [table.find_row(key) for key in "abcx"] == [(1, 11), (0, 10), (4, 14), None]
    table["d"] = 15
    assert table.find_row("d") == (5, 15)


def test_a_place_that_another_server_gave_and_took_is_not_given_again() -> None:
    table = kept(numbered("a"))

    table.apply("7", None)
    table["b"] = 1

    assert table.find_row("b") == (8, 1)


def test_an_equal_record_of_another_server_leaves_the_one_that_is_there() -> None:
    table: OrderedTable[list[int]] = OrderedTable()
    table["a"] = record = [1]
    stored = Stored()
    table.keep_in(stored, "lists", PLAIN, threading.Lock())

    table.apply("0", '["a", [1]]')
    assert table["a"] is record
    table.apply("0", '["a", [2]]')
    assert table["a"] == [2]
