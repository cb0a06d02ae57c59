"""The records behind the functional APIs, by collection."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field

from mock_sei.errors import Rejected
from mock_sei.operations.kinds import Start
from mock_sei.operations.requests import Fields, Place, Request, WholeBody

if TYPE_CHECKING:
    from mock_sei.apis.data import ServerData
    from mock_sei.platform import Platform

A = TypeVar("A")

MOST_SHOWN = 10_000
"""Records of one answer."""

Name = Annotated[str, Field(examples=["investors"])]
Records = Annotated[
    list[Any] | dict[str, Any],
    WholeBody(),
    Field(examples=[[{"externalId": "INV-1", "name": "Example"}]]),
]


class _OfRecords(Request[A]):
    """What concerns the shared records, or the own records of one application."""

    knows_its_query = True
    application: Annotated[str | None, Place.QUERY, Field(examples=["ledger"])] = None
    """The application whose own records are meant: its name, AppKey or service account. It must be
    registered with ``own_data``. Left out: the records that all other applications share."""

    def data(self, platform: Platform) -> ServerData:
        """The records that are meant. Raises :class:`~mock_sei.errors.UnknownApplication`, and
        :class:`~mock_sei.errors.Rejected` for an application without own data."""
        return platform.data if self.application is None else platform.data_of(self.application)


class CountRecords(_OfRecords[Mapping[str, int]]):
    """How many records each collection has."""

    def perform(self, platform: Platform) -> Mapping[str, int]:
        data = self.data(platform)
        return {name: data.size(name) for name in data.names}


class ListKeys(_OfRecords[Mapping[str, str]]):
    """The key of the first record of each collection."""

    def perform(self, platform: Platform) -> Mapping[str, str]:
        return self.data(platform).first_keys()


class RecordPage(Fields):
    """Some records of a collection."""

    records: Sequence[Any]
    """As they were put in."""
    count: int
    """How many records the collection has."""


class ReadRecords(_OfRecords[RecordPage]):
    """The records of a collection, as they were put in.

    Raises :class:`~mock_sei.errors.UnknownCollection` naming the nearest ones.
    """

    collection: Name
    """The name of the collection."""
    limit: Annotated[int, Field(ge=1, le=MOST_SHOWN, examples=[100])] = MOST_SHOWN
    """How many are listed at most."""
    start: Start = 0
    """How many are passed over."""

    def perform(self, platform: Platform) -> RecordPage:
        data = self.data(platform)
        page = data.page(self.collection, start=self.start, limit=self.limit)
        return RecordPage(records=page, count=data.size(self.collection))


class RecordCount(Fields):
    """How many records a collection has now."""

    records: Annotated[int, Field(examples=[3])]
    """How many records the collection has now."""


class _WithRecords(_OfRecords[RecordCount]):
    """What adds or replaces records."""

    collection: Name
    """The name of the collection."""
    body: Records
    """A record, or a list of records."""

    @property
    def records(self) -> list[Any]:
        """The records, also where one came without a list."""
        return self.body if isinstance(self.body, list) else [self.body]

    def check(self) -> None:
        problems = {}
        for index, record in enumerate(self.records):
            try:
                json.dumps(record, allow_nan=False)
            except (TypeError, ValueError, RecursionError) as error:
                problems[f"{index}"] = f"cannot be sent as JSON: {error}"
        if problems:
            raise Rejected(problems)


class AddRecords(_WithRecords):
    """Adds a record, or a list of records. Raises :class:`~mock_sei.errors.Rejected`, and then
    adds none of them.
    """

    def perform(self, platform: Platform) -> RecordCount:
        data = self.data(platform)
        data.add(self.collection, self.records)
        return RecordCount(records=data.size(self.collection))


class ReplaceRecords(_WithRecords):
    """Puts records in place of all that the collection has.

    Raises :class:`~mock_sei.errors.Rejected`, and then changes nothing.
    """

    def perform(self, platform: Platform) -> RecordCount:
        data = self.data(platform)
        data.replace(self.collection, self.records)
        return RecordCount(records=data.size(self.collection))


class ClearRecords(_OfRecords[None]):
    """Removes every record of a collection."""

    collection: Name
    """The name of the collection."""

    def perform(self, platform: Platform) -> None:
        self.data(platform).clear(self.collection)
