"""``mock_sei.journal``: what the server saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from mock_sei.errors import Rejected
from mock_sei.journal.entries import Entry
from mock_sei.journal.journal import JournalView, WholeJournal, nothing_of
from mock_sei.journal.search import Wanted
from mock_sei.matching.targets import names_of
from mock_sei.operations.journal import (
    ClearJournal,
    ReadJournal,
    SearchJournal,
    VerifyJournal,
    VerifyOrder,
    WaitForCalls,
    WantedCalls,
)
from mock_sei.operations.requests import Performer
from mock_sei.rules.records import Application


class _Asked(JournalView):
    """Entries that the platform searches, wherever it runs."""

    _performer: Performer
    _whose: str | None = None
    """The AppKey of the one application whose entries these are."""
    _names: frozenset[str] = frozenset()
    """All names of that application."""

    def _find(self, search: Wanted) -> list[Entry]:
        return _entries(self._performer, SearchJournal(**self._given(search)))

    def _find_absence(self, search: Wanted, times: int | None) -> str | None:
        return self._performer.perform(VerifyJournal(**self._given(search), times=times)).problem

    def _find_disorder(self, searches: Sequence[Wanted]) -> str | None:
        calls = [WantedCalls(**self._given(each)) for each in searches]
        return self._performer.perform(VerifyOrder(calls=calls)).problem

    def _wait_for(
        self, search: Wanted, times: int, timeout: float
    ) -> tuple[list[Entry], str | None]:
        request = WaitForCalls(**self._given(search), times=times, timeout=timeout)
        answer = self._performer.perform(request)
        return list(answer.entries), answer.problem

    def _given(self, search: Wanted) -> dict[str, Any]:
        """The criteria as an operation takes them."""
        given = {name: value for name, value in vars(search).items() if name in _CRITERIA}
        if self._whose is None:
            return given
        if search.application not in (None, *self._names):
            reason = "this journal has the entries of one application; leave it out"
            raise Rejected({"application": reason})
        return {**given, "application": self._whose}


_CRITERIA = frozenset(each.name for each in fields(Wanted))


class Journal(_Asked, WholeJournal):
    """Every exchange, and every handshake that failed, since the reset.

    ``journal.of(application)`` is the part of one application.
    """

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    @property
    def entries(self) -> list[Entry]:
        """The entries, oldest first."""
        return _entries(self._performer, ReadJournal())

    @property
    def last(self) -> Entry:
        """The newest entry. Raises ``LookupError`` while there is none."""
        return _last(self._performer, ReadJournal(limit=1), self.nothing)

    @property
    def dropped(self) -> int:
        """How many entries were removed because the journal was full."""
        return self._performer.perform(ReadJournal(limit=1)).dropped

    def clear(self) -> None:
        """Removes every entry."""
        self._performer.perform(ClearJournal())

    def _of(self, application: Application) -> JournalView:
        return ApplicationJournal(self._performer, application)


class ApplicationJournal(_Asked):
    """The entries of one application, and of the handshakes with its certificates."""

    def __init__(self, performer: Performer, application: Application) -> None:
        self._performer = performer
        self._whose = application.app_key
        self._names = names_of(application)
        self.nothing = nothing_of(application)

    @property
    def entries(self) -> list[Entry]:
        """The entries, oldest first."""
        return _entries(self._performer, ReadJournal(application=self._whose))

    @property
    def last(self) -> Entry:
        """The newest entry. Raises ``LookupError`` while there is none."""
        newest = ReadJournal(application=self._whose, limit=1)
        return _last(self._performer, newest, self.nothing)


def _entries(performer: Performer, request: ReadJournal | SearchJournal) -> list[Entry]:
    return [entry for _, entry in performer.perform(request).entries]


def _last(performer: Performer, request: ReadJournal, nothing: str) -> Entry:
    newest = _entries(performer, request)
    if not newest:
        raise LookupError(nothing)
    return newest[-1]
