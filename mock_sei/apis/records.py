"""The records of one collection at one moment, with the orders that find them quickly.

Nothing here is changed in place. A change makes a new :class:`RecordTable` that shares almost
everything with the old one. So all states of a platform can share a seed, and a writer never
disturbs a reader. An order is computed when it is first needed, and every later change keeps it up
to date. The time of a lookup grows only with the logarithm of the number of records.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from operator import itemgetter
from typing import Any, overload

from mock_sei.values.cached import cached_property

Record = Mapping[str, Any]

Key = tuple[Any, ...]
Entry = tuple[Key, int, Record]
"""The key that orders a record, its place in the collection, and the record. No two entries have
the same key and place, so records are never compared."""

_CHUNK = 64
"""The entries of a full list. A list with twice as many is split in two."""
_LAST = float("inf")
"""A place after all records."""


@dataclass(frozen=True)
class Order:
    """An order of records: first by the keys that ``keys`` gives, then by the values of fields.

    ``keys`` is a module's function that also gets ``argument``. Equal functions and arguments are
    the same order. A record occurs once for each of its keys, so not at all without a key.
    """

    keys: Callable[..., Iterable[Any]]
    argument: tuple[Any, ...] = ()
    then: tuple[str, ...] = ()

    def entries(self, place: int, record: Record) -> list[Entry]:
        """The entries of a record in this order, one for each of its keys."""
        behind = tuple(order_of(find_value(record, each)) for each in self.then)
        found = dict.fromkeys(self.keys(record, *self.argument))
        return [((key, *behind), place, record) for key in found]


class Entries(Sequence[Entry]):
    """Entries in their order.

    They are kept in short lists, which are shared with earlier versions.
    """

    def __init__(self, chunks: list[list[Entry]], firsts: list[tuple[Key, int]], size: int) -> None:
        self._chunks = chunks
        self._firsts = firsts
        """Key and place of the first entry of each list."""
        self._size = size

    @classmethod
    def of(cls, entries: list[Entry]) -> Entries:
        """Makes it from entries that are already in order."""
        chunks = [entries[at : at + _CHUNK] for at in range(0, len(entries), _CHUNK)]
        return cls(chunks, [chunk[0][:2] for chunk in chunks], len(entries))

    @cached_property
    def _starts(self) -> list[int]:
        """The position of each list's first entry."""
        return list(accumulate(map(len, self._chunks[:-1]), initial=0))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Entry]:
        return chain.from_iterable(self._chunks)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._size))]
        at = index + self._size if index < 0 else index
        if not 0 <= at < self._size:
            raise IndexError(index)
        number = bisect_right(self._starts, at) - 1
        return self._chunks[number][at - self._starts[number]]

    def position(self, key: Key, place: float) -> int:
        """How many entries come before this key and place."""
        number = self._number(key, place)
        if number < 0:
            return 0
        return self._starts[number] + _find(self._chunks[number], key, place)

    def find(self, key: Key, place: int) -> Entry | None:
        """The entry with this key and place, or None."""
        number = self._number(key, place)
        if number < 0:
            return None
        chunk = self._chunks[number]
        at = _find(chunk, key, place)
        return chunk[at] if at < len(chunk) and chunk[at][:2] == (key, place) else None

    def starting_at(self, key: Key) -> Iterator[Entry]:
        """All entries from the first one whose key begins with this key or comes after it."""
        number = max(0, self._number(key, -1))
        for later in range(number, len(self._chunks)):
            chunk = self._chunks[later]
            start = _find(chunk, key, -1) if later == number else 0
            yield from (chunk[at] for at in range(start, len(chunk)))

    def with_entry(self, entry: Entry) -> Entries:
        """These entries and one more."""
        if not self._chunks:
            return Entries.of([entry])
        number = max(0, self._number(entry[0], entry[1]))
        chunk = self._chunks[number].copy()
        chunk.insert(_find(chunk, entry[0], entry[1]), entry)
        if len(chunk) < 2 * _CHUNK:
            return self._with_chunks(number, [chunk], self._size + 1)
        return self._with_chunks(number, [chunk[:_CHUNK], chunk[_CHUNK:]], self._size + 1)

    def without_entry(self, entry: Entry) -> Entries:
        """These entries without one of them."""
        number = self._number(entry[0], entry[1])
        chunk = self._chunks[number].copy()
        del chunk[_find(chunk, entry[0], entry[1])]
        return self._with_chunks(number, [chunk] if chunk else [], self._size - 1)

    def with_record(self, entry: Entry) -> Entries:
        """Replaces the record of the entry with the same key and place."""
        number = self._number(entry[0], entry[1])
        chunk = self._chunks[number].copy()
        chunk[_find(chunk, entry[0], entry[1])] = entry
        return self._with_chunks(number, [chunk], self._size)

    def _number(self, key: Key, place: float) -> int:
        """The number of the list that contains or would contain an entry; -1 before the first
        list."""
        return bisect_right(self._firsts, (key, place)) - 1

    def _with_chunks(self, number: int, new: list[list[Entry]], size: int) -> Entries:
        chunks, firsts = self._chunks.copy(), self._firsts.copy()
        chunks[number : number + 1] = new
        firsts[number : number + 1] = [chunk[0][:2] for chunk in new]
        return Entries(chunks, firsts, size)


_key_and_place = itemgetter(0, 1)


def _find(chunk: list[Entry], key: Key, place: float) -> int:
    """The position of an entry, or the position where it would be inserted.

    If one key is the beginning of another, the shorter one comes first.
    """
    wanted: tuple[Any, ...] = (key, place)
    return bisect_left(chunk, wanted)


