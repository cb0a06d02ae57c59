"""The records of the functional APIs in collections. Each platform state has its own collections.

Writes run one after the other. Each one replaces the :class:`~mock_sei.apis.records.RecordTable` by
a new one. A reader keeps the table that was current when it began.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, cast

from mock_sei.apis.records import (
    BY_IDENTITY,
    Order,
    Record,
    RecordTable,
    find_value,
    order_of,
    ordered,
    texts,
)
from mock_sei.apis.stored_records import Seed, StoredRecords
from mock_sei.rules.stored import Stored

__all__ = ["Collections", "Record", "Seed", "find_value", "order_of", "ordered"]

REMEMBERED = 64
"""How many answers are kept. A client that walks through a list asks for the same records again and
again."""
_LARGEST_REMEMBERED = 256 * 1024
"""The most bytes that a kept answer may have. Larger answers are made anew for each call."""

Made = TypeVar("Made")


class Collections(StoredRecords):
    """Named sequences of records."""

    def __init__(
        self,
        seed: Seed | Mapping[str, Sequence[Record]],
        *,
        remembered: int = REMEMBERED,
        stored: Stored | None = None,
        name: str = "apis/records",
    ) -> None:
        """``remembered`` is how many answers :meth:`remember` keeps. ``name`` is that of the table
        of the store."""
        super().__init__(seed if isinstance(seed, Seed) else Seed(seed), stored or Stored(), name)
        self._remembered = remembered
        self._made: OrderedDict[Hashable, object] = OrderedDict()

    def all(self, name: str) -> tuple[Record, ...]:
        """All records of a collection, in the order in which they were added."""
        return self.table(name).records

    def find(self, name: str, key: str, value: object) -> Record | None:
        """The first record whose key has this value, or None.

        Values are compared as text, because a path is text.
        """
        return next(_with(self.table(name), key, value), None)

    def find_all(self, name: str, key: str, value: object) -> list[Record]:
        """All records whose key has this value, for keys that do not identify one record."""
        return list(_with(self.table(name), key, value))

    def add(
        self,
        name: str,
        records: Iterable[Record],
        check: Callable[[RecordTable], None] = lambda _: None,
    ) -> None:
        """Adds records. Adds nothing if ``check``, which gets the current table, raises."""
        with self._lock:
            before = self.table(name)
            check(before)
            after = before.with_records(tuple(records))
            self._set(name, after, range(before.next_place, after.next_place))

    def add_new(
        self,
        name: str,
        key: str,
        record: Record,
        check: Callable[[RecordTable], None] = lambda _: None,
    ) -> bool:
        """Adds a record if no record has its key yet. Returns whether it was added.

        Adds nothing if ``check``, which gets the current table, raises.
        """
        with self._lock:
            before = self.table(name)
            check(before)
            if next(_with(before, key, record.get(key)), None) is not None:
                return False
            self._set(name, before.with_records((record,)), (before.next_place,))
            return True

    def change(
        self, name: str, changed: Callable[[tuple[Record, ...]], tuple[Record, ...]]
    ) -> None:
        """Replaces all records by the result of ``changed``. No other write runs meanwhile.

        What ``changed`` raises reaches the caller, and then nothing is replaced.
        """
        with self._lock:
            self._set_all(name, changed(self.all(name)))

    def next_value(self, name: str, member: str) -> int | str:
        """One more than the greatest number in a member: 7 after 6, ``T-007`` after ``T-006``.

        The result is 1 if no record has a number there.
        """
        table = self.table(name)
        order = Order(_numbers, (member,))
        entries = table.ordered(order)
        if not entries:
            return 1
        greatest = int(entries[-1][0][0])
        _, record = next(table.with_key(order, greatest))  # the oldest of these records
        before, digits = _counted(record.get(member)) or (None, "0")
        if before is None:
            return greatest + 1
        return f"{before}{greatest + 1:0{len(digits)}}"

    def replace(self, name: str, old: Record, new: Record | None) -> bool:
        """Replaces a record by another one, or removes it if ``new`` is None.

        False if it is already gone.
        """
        with self._lock:
            before = self.table(name)
            places = [place for place, _ in before.with_key(BY_IDENTITY, id(old))]
            after = before
            for place in places:
                after = after.with_change(place, old, new)
            if places:
                self._set(name, after, places)
            return bool(places)

    def remember(self, name: str, wanted: Hashable, make: Callable[[RecordTable], Made]) -> Made:
        """The result of ``make``, which gets the collection's table.

        ``wanted`` identifies what ``make`` does. While the collection is unchanged, an equal
        ``wanted`` is answered from memory.
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
            while len(self._made) > self._remembered:
                self._made.popitem(last=False)
        return made


def _with(table: RecordTable, key: str, value: object) -> Iterator[Record]:
    return (record for _, record in table.with_key(Order(texts, (key,)), str(value)))


_NUMBER = re.compile(r"(.*?)([0-9]{1,15})", re.DOTALL)


def _counted(value: object) -> tuple[str | None, str] | None:
    """The text before a number, and the number's digits.

    The text is None if the value itself is a number.
    """
    if isinstance(value, int) and 0 <= value < 10**15 and not isinstance(value, bool):
        return None, str(value)
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    return None if match is None else (match[1], match[2])


def _numbers(record: Record, member: str) -> Iterable[int]:
    """The number that :func:`_counted` finds in a member, to order records by it."""
    found = _counted(record.get(member))
    return () if found is None else (int(found[1]),)
