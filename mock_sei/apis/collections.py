"""The records behind the functional APIs, by collection; one set for the life of a state.

Writes are made one after the other, each from the :class:`~mock_sei.apis.records.Table` that was
there to the next; whoever reads keeps the table that was there when it began.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, cast

from mock_sei.apis.records import (
    BY_IDENTITY,
    Order,
    Record,
    Table,
    find_value,
    order_of,
    ordered,
    texts,
)

__all__ = ["Collections", "Record", "Seed", "find_value", "order_of", "ordered"]

_REMEMBERED = 64
"""Answers that are kept: a walk asks for the same ones again and again."""
_LARGEST_REMEMBERED = 256 * 1024
"""Bytes of an answer that is kept; a larger one is made anew for each call."""

Made = TypeVar("Made")

_NOTHING = Table.of(())


class Seed:
    """The records that every state begins with; their orders are made once for all states."""

    def __init__(self, records: Mapping[str, Sequence[Record]]) -> None:
        self._records = records
        self._tables: dict[str, Table] = {}

    @property
    def names(self) -> Iterable[str]:
        return self._records.keys()

    def table(self, name: str) -> Table:
        found = self._tables.get(name)
        if found is None:
            if name not in self._records:
                return _NOTHING
            found = self._tables.setdefault(name, Table.of(self._records[name]))
        return found


class Collections:
    """Named sequences of records."""

    def __init__(self, seed: Seed | Mapping[str, Sequence[Record]]) -> None:
        self._lock = threading.Lock()
        self._seed = seed if isinstance(seed, Seed) else Seed(seed)
        self._changed: dict[str, Table] = {}
        """What a collection holds since it was changed; before, it holds its seed."""
        self._versions: dict[str, int] = {}
        self._made: OrderedDict[Hashable, object] = OrderedDict()

    @property
    def names(self) -> list[str]:
        return sorted({*self._seed.names, *self._changed})

    def has(self, name: str) -> bool:
        return name in self._changed or name in self._seed.names

    def table(self, name: str) -> Table:
        """What it holds now; a later change makes another."""
        found = self._changed.get(name)
        return self._seed.table(name) if found is None else found

    def all(self, name: str) -> tuple[Record, ...]:
        """As they were put in."""
        return self.table(name).records

    def find(self, name: str, key: str, value: object) -> Record | None:
        """The record whose key has this value, compared as text: a path has no numbers."""
        return next(_with(self.table(name), key, value), None)

    def find_all(self, name: str, key: str, value: object) -> list[Record]:
        """The same where a key alone does not identify a record."""
        return list(_with(self.table(name), key, value))

    def add(
        self,
        name: str,
        records: Iterable[Record],
        check: Callable[[Table], None] = lambda _: None,
    ) -> None:
        """Nothing is added where ``check``, which sees what is there, raises."""
        with self._lock:
            before = self.table(name)
            check(before)
            self._set(name, before.with_records(tuple(records)))

    def add_new(
        self,
        name: str,
        key: str,
        record: Record,
        check: Callable[[Table], None] = lambda _: None,
    ) -> bool:
        """Adds a record unless one with its key is there; says whether.

        Nothing is added where ``check``, which sees what is there, raises.
        """
        with self._lock:
            before = self.table(name)
            check(before)
            if next(_with(before, key, record.get(key)), None) is not None:
                return False
            self._set(name, before.with_records((record,)))
            return True

    def change(
        self, name: str, changed: Callable[[tuple[Record, ...]], tuple[Record, ...]]
    ) -> None:
        """Puts other records in their place; nobody writes meanwhile, and what it raises passes."""
        with self._lock:
            self._set(name, Table.of(changed(self.all(name))))

    def next_value(self, name: str, member: str) -> int | str:
        """A number one above the greatest that a member has: 7 after 6, ``T-007`` after ``T-006``.

        1 where no record has one.
        """
        table = self.table(name)
        order = Order(_numbers, (member,))
        entries = table.ordered(order)
        if not entries:
            return 1
        greatest = int(entries[-1][0][0])
        _, record = next(table.with_key(order, greatest))  # the oldest of several
        before, digits = _counted(record.get(member)) or (None, "0")
        if before is None:
            return greatest + 1
        return f"{before}{greatest + 1:0{len(digits)}}"

    def replace(self, name: str, old: Record, new: Record | None) -> bool:
        """Puts one record in another's place, or takes it out; False where it is gone already."""
        with self._lock:
            before = self.table(name)
            places = [place for place, _ in before.with_key(BY_IDENTITY, id(old))]
            after = before
            for place in places:
                after = after.with_change(place, old, new)
            if places:
                self._set(name, after)
            return bool(places)

    def _set(self, name: str, table: Table) -> None:
        self._changed[name] = table
        self._versions[name] = self._versions.get(name, 0) + 1

    def remember(self, name: str, wanted: Hashable, make: Callable[[Table], Made]) -> Made:
        """What ``make`` makes of the records.

        ``wanted`` stands for what ``make`` does: the same again is answered from memory while the
        collection has not changed.
        """
        with self._lock:
            table = self.table(name)
            memo = (name, self._versions.get(name, 0), wanted)
            found = self._made.get(memo)
            if found is not None:
                self._made.move_to_end(memo)
                return cast("Made", found)
        made = make(table)
        if isinstance(made, bytes) and len(made) > _LARGEST_REMEMBERED:
            return made
        with self._lock:
            self._made[memo] = made
            while len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        return made


def _with(table: Table, key: str, value: object) -> Iterator[Record]:
    return (record for _, record in table.with_key(Order(texts, (key,)), str(value)))


_NUMBER = re.compile(r"(.*?)([0-9]{1,15})", re.DOTALL)


def _counted(value: object) -> tuple[str | None, str] | None:
    """The text before a number and its digits; None for the text where the value is a number."""
    if isinstance(value, int) and 0 <= value < 10**15 and not isinstance(value, bool):
        return None, str(value)
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    return None if match is None else (match[1], match[2])


def _numbers(record: Record, member: str) -> Iterable[int]:
    """What :func:`_counted` finds, to order records by."""
    found = _counted(record.get(member))
    return () if found is None else (int(found[1]),)
