"""The journal: all requests with their answers, and all failed handshakes, for tests to check.

It is limited in number and in bytes, and it reports how many entries it has dropped.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, Unpack

from mock_sei.errors import Rejected
from mock_sei.journal.activity import Activities, Activity
from mock_sei.journal.entries import Entry
from mock_sei.journal.log import EntryLog, Looking, News, news_of, written
from mock_sei.journal.recorded import apart
from mock_sei.journal.search import (
    Wanted,
    WantedCall,
    WantedFields,
    explain_absence,
    find_absence,
    find_disorder,
    read_calls,
    read_wanted,
)
from mock_sei.journal.watches import Watch, Watches
from mock_sei.rules.arguments import (
    kind_of,
    named_plainly,
    named_plainly_throughout,
    require_count,
    require_seconds,
    require_times,
)
from mock_sei.rules.followers import Followers
from mock_sei.rules.records import Application
from mock_sei.rules.stored import Stored, Table

LONGEST_WAIT = 300.0
"""The most seconds of one wait for entries."""
MEMORY_LIMIT = 32 * 1024 * 1024
"""The bytes of memory that all entries together may take."""


@named_plainly_throughout
class JournalView(ABC):
    """Entries of a journal, the oldest first, in this process or on another server."""

    nothing = "the journal is empty: the server saw no request and no handshake"
    """The error message of :attr:`last` if there is no entry."""

    @property
    @abstractmethod
    def entries(self) -> list[Entry]:
        """All entries, the oldest first."""

    @property
    def last(self) -> Entry:
        """The newest entry. Raises ``LookupError`` if there is none."""
        entries = self.entries
        if not entries:
            raise LookupError(self.nothing)
        return entries[-1]

    def find(self, operation: str | None = None, **wanted: Unpack[WantedFields]) -> list[Entry]:
        """The matching entries, the oldest first: ``find("POST /v2/oauthtoken", status=200)``.

        ``wanted`` are fields of an entry (``status``, ``kind``, ``listener``, ``application``,
        ``service_account``, ``refused_by``), and parts of its request (``query``, ``headers``,
        ``json``, ``body``). Raises :class:`~mock_sei.errors.Rejected` for other fields, and for
        values that no entry can have.
        """
        return self._find(read_wanted(operation, wanted))

    def assert_called(
        self,
        operation: str | None = None,
        *,
        times: int | None = None,
        **wanted: Unpack[WantedFields],
    ) -> None:
        """Raises ``AssertionError`` if the matching entries are not ``times``, or not at least one.

        ``times=0`` means that there must be none. The error shows the nearest entries. The
        arguments are those of :meth:`find`, which says when :class:`~mock_sei.errors.Rejected` is
        raised.
        """
        search = read_wanted(operation, wanted)
        if times is not None:
            require_count("times", times)
        _raise(self._find_absence(search, times))

    def assert_not_called(
        self, operation: str | None = None, **wanted: Unpack[WantedFields]
    ) -> None:
        """Raises ``AssertionError`` if an entry matches. The error shows the last of them.

        The arguments are those of :meth:`find`.
        """
        _raise(self._find_absence(read_wanted(operation, wanted), 0))

    def assert_order(self, *calls: str | WantedCall) -> None:
        """Raises ``AssertionError`` if there are no entries that match the calls in this order.

        Each call is an operation, or a dict: ``assert_order("POST /v2/oauthtoken", {"operation":
        "GET /v2/investors", "query": {"cursor": "abc"}})``. The keys are the arguments of
        :meth:`find`. Other entries may stand between them. Raises
        :class:`~mock_sei.errors.Rejected` for fewer than two calls.
        """
        searches = read_calls(calls)
        if len(searches) < 2:
            raise Rejected({"calls": "an order needs at least two calls"})
        _raise(self._find_disorder(searches))

    def wait_for(
        self,
        operation: str | None = None,
        *,
        times: int = 1,
        timeout: float = 5.0,
        **wanted: Unpack[WantedFields],
    ) -> Entry:
        """Waits until ``times`` entries match; returns the last of these, at once if it is there.

        ``timeout`` is in seconds, at most 300. Raises ``AssertionError`` with the nearest entries
        when it is over. The other arguments are those of :meth:`find`.
        """
        search = read_wanted(operation, wanted)
        require_times("times", times)
        require_seconds("timeout", timeout, most=LONGEST_WAIT)
        found, problem = self._wait_for(search, times, timeout)
        _raise(problem)
        return found[times - 1]

    @abstractmethod
    def _find(self, search: Wanted) -> list[Entry]: ...
    @abstractmethod
    def _find_absence(self, search: Wanted, times: int | None) -> str | None: ...
    @abstractmethod
    def _find_disorder(self, searches: Sequence[Wanted]) -> str | None: ...
    @abstractmethod
    def _wait_for(
        self, search: Wanted, times: int, timeout: float
    ) -> tuple[list[Entry], str | None]:
        """The entries that match, and what is missing when the time is over."""

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self.entries)


def _raise(problem: str | None) -> None:
    """Raises ``AssertionError`` if there is a problem."""
    __tracebackhide__ = True  # pytest shows the line of the test
    if problem is not None:
        raise AssertionError(problem)


class _OwnEntries(JournalView):
    """Entries that are in this process, and compared here."""

    @abstractmethod
    def watch(self, fits: Callable[[Entry], bool], times: int) -> Watch: ...
    @abstractmethod
    def end_watch(self, watch: Watch) -> None: ...

    def _find(self, search: Wanted) -> list[Entry]:
        return [each for each in self.entries if search.fits(each)]

    def _find_absence(self, search: Wanted, times: int | None) -> str | None:
        return find_absence(search, times, self._find(search), self.entries)

    def _find_disorder(self, searches: Sequence[Wanted]) -> str | None:
        entries = list(enumerate(self.entries, 1))
        found = [{at: each for at, each in entries if search.fits(each)} for search in searches]
        return find_disorder(searches, found, entries)[1]

    def _wait_for(
        self, search: Wanted, times: int, timeout: float
    ) -> tuple[list[Entry], str | None]:
        watch = self.watch(search.fits, times)
        try:
            watch.done.result(timeout)
        except TimeoutError:
            return watch.found, explain_absence(search, times, len(watch.found), self.entries)
        finally:
            self.end_watch(watch)
        return watch.found, None


class WholeJournal(JournalView):
    """The journal of a whole platform, with the entries of all applications."""

    @property
    @abstractmethod
    def dropped(self) -> int:
        """The number of entries that were deleted because the journal was full."""

    @abstractmethod
    def clear(self) -> None:
        """Deletes all entries."""

    @named_plainly
    def of(self, application: Application) -> JournalView:
        """The entries of one application: its requests, and the handshakes of its certificates."""
        return self._of(_require_application(application))

    @abstractmethod
    def _of(self, application: Application) -> JournalView: ...


def _require_application(value: object) -> Application:
    """Returns ``value`` if it is an application. Raises :class:`Rejected` otherwise."""
    if not isinstance(value, Application):
        wanted = 'an Application, such as mock_sei.applications["demo-server"]'
        raise Rejected({"application": f"must be {wanted}, not {kind_of(value)}"})
    return value


def nothing_of(application: Application) -> str:
    """The error message if the journal has no entry of an application."""
    return (
        f"the journal has nothing of {application.name}: the server saw no request of it and no "
        "handshake with its certificate"
    )


class ServerApplicationJournal(_OwnEntries):
    """The entries of one application in a journal."""

    def __init__(self, whole: ServerJournal, application: Application) -> None:
        self._whole = whole
        self._application = application
        self.nothing = nothing_of(application)

    @property
    def entries(self) -> list[Entry]:
        told = self._whole.tell(of=self._application)
        return [entry for _, entry in told.entries]

    def watch(self, fits: Callable[[Entry], bool], times: int) -> Watch:
        return self._whole.watch(fits, times, of=self._application)

    def end_watch(self, watch: Watch) -> None:
        self._whole.end_watch(watch)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Some entries of a journal, each with its number. The first after a reset has number 1."""

    entries: Sequence[tuple[int, Entry]]
    """Numbers and entries, the oldest first."""
    dropped: int
    """The number of entries that were deleted because the journal was full."""
    last: int
    """The number of the journal's newest entry, whether it is here or not; 0 without entries."""

    def to_json(self) -> dict[str, Any]:
        """The entries as the control API returns them."""
        return {
            "entries": [numbered(*each) for each in self.entries],
            "dropped": self.dropped,
            "last": self.last,
        }