class Selection(Sequence[Record]):
    """Adjacent records of an order. They are looked up when needed and not copied."""

    def __init__(self, entries: Entries, positions: range) -> None:
        self._entries = entries
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        if isinstance(index, slice):
            return Selection(self._entries, self._positions[index])
        return self._entries[self._positions[index]][2]

    def __iter__(self) -> Iterator[Record]:
        return (record for _, _, record in self.entries())

    def entries(self) -> Iterator[Entry]:
        """The entries of the records, with their keys."""
        return map(self._entries.__getitem__, self._positions)


def whole(_: Record) -> Iterable[Any]:
    """The same key for every record, so that records keep the order in which they were added."""
    return (0,)


def texts(record: Record, field: str) -> Iterable[str]:
    """The value of a field as text, because a path is text."""
    return (str(record[field]),) if field in record else ()


def identity(record: Record) -> Iterable[int]:
    """The identity of the record's object."""
    return (id(record),)


AS_PUT_IN = Order(whole)
BY_IDENTITY = Order(identity)


class RecordTable:
    """The records of one collection at one moment."""

    def __init__(self, orders: dict[Order, Entries], next_place: int) -> None:
        self._orders = orders
        self.next_place = next_place
        """A place above those of all records, including removed ones."""

    @classmethod
    def of(cls, records: Iterable[Record], first_place: int = 0) -> RecordTable:
        """A table of these records, in this order. The first one has the first place."""
        return cls.at_places(enumerate(records, first_place), first_place)

    @classmethod
    def at_places(cls, placed: Iterable[tuple[int, Record]], next_place: int = 0) -> RecordTable:
        """A table of places and records, in the order of the places.

        ``next_place`` is above the places of all records that were removed before.
        """
        entries: list[Entry] = [((0,), place, each) for place, each in placed]
        behind = entries[-1][1] + 1 if entries else 0
        return cls({AS_PUT_IN: Entries.of(entries)}, max(behind, next_place))

    def __len__(self) -> int:
        return len(self._orders[AS_PUT_IN])

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """All records, in the order in which they were added."""
        return tuple(record for _, _, record in self._orders[AS_PUT_IN])

    def placed(self) -> Iterator[tuple[int, Record]]:
        """All records with their places, in the order of the places."""
        return ((place, record) for _, place, record in self._orders[AS_PUT_IN])

    def find_at(self, place: int) -> Record | None:
        """The record at this place, or None."""
        found = self._orders[AS_PUT_IN].find((0,), place)
        return None if found is None else found[2]

    def ordered(self, order: Order) -> Entries:
        """All entries in this order. The order is computed once and kept."""
        found = self._orders.get(order)
        if found is None:
            made = (
                entry
                for _, place, record in self._orders[AS_PUT_IN]
                for entry in order.entries(place, record)
            )
            found = self._orders[order] = Entries.of(sorted(made, key=_key_and_place))
        return found

    def between(self, order: Order, first: Any = None, last: Any = None) -> Selection:
        """The records whose key is from ``first`` to ``last``, both included.

        None means no bound.
        """
        entries = self.ordered(order)
        start = 0 if first is None else entries.position((first,), -1)
        stop = len(entries) if last is None else entries.position((last, _BEHIND), _LAST)
        return Selection(entries, range(start, max(start, stop)))

    def with_key(self, order: Order, key: Any) -> Iterator[tuple[int, Record]]:
        """The records with this key, each with its place."""
        for (own, *_), place, record in self.ordered(order).starting_at((key,)):
            if own != key:
                return
            yield place, record

    def with_records(self, records: Sequence[Record]) -> RecordTable:
        """A table with further records after all others."""
        if len(records) > len(self) // 8 + 8:
            added = enumerate(records, self.next_place)
            return RecordTable.at_places(chain(self.placed(), added), self.next_place)
        table = self
        for each in records:
            table = table.with_change(table.next_place, None, each)
        return table

    def with_change(self, place: int, old: Record | None, new: Record | None) -> RecordTable:
        """A table with ``new`` in the place of ``old``.

        None for ``old`` adds a record, None for ``new`` removes one.
        """
        orders = {
            order: _changed(order, entries, place, old, new)
            for order, entries in self._orders.copy().items()
        }
        return RecordTable(orders, max(self.next_place, place + 1))


def _changed(
    order: Order, entries: Entries, place: int, old: Record | None, new: Record | None
) -> Entries:
    before = {} if old is None else {each[0]: each for each in order.entries(place, old)}
    after = {} if new is None else {each[0]: each for each in order.entries(place, new)}
    for key, entry in before.items():
        if key not in after:
            entries = entries.without_entry(entry)
    for key, entry in after.items():
        entries = entries.with_record(entry) if key in before else entries.with_entry(entry)
    return entries


class _Behind:
    """Compares as greater than every key."""

    def __lt__(self, _: object) -> bool:
        return False

    def __gt__(self, _: object) -> bool:
        return True


_BEHIND = _Behind()


def order_of(value: object) -> tuple[int, Any]:
    """A sort key for any value: numbers come before texts, and texts before everything else."""
    if isinstance(value, int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, str(value))


def ordered(records: Iterable[Record], field: str) -> list[Record]:
    """The records in the order of a field's value. Records without the field come last."""
    return sorted(records, key=lambda each: order_of(find_value(each, field)))


def find_value(record: Record, field: str) -> Any:
    """The value of a field, or None. A dot in the name leads into a member.

    If the value before the dot is a list, the result is the list of its entries' values.
    """
    if "." not in field:
        return record.get(field)
    value: Any = record
    for part in field.split("."):
        value = _member(value, part)
    return value


def _member(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [each[name] for each in value if isinstance(each, Mapping) and name in each]
    return value.get(name) if isinstance(value, Mapping) else None
