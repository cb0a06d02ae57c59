"""``mock_sei.journal``: what the server saw."""

from __future__ import annotations

from mock_sei.journal.entries import Entry
from mock_sei.journal.journal import JournalView, WholeJournal, nothing_of
from mock_sei.operations.journal import ClearJournal, ReadJournal
from mock_sei.operations.requests import Performer
from mock_sei.rules.records import Application


class Journal(WholeJournal):
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


class ApplicationJournal(JournalView):
    """The entries of one application, and of the handshakes with its certificates."""

    def __init__(self, performer: Performer, application: Application) -> None:
        self._performer = performer
        self._application = application
        self.nothing = nothing_of(application)

    @property
    def entries(self) -> list[Entry]:
        """The entries, oldest first."""
        return _entries(self._performer, ReadJournal(application=self._application.app_key))

    @property
    def last(self) -> Entry:
        """The newest entry. Raises ``LookupError`` while there is none."""
        newest = ReadJournal(application=self._application.app_key, limit=1)
        return _last(self._performer, newest, self.nothing)


def _entries(performer: Performer, request: ReadJournal) -> list[Entry]:
    return [entry for _, entry in performer.perform(request).entries]


def _last(performer: Performer, request: ReadJournal, nothing: str) -> Entry:
    newest = _entries(performer, request)
    if not newest:
        raise LookupError(nothing)
    return newest[-1]
