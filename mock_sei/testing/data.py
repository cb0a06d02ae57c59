"""``mock_sei.data``: the records behind the functional APIs, until the next reset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mock_sei.errors import Rejected
from mock_sei.operations.data import (
    MOST_SHOWN,
    AddRecords,
    ClearRecords,
    CountRecords,
    ReadRecords,
    ReplaceRecords,
)
from mock_sei.operations.requests import Performer
from mock_sei.rules.arguments import kind_of, named_plainly_throughout, require_text

Record = Mapping[str, Any]


@named_plainly_throughout
class Collection:
    """The records of one collection: ``data["investors"]``."""

    def __init__(self, performer: Performer, name: str) -> None:
        self._performer = performer
        self.name = name
        """The name of the collection."""

    def __iter__(self) -> Iterator[Record]:
        """The records as they were put in, page by page."""
        start = 0
        while True:
            request = ReadRecords(collection=self.name, start=start, limit=MOST_SHOWN)
            page = self._performer.perform(request)
            yield from page.records
            start += len(page.records)
            if len(page.records) < MOST_SHOWN:
                return

    def __len__(self) -> int:
        """How many records there are."""
        return self._performer.perform(ReadRecords(collection=self.name, limit=1)).count

    def add(self, *records: Record) -> None:
        """Adds records: ``collection.add({"externalId": "INV-1"})``.

        Raises :class:`~mock_sei.errors.Rejected`, and then adds none of them.
        """
        self._performer.perform(AddRecords(collection=self.name, body=list(records)))

    def replace(self, records: Iterable[Record]) -> None:
        """Puts these records in place of all there are.

        Raises :class:`~mock_sei.errors.Rejected`, and then changes nothing.
        """
        if isinstance(records, str | bytes | Mapping) or not isinstance(records, Iterable):
            raise Rejected({"records": f"must be a list of records, not {kind_of(records)}"})
        self._performer.perform(ReplaceRecords(collection=self.name, body=list(records)))

    def clear(self) -> None:
        """Removes every record."""
        self._performer.perform(ClearRecords(collection=self.name))


@named_plainly_throughout
class Data:
    """The collections of records behind the functional APIs."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    def __getitem__(self, name: str) -> Collection:
        """One collection. Raises :class:`~mock_sei.errors.UnknownCollection` naming the nearest
        names."""
        found = Collection(
            self._performer, require_text("collection", name, "the name of a collection")
        )
        len(found)  # refuses a name that nobody knows
        return found

    def __iter__(self) -> Iterator[str]:
        """The names of the collections."""
        counts = self._performer.perform(CountRecords())
        return iter(counts)
