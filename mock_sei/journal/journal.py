"""The journal: every exchange and every failed handshake, to look through and to assert.

Bounded in number and in bytes, and it says how many entries it let go.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, Unpack

from mock_sei.errors import Rejected
from mock_sei.journal.entries import Entry
from mock_sei.journal.search import Wanted, WantedFields, explain_absence, read_wanted
from mock_sei.rules.arguments import (
    kind_of,
    named_plainly,
    named_plainly_throughout,
    require_count,
)
from mock_sei.rules.records import Application

MEMORY_LIMIT = 32 * 1024 * 1024
"""Bytes that all entries together may take."""


@named_plainly_throughout
class JournalView(ABC):
    """Entries of the journal to look through: all of them, or those of one application."""

    nothing = "the journal is empty: the server saw no request and no handshake"
    """What is said where there is no entry."""

    @property
    @abstractmethod
    def entries(self) -> list[Entry]:
        """The entries, oldest first."""

    @property
    def last(self) -> Entry:
        """The newest entry. Raises ``LookupError`` while there is none."""
        entries = self.entries
        if not entries:
            raise LookupError(self.nothing)
        return entries[-1]

    def find(self, operation: str | None = None, **wanted: Unpack[WantedFields]) -> list[Entry]:
        """The entries that fit, oldest first: ``find("POST /v2/oauthtoken", status=200)``.

        ``operation`` is a method and a path; ``{name}`` in it stands for one segment, ``*`` for any
        characters. Raises :class:`~mock_sei.errors.Rejected` for an unknown keyword, and for a
        value that no entry has.
        """
        search = read_wanted(operation, wanted)
        return [each for each in self.entries if search.fits(each)]

    def assert_called(
        self,
        operation: str | None = None,
        *,
        times: int | None = None,
        **wanted: Unpack[WantedFields],
    ) -> None:
        """Checks that calls were made: ``assert_called("POST /v2/oauthtoken", times=1)``.

        Raises ``AssertionError`` with the nearest recorded exchanges where they were not. Without
        ``times`` one entry is enough; 0 means that there is none. Raises
        :class:`~mock_sei.errors.Rejected` for an unknown keyword, and for a value that no entry
        has.
        """
        search = read_wanted(operation, wanted)
        if times is not None:
            require_count("times", times)
        entries = self.entries
        found = sum(search.fits(each) for each in entries)
        if found < 1 if times is None else found != times:
            raise AssertionError(explain_absence(search, times, found, entries))

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self.entries)


class WholeJournal(JournalView):
    """Everybody's entries."""

    @property
    @abstractmethod
    def dropped(self) -> int:
        """How many entries were let go because the journal was full."""

    @abstractmethod
    def clear(self) -> None: ...

    @named_plainly
    def of(self, application: Application) -> JournalView:
        """The part of one application: its exchanges, and the handshakes of its certificates."""
        return self._of(_require_application(application))

    @abstractmethod
    def _of(self, application: Application) -> JournalView: ...


def _require_application(value: object) -> Application:
    """Raises :class:`Rejected` for what is none."""
    if not isinstance(value, Application):
        wanted = 'an Application, such as mock_sei.applications["demo-server"]'
        raise Rejected({"application": f"must be {wanted}, not {kind_of(value)}"})
    return value


def nothing_of(application: Application) -> str:
    return (
        f"the journal has nothing of {application.name}: the server saw no request of it and no "
        "handshake with its certificate"
    )


class ApplicationJournal(JournalView):
    """What of a journal concerns one application."""

    def __init__(self, whole: Journal, application: Application) -> None:
        self._whole = whole
        self._application = application
        self.nothing = nothing_of(application)

    @property
    def entries(self) -> list[Entry]:
        told = self._whole.tell(of=self._application)
        return [entry for _, entry in told.entries]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A part of the journal, with the numbers that its entries have since the last reset."""

    entries: Sequence[tuple[int, Entry]]
    """Oldest first."""
    dropped: int
    last: int
    """Number of the newest entry, wanted or not; 0 where there is none."""

    def to_json(self) -> dict[str, Any]:
        return {
            "entries": [numbered(*each) for each in self.entries],
            "dropped": self.dropped,
            "last": self.last,
        }


def numbered(number: int, entry: Entry) -> dict[str, Any]:
    """An entry as the control API tells it."""
    return {"number": number, **entry.to_json()}


_MOST_RELEASED = 1000
"""Names that are kept beside those that entries may have."""


def _names(application: str | None, account: str | None) -> list[tuple[str, str]]:
    """Names as they are kept: an application may be called as another's account is."""
    named = (("application", application), ("account", account))
    return [(kind, name) for kind, name in named if name is not None]


def _names_of(entry: Entry) -> list[tuple[str, str]]:
    """The application that an entry names, and the account whose certificate was shown."""
    shown = entry.certificate
    return _names(entry.application, shown.common_name if shown else None)