def numbered(number: int, entry: Entry) -> dict[str, Any]:
    """An entry as the control API returns it, with its number."""
    return {"number": number, **entry.to_json()}


_MOST_RELEASED = 1000
"""So many released names are kept besides those that entries may have."""


def _names(application: str | None, account: str | None) -> list[str]:
    """Names with their kind: an application may have the name of another one's account."""
    named = (("application", application), ("account", account))
    return [f"{kind} {name}" for kind, name in named if name is not None]


def _names_of(entry: Entry) -> list[str]:
    """The names in an entry: its application, and the CN of its client certificate."""
    shown = entry.certificate
    return _names(entry.application, shown.common_name if shown else None)


class ServerJournal(_OwnEntries, WholeJournal):
    """The journal of a platform in this process.

    All entries together have a limit in bytes. If it is reached, the oldest entries first lose
    their bodies, then their headers, and at last they are deleted.
    """

    def __init__(
        self,
        size: int,
        *,
        limit: int = MEMORY_LIMIT,
        log: EntryLog | None = None,
        followers: Followers | None = None,
    ) -> None:
        """``log`` has the entries of all servers of a shared state. Then this journal is a copy of
        its newest entries, which every reader completes first. ``followers`` are told of each
        entry, and of whatever else other servers change."""
        self._size, self._limit, self._log = size, limit, log
        self._followers = Followers() if followers is None else followers
        self._lock = threading.RLock()
        self._watches = Watches()
        self._looking = (
            None if log is None else Looking(log, self._bring_and_tell, lambda: self._is_awaited)
        )
        self._generation = 0
        """The generation of the log that was copied."""
        self.begin(Stored())

    def begin(self, stored: Stored) -> None:
        """Begins anew, without entries, with the released names of a state. In a log its entries
        stay, unless they are of an earlier state."""
        with self._lock:
            self._stored = stored
            self._releases = 0
            self._released: Table[int] = Table(
                stored, "journal/released", changed=self._note_released
            )
            """The released names, each with the number of its release, from 1."""
            self._forget()

    def _note_released(self, key: str, before: int | None, after: int | None) -> None:  # noqa: ARG002
        self._releases = max(self._releases, after or 0)

    def _forget(self) -> None:
        self._watches.forget()
        self._drop_all()
        self._recorded = 0
        self._followers.tell()

    def _drop_all(self) -> None:
        self._whole: deque[Entry] = deque()
        self._without_body: deque[Entry] = deque()
        self._bare: deque[Entry] = deque()
        self._activities = Activities()
        self._memory = 0

    def add(self, entry: Entry) -> None:
        """Adds an entry, and frees memory if the journal is full."""
        entry.settle()
        if self._log is not None:
            self._write(self._log, entry)
            return
        entry.size = entry.measure()
        with self._lock:
            if entry.releases is None:
                entry.releases = self._releases
            self._keep(entry)

    def _write(self, log: EntryLog, entry: Entry) -> None:
        """Writes an entry to the log. From there it comes back when somebody reads it."""
        if entry.releases is None:
            entry.releases = self._releases
        log.add_entry(written(entry))
        if self._looking is not None and self._is_awaited:
            self._looking.wake()

    @property
    def _is_awaited(self) -> bool:
        """Whether somebody wants to know of each new entry."""
        return bool(self._watches) or bool(self._followers)

    def look_on(self) -> None:
        """Looks for what other servers do from now on, as long as there are followers."""
        if self._looking is not None:
            self._looking.begin()

    @property
    def looks(self) -> bool:
        """Whether it looks for what other servers do."""
        return self._looking is not None and self._looking.is_running

    def _bring_and_tell(self) -> None:
        """Something in the log's store has changed, perhaps not the log."""
        self._bring()
        self._followers.tell()

    def _bring(self) -> None:
        """Copies what is new in the log. The caller must not have the lock, since it may wait for
        the log."""
        is_done = self._log is None
        while not is_done and self._log is not None:
            with self._lock:
                generation, after = self._generation, self._recorded
            news = news_of(self._log, generation=generation, after=after, most=self._size)
            with self._lock:
                is_done = self._take(news)

    def watch(
        self, fits: Callable[[Entry], bool], times: int, *, of: Application | None = None
    ) -> Watch:
        """Waits for entries that fit, those that are there already included.

        The caller must :meth:`end_watch` it. Raises :class:`Rejected` if too many waits are open.
        """

        def fits_both(entry: Entry) -> bool:
            return fits(entry) and (of is None or self._is_of(of, entry))

        watch = Watch(fits_both, times)
        self._bring()
        with self._lock:
            self._watches.add(watch)
            kept = self._count()
            first = self._recorded - kept + 1
            watch.see(enumerate(reversed(list(self._newest_first())), first))
        if self._looking is not None:
            self._looking.begin()
        return watch

    @property
    def waits(self) -> int:
        """The number of waits that are open."""
        return len(self._watches)

    def end_watch(self, watch: Watch) -> None:
        """Ends a wait."""
        with self._lock:
            self._watches.remove(watch)
        if self._looking is not None:
            self._looking.wake()

    def clear(self) -> None:
        if self._log is not None:
            self._log.clear_journal()
            self._followers.tell()
            return
        with self._lock:
            self._forget()

    @property
    def releases(self) -> int:
        """The number of releases so far. An entry remembers this number from its beginning."""
        return self._releases

    @property
    def released_names(self) -> int:
        """The number of released names that are remembered."""
        return len(self._released)

    def release(self, *, application: str | None = None, account: str | None = None) -> None:
        """Notes that no application and no account has these names any more.

        So a later application of that name does not get the entries that began before.
        """
        with self._lock:
            number = self._stored.next_number("releases")
            for name in _names(application, account):
                self._released[name] = number
            self._activities.forget(_names(application, account))
            is_full = len(self._released) > 4 * self._size + _MOST_RELEASED
        if is_full:
            self._bring()
            with self._lock:
                self._sweep_released()

    @property
    def entries(self) -> list[Entry]:
        self._bring()
        with self._lock:
            return [*self._bare, *self._without_body, *self._whole]

    @property
    def last(self) -> Entry:
        self._bring()
        with self._lock:
            newest = next(self._newest_first(), None)
        if newest is None:
            raise LookupError(self.nothing)
        return newest

    def __len__(self) -> int:
        self._bring()
        with self._lock:
            return self._count()

    @property
    def memory(self) -> int:
        """The bytes of memory that all entries take, approximately."""
        return self._memory

    @property
    def dropped(self) -> int:
        self._bring()
        with self._lock:
            return self._recorded - self._count()

    def newest(self, count: int | None = None, *, after: int = 0) -> Told:
        """The newest entries with a number greater than ``after``, at most ``count``."""
        self._bring()
        with self._lock:
            kept, recorded = self._count(), self._recorded
            fresh = min(kept, recorded - after, kept if count is None else count)
            found = list(islice(self._newest_first(), max(0, fresh)))
        found.reverse()
        first = recorded - len(found) + 1
        return Told(entries=list(enumerate(found, first)), dropped=recorded - kept, last=recorded)

    def stretch(self, *, before: int | None = None, after: int | None = None, count: int) -> Told:
        """At most ``count`` entries in a row: those just after a number, or else those just before
        one, or else the newest."""
        self._bring()
        with self._lock:
            recorded, oldest = self._recorded, self._recorded - self._count() + 1
            if after is not None:
                first = max(after + 1, oldest)
                last = min(first + count - 1, recorded)
            else:
                last = recorded if before is None else min(before - 1, recorded)
                first = max(last - count + 1, oldest)
            skipped = recorded - last
            newest = islice(self._newest_first(), skipped, skipped + max(0, last - first + 1))
            found = list(newest)
        found.reverse()
        return Told(entries=list(enumerate(found, first)), dropped=oldest - 1, last=recorded)

    def find_numbered(self, number: int) -> Entry | None:
        """The entry with a number; None if there is none, or if it was deleted."""
        told = self.stretch(before=number + 1, count=1).entries
        return next((entry for each, entry in told if each == number), None)

    def _of(self, application: Application) -> ServerApplicationJournal:
        return ServerApplicationJournal(self, application)

    def tell(
        self,
        wanted: Wanted | None = None,
        after: int = 0,
        *,
        of: Application | None = None,
        limit: int | None = None,
    ) -> Told:
        """The entries that match ``wanted``, belong to an application, and come after a number.

        With ``limit``, only the newest of these entries are returned, so many at most.
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
        """The result of :meth:`tell`, as the control API returns it."""
        return self.tell(wanted, after, of=of, limit=limit).to_json()

    def activities_of(self, applications: Sequence[Application], now: float) -> list[Activity]:
        """When each application called last, and its refusals on the day of ``now``.

        The cost does not grow with the journal.
        """
        self._bring()
        with self._lock:
            return [self._activities.of(each, now) for each in applications]

    def _is_released(self, entry: Entry) -> bool:
        """True if the application of an entry was removed while the request was under way."""
        if not self._released.by_key:  # as nearly always
            return False
        began = entry.releases or 0
        return any(self._released.get(each, 0) > began for each in _names_of(entry))

    def _is_of(self, application: Application, entry: Entry) -> bool:
        """True if an entry belongs to an application, and not to an earlier one of that name."""
        if not entry.concerns(application):
            return False
        with self._lock:
            began = entry.releases or 0
            names = _names(application.name, application.service_account)
            had = _names_of(entry)
            return any(self._released.get(each, 0) <= began for each in names if each in had)

    # Call these with the lock

    def _keep(self, entry: Entry) -> None:
        self._whole.append(entry)
        self._recorded += 1
        self._memory += entry.size
        if not self._is_released(entry):
            self._activities.add(self._recorded, entry)
        if self._count() > self._size:
            self._drop_oldest()
        if self._watches:
            self._watches.see(self._recorded, entry)
        while self._memory > self._limit:
            self._let_go()
        self._followers.tell()

    def _take(self, news: News) -> bool:
        """Takes over what another thread may have taken over already, wholly or in part. False if
        this journal began anew meanwhile, so that entries before the news are missing."""
        if news.generation < self._generation:
            return False
        if news.generation > self._generation:
            self._generation = news.generation
            self._forget()
        if news.after > self._recorded:
            return False
        for number, entry in news.entries:
            if number > self._recorded:
                self._leave_out(number - 1)
                self._keep(entry)
        self._leave_out(news.recorded)
        return True

    def _leave_out(self, last: int) -> None:
        """Counts entries up to this number that the log has no more: it has none before them."""
        if last > self._recorded:
            self._drop_all()
            self._recorded = last

    def _sweep_released(self) -> None:
        """Forgets released names that no entry has."""
        had: set[str] = set()
        for each in self._newest_first():
            had.update(_names_of(each))
        for name in self._released:
            if name not in had:
                del self._released[name]

    def _count(self) -> int:
        return len(self._bare) + len(self._without_body) + len(self._whole)

    def _newest_first(self) -> Iterator[Entry]:
        return chain(reversed(self._whole), reversed(self._without_body), reversed(self._bare))

    def _let_go(self) -> None:
        """Frees memory: deletes the oldest bodies, or else the oldest headers, or else an entry."""
        if self._whole:
            entry = self._oldest_of(self._whole)
            entry.let_go_of_bodies()
            self._without_body.append(entry)
        elif self._without_body:
            entry = self._oldest_of(self._without_body)
            entry.let_go_of_head()
            self._bare.append(entry)
        else:
            self._drop_oldest()
            return
        size = entry.measure()
        self._memory += size - entry.size
        entry.size = size

    def _oldest_of(self, entries: deque[Entry]) -> Entry:
        entry = entries.popleft()
        # A snapshot of what was read from JSON is the entry itself.
        return entry if self._log is None else apart(entry)

    def _drop_oldest(self) -> None:
        for each in (self._bare, self._without_body, self._whole):
            if each:
                number = self._recorded - self._count() + 1
                dropped = each.popleft()
                self._memory -= dropped.size
                self._activities.drop(number, dropped)
                return
