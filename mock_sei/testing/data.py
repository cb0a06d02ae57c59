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
from mock_sei.testing.owners import Owner, name_of

Record = Mapping[str, Any]


@named_plainly_throughout
class Collection:
    """The records of one collection: ``data["investors"]``."""

    def __init__(self, performer: Performer, name: str, application: str | None = None) -> None:
        self._performer = performer
        self._application = application
        self.name = name
        """The name of the collection."""

    def __iter__(self) -> Iterator[Record]:
        """The records as they were put in, page by page."""
        start = 0
        while True:
            request = ReadRecords(
                application=self._application, collection=self.name, start=start, limit=MOST_SHOWN
            )
            page = self._performer.perform(request)
            yield from page.records
            start += len(page.records)
            if len(page.records) < MOST_SHOWN:
                return

    def __len__(self) -> int:
        """How many records there are."""
        request = ReadRecords(application=self._application, collection=self.name, limit=1)
        return self._performer.perform(request).count

    def add(self, *records: Record) -> None:
        """Adds records: ``collection.add({"externalId": "INV-1"})``.

        Raises :class:`~mock_sei.errors.Rejected`, and then adds none of them.
        """
        self._performer.perform(
            AddRecords(application=self._application, collection=self.name, body=list(records))
        )

    def replace(self, records: Iterable[Record]) -> None:
        """Puts these records in place of all there are.

        Raises :class:`~mock_sei.errors.Rejected`, and then changes nothing.
        """
        if isinstance(records, str | bytes | Mapping) or not isinstance(records, Iterable):
            raise Rejected({"records": f"must be a list of records, not {kind_of(records)}"})
        self._performer.perform(
            ReplaceRecords(application=self._application, collection=self.name, body=list(records))
        )

    def clear(self) -> None:
        """Removes every record."""
        self._performer.perform(ClearRecords(application=self._application, collection=self.name))


@named_plainly_throughout
class Data:
    """The collections of records behind the functional APIs.

    ``mock_sei.data`` has the records that applications share. ``mock_sei.data.of(application)`` has
    the own records of an application that was registered with ``own_data=True``.
    """

    def __init__(self, performer: Performer, application: str | None = None) -> None:
        self._performer = performer
        self._application = application

    def of(self, application: Owner) -> Data:
        """The own records of an application: ``data.of(application)["investors"].clear()``.

        Raises :class:`~mock_sei.errors.UnknownApplication`, and
        :class:`~mock_sei.errors.Rejected` for an application that was not registered with
        ``own_data=True``: it works on the records that all applications share.
        """
        name = name_of(application)
        self._performer.perform(CountRecords(application=name))  # refuses one without own data
        return Data(self._performer, name)

    def __getitem__(self, name: str) -> Collection:
        """One collection. Raises :class:`~mock_sei.errors.UnknownCollection` naming the nearest
        names."""
        found = Collection(
            self._performer,
            require_text("collection", name, "the name of a collection"),
            self._application,
        )
        len(found)  # refuses a name that nobody knows
        return found

    def __iter__(self) -> Iterator[str]:
        """The names of the collections."""
        counts = self._performer.perform(CountRecords(application=self._application))
        return iter(counts)