class Journal(WholeJournal):
    """The last entries, as the server keeps them.

    All of them together have a limit in bytes. Over it the oldest lose their bodies, then their
    headers, and only then themselves.
    """

    def __init__(self, size: int, *, limit: int = MEMORY_LIMIT) -> None:
        self._size, self._limit = size, limit
        self._lock = threading.Lock()
        self._released: dict[tuple[str, str], int] = {}
        """The number of the release of each name that its bearer has no more, counted from 1."""
        self._releases = 0
        self._forget()

    def _forget(self) -> None:
        self._whole: deque[Entry] = deque()
        self._without_body: deque[Entry] = deque()
        self._bare: deque[Entry] = deque()
        self._memory = 0
        self._recorded = 0

    def add(self, entry: Entry) -> None:
        entry.settle()
        entry.size = entry.measure()
        with self._lock:
            if entry.releases is None:
                entry.releases = self._releases
            self._whole.append(entry)
            self._recorded += 1
            self._memory += entry.size
            if self._count() > self._size:
                self._drop_oldest()
            while self._memory > self._limit:
                self._let_go()

    def clear(self) -> None:
        with self._lock:
            self._forget()

    @property
    def releases(self) -> int:
        """How many names were released; an entry keeps how many it were when it began."""
        return self._releases

    @property
    def released_names(self) -> int:
        """How many names it keeps because their bearers are gone."""
        return len(self._released)

    def release(self, *, application: str | None = None, account: str | None = None) -> None:
        """Nobody has these names any more: what began before now concerns no later bearer."""
        with self._lock:
            self._releases += 1
            for name in _names(application, account):
                self._released.pop(name, None)
                self._released[name] = self._releases
            if len(self._released) > 4 * self._size + _MOST_RELEASED:
                self._sweep_released()

    @property
    def entries(self) -> list[Entry]:
        with self._lock:
            return [*self._bare, *self._without_body, *self._whole]

    @property
    def last(self) -> Entry:
        with self._lock:
            newest = next(self._newest_first(), None)
        if newest is None:
            raise LookupError(self.nothing)
        return newest

    def __len__(self) -> int:
        with self._lock:
            return self._count()

    @property
    def memory(self) -> int:
        """Bytes that its entries take, about."""
        return self._memory

    @property
    def dropped(self) -> int:
        with self._lock:
            return self._recorded - self._count()

    def newest(self, count: int | None = None, *, after: int = 0) -> Told:
        """The newest entries with a number above ``after``, at most ``count``."""
        with self._lock:
            kept, recorded = self._count(), self._recorded
            fresh = min(kept, recorded - after, kept if count is None else count)
            found = list(islice(self._newest_first(), max(0, fresh)))
        found.reverse()
        first = recorded - len(found) + 1
        return Told(entries=list(enumerate(found, first)), dropped=recorded - kept, last=recorded)

    def _of(self, application: Application) -> ApplicationJournal:
        return ApplicationJournal(self, application)

    def tell(
        self,
        wanted: Wanted | None = None,
        after: int = 0,
        *,
        of: Application | None = None,
        limit: int | None = None,
    ) -> Told:
        """Those that fit, concern an application and have a number above ``after``.

        With ``limit`` only the newest so many are told.
        """
        if of is None and (wanted is None or wanted == Wanted()):
            return self.newest(limit, after=after)
        looked_at = self.newest(after=after)
        fitting = (
            (number, entry)
            for number, entry in reversed(looked_at.entries)
            if (wanted is None or wanted.fits(entry)) and (of is None or self._is_of(of, entry))
        )
        found = list(islice(fitting, limit))
        return replace(looked_at, entries=found[::-1])

    def to_json(
        self,
        wanted: Wanted | None = None,
        after: int = 0,
        *,
        of: Application | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """What :meth:`tell` finds."""
        return self.tell(wanted, after, of=of, limit=limit).to_json()

    def _is_of(self, application: Application, entry: Entry) -> bool:
        """Whether an entry concerns an application, and no earlier one of its name or account."""
        if not entry.concerns(application):
            return False
        with self._lock:
            began = entry.releases or 0
            names = _names(application.name, application.service_account)
            had = _names_of(entry)
            return any(self._released.get(each, 0) <= began for each in names if each in had)

    # Under the lock

    def _sweep_released(self) -> None:
        """Keeps the names that an entry has, at most two for each."""
        had: set[tuple[str, str]] = set()
        for each in self._newest_first():
            had.update(_names_of(each))
        self._released = {name: at for name, at in self._released.items() if name in had}

    def _count(self) -> int:
        return len(self._bare) + len(self._without_body) + len(self._whole)

    def _newest_first(self) -> Iterator[Entry]:
        return chain(reversed(self._whole), reversed(self._without_body), reversed(self._bare))

    def _let_go(self) -> None:
        """Makes the oldest entry that has most smaller, and drops one where none has anything."""
        if self._whole:
            entry = self._whole.popleft()
            entry.let_go_of_bodies()
            self._without_body.append(entry)
        elif self._without_body:
            entry = self._without_body.popleft()
            entry.let_go_of_head()
            self._bare.append(entry)
        else:
            self._drop_oldest()
            return
        size = entry.measure()
        self._memory += size - entry.size
        entry.size = size

    def _drop_oldest(self) -> None:
        for each in (self._bare, self._without_body, self._whole):
            if each:
                self._memory -= each.popleft().size
                return
