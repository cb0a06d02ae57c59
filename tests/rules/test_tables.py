"""Tables that are read while another thread changes them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from mock_sei.rules.tables import Counts, OrderedTable


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
