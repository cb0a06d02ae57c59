"""The journal: every exchange and every failed handshake, to look through and to assert.

Bounded, and it says how many entries it let go.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from typing import Any

from mock_sei.bench.entries import Entry
from mock_sei.bench.search import Wanted, explain_absence
from mock_sei.records import Application


class JournalView(ABC):
    """Entries to look through, oldest first, wherever they are kept."""

    nothing = "the journal is empty: the server saw no request and no handshake"
    """What is said where there is no entry."""

    @property
    @abstractmethod
    def entries(self) -> list[Entry]: ...

    @property
    def last(self) -> Entry:
        """The newest entry. Raises ``LookupError`` while there is none."""
        entries = self.entries
        if not entries:
            raise LookupError(self.nothing)
        return entries[-1]

    def find(self, operation: str | None = None, **wanted: Any) -> list[Entry]:
        """The entries that fit, oldest first: ``find("POST /v2/oauthtoken", status=200)``.

        ``wanted`` are fields of :class:`~mock_sei.bench.search.Wanted`; ``TypeError`` for others.
        """
        search = Wanted(operation=operation, **wanted)
        return [each for each in self.entries if search.fits(each)]

    def assert_called(
        self, operation: str | None = None, *, times: int | None = None, **wanted: Any
    ) -> None:
        """``AssertionError`` with the nearest recorded exchanges where they are not there.

        Without ``times`` one is enough; 0 means never.
        """
        search = Wanted(operation=operation, **wanted)
        entries = self.entries
        found = sum(search.fits(each) for each in entries)
        if found < 1 if times is None else found != times:
            raise AssertionError(explain_absence(search, times, found, entries))

    def __len__(self) -> int:
        return len(self.entries)


class WholeJournal(JournalView):
    """Everybody's entries."""

    @property
    @abstractmethod
    def dropped(self) -> int:
        """How many entries were let go because the journal was full."""

    @abstractmethod
    def clear(self) -> None: ...

    @abstractmethod
    def of(self, application: Application) -> JournalView:
        """One application's: its exchanges, and the handshakes of its certificates."""


def nothing_of(application: Application) -> str:
    return (
        f"the journal has nothing of {application.name}: the server saw no request of it and no "
        "handshake with its certificate"
    )


class ApplicationJournal(JournalView):
    """What of a journal concerns one application."""

    def __init__(self, whole: JournalView, application: Application) -> None:
        self._whole = whole
        self._application = application
        self.nothing = nothing_of(application)

    @property
    def entries(self) -> list[Entry]:
        return [each for each in self._whole.entries if each.concerns(self._application)]


class Journal(WholeJournal):
    """The last entries, as the server keeps them."""

    def __init__(self, size: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._lock = threading.Lock()
        self._recorded = 0

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)
            self._recorded += 1

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._recorded = 0

    @property
    def entries(self) -> list[Entry]:
        with self._lock:
            return list(self._entries)

    @property
    def dropped(self) -> int:
        with self._lock:
            return self._recorded - len(self._entries)

    def of(self, application: Application) -> ApplicationJournal:
        return ApplicationJournal(self, application)

    def to_json(
        self,
        wanted: Wanted | None = None,
        after: int = 0,
        *,
        of: Application | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Those that fit, concern an application and have a number above ``after``.

        Numbers count from 1 since a reset; with ``limit`` only the newest so many are told.
        """
        with self._lock:
            entries, recorded = list(self._entries), self._recorded
        first = recorded - len(entries) + 1
        fitting = [
            (number, entry)
            for number, entry in enumerate(entries, first)
            if number > after
            and (wanted is None or wanted.fits(entry))
            and (of is None or entry.concerns(of))
        ]
        told = fitting if limit is None else fitting[-limit:]
        return {
            "entries": [{"number": number, **entry.to_json()} for number, entry in told],
            "dropped": recorded - len(entries),
            "last": recorded,
        }
