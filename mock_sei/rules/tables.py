"""Tables that threads can read while another thread changes them.

The cost of a look-up or a change does not grow with the table. Readers take no lock. Only one
thread may write at a time, so writers use a lock that their owner provides. Each step that a reader
depends on is one call of a Python dictionary, which no other thread can interrupt.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, ItemsView, Iterator, Mapping, MutableMapping, ValuesView
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeVar, overload

from mock_sei.rules.stored import Stored
from mock_sei.values.codecs import PLAIN, Codec

R = TypeVar("R")
D = TypeVar("D")


@dataclass(frozen=True, kw_only=True)
class TablePage(Generic[R]):
    """Some consecutive records of a table."""

    records: list[R]
    count: int
    """The number of records in the whole table."""
    earlier: int
    """The number of records in the table before the first one of the page."""


class OrderedTable(MutableMapping[str, R], Generic[R]):
    """Records by key, in the order in which they were added. A new key does not move its record.

    An iteration sees the table as it was when the iteration began. ``changed`` is called after each
    change, with the old record and the new record; the first is None if a record was added, the
    second if a record was removed.

    A store knows a record by its place, so that all servers have the same order, also after a
    record got a new key.
    """

    def __init__(self, changed: Callable[[R | None, R | None], None] | None = None) -> None:
        self.changed = changed
        self.name = ""
        """The name of the table in a store."""
        self._stored: Stored | None = None
        self._codec: Codec[tuple[str, R]] = PLAIN
        self._lock: AbstractContextManager[object] = nullcontext()
        self._by_key: dict[str, tuple[int, R]] = {}
        """Place and record, by key. The place is a number that grows with each added record."""
        self._rows: dict[int, tuple[int, str, R]] = {}
        """Place, key and record, by place. The dictionary keeps the order of its keys."""
        self._next_place = 0
        self._is_sorted = True
        """False if a record of another server came after one with a higher place."""
        self._version = 0
        self._seen: tuple[int, tuple[tuple[int, str, R], ...]] = (0, ())
        """The rows as :meth:`rows` listed them last, with the version of the table at that time."""

    # Any thread may call these

    def __getitem__(self, key: str) -> R:
        return self._by_key[key][1]

    @overload
    def get(self, key: str, /) -> R | None: ...
    @overload
    def get(self, key: str, /, default: R | D) -> R | D: ...
    def get(self, key: str, /, default: object = None) -> object:
        found = self._by_key.get(key)
        return default if found is None else found[1]

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._copied())

    def values(self) -> ValuesView[R]:
        return self._copied().values()

    def items(self) -> ItemsView[str, R]:
        return self._copied().items()

    def _copied(self) -> dict[str, R]:
        return {key: record for _, key, record in self.rows()}

    def rows(self) -> tuple[tuple[int, str, R], ...]:
        """Place, key and record of each record.

        The list is made once after a change, and then kept, so that a page of it is cheap.
        """
        version = self._version  # read before the rows: a change meanwhile outdates the list
        seen_version, seen = self._seen
        if seen_version == version:
            return seen
        rows = tuple(self._rows.values())
        if not self._is_sorted:
            rows = tuple(sorted(rows, key=itemgetter(0)))
        self._seen = (version, rows)
        return rows

    def page(self, *, limit: int, start: int = 0, after: str | None = None) -> TablePage[R]:
        """At most ``limit`` records: from the index ``start`` on, or after the record with a key.

        Raises ``KeyError`` if no record has the key ``after``.
        """
        rows = self.rows()
        if after is not None:
            place, _ = self._by_key[after]
            start = bisect_right(rows, place, key=itemgetter(0))
        return TablePage(
            records=[record for _, _, record in rows[start : start + limit]],
            count=len(rows),
            earlier=min(start, len(rows)),
        )

    def find_row(self, key: str) -> tuple[int, R] | None:
        """Place and record of a key, None if there is none. No other record of the table gets the
        place, also not after a removal."""
        return self._by_key.get(key)

    # Only one thread at a time may call these

    def __setitem__(self, key: str, record: R) -> None:
        """Replaces the record that has the key, or adds the record at the end."""
        self._put(key, record, self._by_key.get(key))

    def __delitem__(self, key: str) -> None:
        place, _ = self._by_key[key]
        self._changing(place)
        self._remove(place)

    def replace(self, key: str, record: R, *, new_key: str) -> None:
        """Replaces the record that has ``key``. The new record gets ``new_key``, which must be
        free.

        Raises ``KeyError`` if no record has ``key``.
        """
        self._put(new_key, record, self._by_key[key])

    def copy(self, changed: Callable[[R | None, R | None], None] | None = None) -> OrderedTable[R]:
        """A copy of this table, which calls ``changed`` after its own changes. No store keeps it
        yet."""
        twin: OrderedTable[R] = OrderedTable(changed)
        twin._by_key, twin._rows = self._by_key.copy(), self._rows.copy()
        twin._next_place, twin._version, twin._seen = self._next_place, self._version, self._seen
        twin._is_sorted = self._is_sorted
        return twin

    def _put(self, key: str, record: R, before: tuple[int, R] | None) -> None:
        place = self._next_place if before is None else before[0]
        self._changing(place)
        self._set(place, key, record)

    def _changing(self, place: int) -> None:
        if self._stored is not None:
            self._stored.changing(self.name, str(place))

    def _set(self, place: int, key: str, record: R) -> None:
        before = self._rows.get(place)
        self._by_key[key] = (place, record)
        self._rows[place] = (place, key, record)
        if before is not None and before[1] != key:
            self._drop_key(before[1], place)
        self._next_place = max(self._next_place, place + 1)
        self._version += 1
        if self.changed is not None:
            self.changed(None if before is None else before[2], record)
        self._announce()

    def _remove(self, place: int) -> None:
        _, key, gone = self._rows.pop(place)
        self._drop_key(key, place)
        self._version += 1
        if self.changed is not None:
            self.changed(gone, None)
        self._announce()

    def _announce(self) -> None:
        if self._stored is not None:
            self._stored.changed()

    def _drop_key(self, key: str, place: int) -> None:
        """Another record may have the key by now, if the changes of another server came in
        another order than it made them."""
        found = self._by_key.get(key)
        if found is not None and found[0] == place:
            del self._by_key[key]

    # For the store

    @property
    def is_seeded(self) -> bool:
        """True: a removal is remembered for ever, so that no place is given twice."""
        return True

    def keep_in(
        self,
        stored: Stored,
        name: str,
        codec: Codec[tuple[str, R]],
        lock: AbstractContextManager[object],
    ) -> None:
        """Notes each change from now on, and gets the rows of the store. What is in the table
        already is its seed. ``lock`` is that of the owner."""
        self._stored, self.name, self._codec, self._lock = stored, name, codec, lock
        stored.add(self)

    def written(self, key: str) -> str | None:
        """Key and record at a place as JSON text, None if there is none."""
        row = self._rows.get(int(key))
        return None if row is None else self._codec.write((row[1], row[2]))

    def apply(self, key: str, text: str | None) -> None:
        """Takes over what another server did at a place."""
        place = int(key)
        with self._lock:
            if text is not None:
                self._take_over(place, *self._codec.read(text))
            elif place in self._rows:
                self._remove(place)
            self._next_place = max(self._next_place, place + 1)

    def _take_over(self, place: int, key: str, record: R) -> None:
        before = self._rows.get(place)
        if before is None:
            self._is_sorted = self._is_sorted and place >= self._next_place
        elif before[2] == record:
            record = before[2]  # others compare by identity
        self._set(place, key, record)


class Counts:
    """A counted set of texts: a text that was added twice stays until it is discarded twice."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._counts = dict(counts or {})

    def __contains__(self, text: object) -> bool:
        return text in self._counts

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._counts))

    def add(self, text: str) -> None:
        self._counts[text] = self._counts.get(text, 0) + 1

    def discard(self, text: str) -> None:
        """Takes one from the count of a text. A text whose count is 0 is gone."""
        left = self._counts.get(text, 0) - 1
        if left > 0:
            self._counts[text] = left
        else:
            self._counts.pop(text, None)

    def copy(self) -> Counts:
        return Counts(self._counts)
