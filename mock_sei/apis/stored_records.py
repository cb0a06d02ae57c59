"""The records of a platform state by collection, and what a store keeps of them.

A collection begins with the records of its seed, which every server has. A store keeps only what
was changed: one row for each changed, added or removed record, by the record's place in its
collection. A new record gets a place after those of all others, and places give the order of the
records. So the order is the same on all servers, and a change costs what the changed records cost.

When all records of a collection are replaced, the new ones get places after all former ones. One
more row then has the first of these places: every record before it is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

from mock_sei.apis.records import Record, RecordTable
from mock_sei.rules.stored import Stored
from mock_sei.values.codecs import PLAIN

_NOTHING = RecordTable.of(())


class Seed:
    """The records with which each state begins.

    Their orders are computed once and shared by all states.
    """

    def __init__(self, records: Mapping[str, Sequence[Record]]) -> None:
        self._records = records
        self._tables: dict[str, RecordTable] = {}

    @property
    def names(self) -> Iterable[str]:
        """The names of the collections that have records at the start."""
        return self._records.keys()

    def table(self, name: str) -> RecordTable:
        """The records of a collection at the start."""
        found = self._tables.get(name)
        if found is None:
            if name not in self._records:
                return _NOTHING
            found = self._tables.setdefault(name, RecordTable.of(self._records[name]))
        return found


class StoredRecords:
    """The current table of each collection, as one table of the store.

    The key of a row is the collection's name, a slash and the record's place; without a place, the
    row has the first place that counts. Each write replaces a :class:`RecordTable` by a new one.
    """

    is_seeded = False
    """A row says that a record of the seed was removed; so the store may forget removed rows."""

    def __init__(self, seed: Seed, stored: Stored, name: str) -> None:
        self.name = name
        """The name of the table of the store."""
        self._lock = threading.RLock()
        """Held by each write, and while changes of other servers are taken over."""
        self._seed = seed
        self._stored = stored
        self._changed: dict[str, RecordTable] = {}
        """The tables that were changed. A collection without a table here still has its seed's
        records."""
        self._versions: dict[str, int] = {}
        self._first_places: dict[str, int] = {}
        """The first place that counts, for each collection whose records were all replaced."""
        self._rows: dict[str, set[int]] = {}
        """The places that have a row in the store."""
        self._waiting: dict[str, dict[str, str | None]] = {}
        """Rows of other servers, by collection and place. They are taken over when somebody needs
        the collection: its seed may be large, and many rows cost less together."""
        stored.add(self)

    @property
    def names(self) -> list[str]:
        """The names of all collections that have or had records."""
        return sorted({*self._seed.names, *self._changed, *self._waiting})

    def has(self, name: str) -> bool:
        """Whether a collection with this name has or had records."""
        return name in self._changed or name in self._waiting or name in self._seed.names

    def table(self, name: str) -> RecordTable:
        """The current records of a collection. A later change makes a new table."""
        if name in self._waiting:
            self._take_over(name)
        found = self._changed.get(name)
        return self._seed.table(name) if found is None else found

    def leave_store(self) -> None:
        """Removes all rows from the store, because nobody uses these records any more."""
        with self._lock:
            for name in list(self._waiting):
                self._take_over(name)
            for name, places in self._rows.items():
                self._note(name, *([""] if name in self._first_places else []), *places)
            self._rows.clear()
            self._first_places.clear()

    # Writes. The caller has the lock.

    def _set(self, name: str, table: RecordTable, places: Sequence[int]) -> None:
        """Replaces a table by one that differs from it at these places."""
        if self._stored.is_shared:
            self._note(name, *places)
            rows = self._rows.setdefault(name, set())
            for place in places:
                if table.find_at(place) is None and not self._is_of_seed(name, place):
                    rows.discard(place)
                else:
                    rows.add(place)
        self._replace(name, table)

    def _set_all(self, name: str, records: Sequence[Record]) -> None:
        """Replaces all records of a collection."""
        first = self.table(name).next_place
        table = RecordTable.of(records, first)
        if self._stored.is_shared:
            new = [place for place, _ in table.placed()]
            self._note(name, "", *self._rows.get(name, ()), *new)
            self._rows[name] = set(new)
        self._first_places[name] = first
        self._replace(name, table)

    def _replace(self, name: str, table: RecordTable) -> None:
        self._changed[name] = table
        self._versions[name] = self._versions.get(name, 0) + 1

    def _note(self, name: str, *places: int | str) -> None:
        for place in places:
            self._stored.changing(self.name, f"{name}/{place}")

    def _is_of_seed(self, name: str, place: int) -> bool:
        """Whether the seed has a record at a place that counts."""
        return self._first_places.get(name, 0) <= place < self._seed.table(name).next_place

    # For the store

    def written(self, key: str) -> str | None:
        """A row as text: a record, or null for a removed one of the seed, or a first place."""
        name, _, place = key.rpartition("/")
        if not place:
            first = self._first_places.get(name)
            return None if first is None else str(first)
        record = self.table(name).find_at(int(place))
        if record is None and not self._is_of_seed(name, int(place)):
            return None
        return PLAIN.write(record)

    def apply(self, key: str, text: str | None) -> None:
        name, _, place = key.rpartition("/")
        with self._lock:
            self._waiting.setdefault(name, {})[place] = text

    def _take_over(self, name: str) -> None:
        """Puts the waiting rows of a collection into its table."""
        with self._lock:
            if name not in self._waiting:
                return  # another thread was faster
            waiting = self._waiting[name]
            before = self._changed.get(name)
            if before is None:
                before = self._seed.table(name)
            former = self._first_places.get(name, 0)
            first = self._first_places[name] = int(waiting.get("") or former)
            rows = {
                int(place): text for place, text in waiting.items() if place and int(place) >= first
            }
            kept = self._rows.get(name, set()) if first == former else set()
            for place, text in rows.items():
                (kept.discard if text is None else kept.add)(place)
            self._rows[name] = kept
            changes = {
                place: None if text is None else PLAIN.read(text) for place, text in rows.items()
            }
            if first == former and len(changes) <= len(before) // 8 + 8:
                after = before
                for place, record in changes.items():
                    after = after.with_change(place, after.find_at(place), record)
            else:
                after = _remade(before, changes, first)
            self._replace(name, after)
            del self._waiting[name]  # now, because readers take no lock


def _remade(before: RecordTable, changes: Mapping[int, Record | None], first: int) -> RecordTable:
    """A table with other records at some places, and none before the first place that counts."""
    records: dict[int, Record | None] = {
        place: record for place, record in before.placed() if place >= first
    }
    records.update(changes)
    placed = [(place, each) for place, each in sorted(records.items()) if each is not None]
    return RecordTable.at_places(placed, max(before.next_place, first, *changes, 0))
