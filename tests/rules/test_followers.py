"""Followers are told of changes, up to a number of them."""

from __future__ import annotations

from contextlib import nullcontext

from mock_sei.rules.followers import Followers
from mock_sei.rules.stored import Stored, Table
from mock_sei.rules.tables import OrderedTable
from mock_sei.values.codecs import PLAIN


class Told:
    """Counts how often it was told."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def test_each_follower_is_told_until_it_is_removed() -> None:
    followers, one, other = Followers(), Told(), Told()
    assert followers.add(one, most=2)
    assert followers.add(other, most=2)
    followers.tell()
    followers.remove(one)
    followers.remove(one)
    followers.tell()

    assert (one.times, other.times, len(followers)) == (1, 2, 1)


def test_one_more_than_the_most_is_not_added() -> None:
    followers, one, other = Followers(), Told(), Told()
    followers.add(one, most=1)

    assert not followers.add(other, most=1)
    followers.tell()
    assert other.times == 0
    followers.remove(one)
    assert followers.add(other, most=1)


def test_a_table_announces_each_change_after_it_was_made() -> None:
    stored = Stored()
    table: Table[int] = Table(stored, "numbers of a test")
    seen: list[int | None] = []
    stored.announce = lambda: seen.append(table.get("a"))
    table["a"] = 1
    table["a"] = 2
    table.apply("a", "3")  # another server did it
    table.pop("a")
    table.pop("a")

    assert seen == [1, 2, 3, None]


def test_an_ordered_table_announces_each_change_too() -> None:
    stored, told = Stored(), Told()
    table: OrderedTable[str] = OrderedTable()
    table["a"] = "before it is kept"
    table.keep_in(stored, "rows of a test", PLAIN, nullcontext())
    stored.announce = told
    table["a"] = "one"
    table.replace("a", "two", new_key="b")
    del table["b"]

    assert told.times == 3
