"""A unit of work: begin, work, commit. All servers on one store are one platform by it.

*Begin* brings what other servers changed. The *work* runs synchronously on the tables of
``rules/stored.py``, which note each change. *Commit* writes all changes together, before the answer
is sent. Work that only reads takes no lock. Before its first change it reserves the store; if
somebody changed the state since its beginning, it runs again from there, with the store reserved.
So changes of all servers come one after the other, and each sees those before it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mock_sei.errors import StoreAway
from mock_sei.rules import machine
from mock_sei.rules.stored import Stored
from mock_sei.state.store import Change, Head, Loaded, Store, StoreBusy
from mock_sei.state.timed import timed
from mock_sei.state.units import LASTING, Beginning, StoreObserver, Target, Units

if TYPE_CHECKING:
    from mock_sei.journal.log import EntryLog

logger = logging.getLogger("mock_sei")

A = TypeVar("A")

MOST_TRIES = 5
"""So often work runs at most, if others change the state meanwhile."""
PATIENCE = 5.0
"""Seconds that work waits for a store that somebody else has reserved."""
_PAUSES = (0.001, 0.005)
"""Seconds between two tries to use a store that somebody else has reserved: at first, at last."""
MOST_UNWRITTEN = 500
"""Journal entries that a server keeps at most while they cannot be written."""
_TURN = 0.001
"""Seconds until the event loop looks again whether a thread has finished its unit."""


class Restart(BaseException):
    """The work must run again: the state changed since its beginning. No ``except Exception`` of
    the domain may stop it."""


_Place = tuple[str, str]
"""The name of a table, and a key."""


@dataclass(slots=True)
class _Unit:
    epoch: int
    sequence: int
    holds: bool
    """True while it has reserved the store, with this server's lock."""
    changed: dict[_Place, None] = field(default_factory=dict)
    """Where a record changed, in order."""
    former: Stored | None = None
    """The tables that a reset in this unit replaced. Without a commit no reset came."""
    must_commit: bool = False
    """True if the store was changed already: a new epoch began, or the journal was cleared."""
    entries: list[tuple[int, str]] = field(default_factory=list)
    """Journal entries to write at its end, each with its epoch."""

    @property
    def has_changes(self) -> bool:
        return self.must_commit or bool(self.changed)


class _Current(threading.local):
    unit: _Unit | None = None


class _Tries:
    """How often and how long work was tried."""

    def __init__(self, *, changes: bool) -> None:
        self.holds = changes
        self._left = MOST_TRIES
        self._until = machine.monotonic() + PATIENCE
        self._pause = _PAUSES[0]

    def again(self, error: BaseException) -> float:
        """Seconds until the next try. Raises :class:`StoreAway` if there is none."""
        if isinstance(error, Restart):
            self.holds = True
            self._left -= 1
            if self._left > 0:
                return 0.0
            raise StoreAway("other servers changed the state again and again meanwhile") from None
        if machine.monotonic() < self._until:
            pause, self._pause = self._pause, min(2 * self._pause, _PAUSES[1])
            return pause
        problem = f"another process has kept the store reserved for {PATIENCE:.0f} s"
        raise StoreAway(problem) from None


class Reserving(Protocol):
    """A store that can be reserved."""

    def reserve(self) -> None: ...


def reserve_patiently(store: Reserving) -> None:
    """Reserves a store in this thread, which may wait. Raises :class:`StoreAway`."""
    tries = _Tries(changes=True)
    while True:
        try:
            return store.reserve()
        except StoreBusy as error:
            time.sleep(tries.again(error))


class SharedUnits(Units):
    """Units of work on a store that several servers share."""

    is_shared = True

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        """Held by whoever uses the store, and by a unit from its first change to its end."""
        self._current = _Current()
        self._target: Target | None = None
        self._head = Head(0, 0, 0, 0)
        """How far this server's tables have come."""
        self._is_stale = False
        """True after a failed commit: the tables have changes that the store has not."""
        self._is_fresh = False
        """True from a refresh on the event loop to the end of this turn of the loop."""
        self._observer: StoreObserver | None = None
        self._unwritten: deque[tuple[int, str]] = deque()
        """Journal entries that are not in the store yet, each with its epoch."""
        self._flushing: set[asyncio.Task[None]] = set()
        self._writings = 0
        """How often entries were written by this server."""
        self._read_problem: str | None = None
        self._write_problem: str | None = None
        """Why the store could not be read, or written, at the last try."""

    def observe(self, observer: StoreObserver) -> None:
        with self._lock:
            self._observer = observer
            self._store = timed(self._store, observer.round_trip)

    @property
    def problem(self) -> str | None:
        return self._read_problem or self._write_problem

    def _note_problem(self, *, read: str | None, write: str | None) -> None:
        """Keeps why the store cannot be used; the log says it when that begins and ends."""
        before = self.problem
        self._read_problem, self._write_problem = read, write
        if self.problem is None:
            if before is not None:
                logger.warning("the state can be reached again")
        elif before is None:
            logger.error("the state cannot be reached: %s", self.problem)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Around what must write to succeed: keeps why that is not possible."""
        try:
            yield
        except StoreAway as error:
            self._note_problem(read=self._read_problem, write=str(error))
            raise
        if self._write_problem is not None:
            self._note_problem(read=self._read_problem, write=None)

    # Beginning

    def timestamp(self) -> float:
        return self._store.timestamp()

    def start(self, target: Target) -> None:
        tries = _Tries(changes=True)
        with self._lock:
            self._target = target
            while True:
                reserve_patiently(self._store)
                try:
                    loaded = self._store.load(None)
                    begun = self._build(loaded, is_new=not loaded.rows)
                    return self._write(begun)
                except StoreBusy as error:  # the reservation was lost: it took too long
                    self._store.release()
                    time.sleep(tries.again(error))
                except BaseException:
                    self._store.release()
                    raise

    def _build(self, loaded: Loaded, *, is_new: bool = False) -> list[_Place]:
        """Makes the state anew. Returns what was made for it and is not in the store: something
        only if it ``is_new``, so that nobody had it before."""
        beginning = Beginning(
            epoch=loaded.head.epoch,
            is_new=is_new,
            changes=loaded.changes,
            rows=[each for each in loaded.rows if not each[0].startswith(LASTING)],
            lasting=[each for each in loaded.rows if each[0].startswith(LASTING)],
        )
        is_reset = loaded.head.epoch != self._head.epoch
        begun = self._install(beginning, is_reset=is_reset)
        self._head, self._is_stale = loaded.head, False
        return begun

    def _install(self, beginning: Beginning, *, is_reset: bool) -> list[_Place]:
        """Makes the state anew. What works on the former one runs again, unless it ``is_reset``:
        then it ends on that one."""
        target = self._require_target()
        for each in target.tables:
            each.note = self._note_past if is_reset else _outdated
            each.has_ended = is_reset
        lasting = target.tables[1]
        if beginning.lasting is None:  # a reset does not replace it, and may change it
            lasting.note, lasting.is_being_built = None, True
        target.build(beginning)
        lasting.is_being_built = False
        begun: list[_Place] = []
        for each in target.tables:
            begun += each.begun
            each.begun.clear()
            each.is_being_built = False
            each.note, each.has_ended = self._note, False
        return begun

    def _require_target(self) -> Target:
        if self._target is None:
            raise RuntimeError("the platform has not started")
        return self._target

    def begin_epoch(self, changes: Mapping[str, Any]) -> None:
        unit = self._current.unit
        if unit is None:
            raise RuntimeError("a reset outside of a unit of work")
        if not unit.holds:
            self._hold(unit)
        epoch = self._store.begin_epoch(changes)
        unit.former = unit.former or self._require_target().tables[0]
        begun = self._install(Beginning(epoch=epoch, is_new=True, changes=changes), is_reset=True)
        self._head = self._head._replace(epoch=epoch)
        kept = [each for each in unit.changed if each[0].startswith(LASTING)]
        unit.changed = dict.fromkeys([*kept, *begun])
        unit.must_commit = True

    # What other servers did

    def refresh(self) -> None:
        tries = _Tries(changes=False)
        while True:
            try:
                with self._lock:
                    return self._catch_up()
            except StoreBusy as error:
                pause = self._again(tries, error)
            time.sleep(pause)

    async def refresh_on_loop(self) -> None:
        tries = _Tries(changes=False)
        while True:
            await self._take_turn()
            try:
                self._catch_up()
            except StoreBusy as error:
                pause = self._again(tries, error)
            else:
                self._is_fresh = True
                asyncio.get_running_loop().call_soon(self._end_freshness)
                return
            finally:
                self._lock.release()
            await asyncio.sleep(pause)

    def _end_freshness(self) -> None:
        self._is_fresh = False

    def _again(self, tries: _Tries, error: BaseException) -> float:
        """Seconds until the next try. Raises :class:`StoreAway`, which is kept as the problem."""
        if self._observer is not None:
            self._observer.retried()
        try:
            return tries.again(error)
        except StoreAway as away:
            if isinstance(error, StoreBusy):
                self._note_problem(read=self._read_problem, write=str(away))
            raise

    def _catch_up(self) -> None:
        """Brings what other servers changed. It needs the lock."""
        if self._current.unit is not None:
            return  # the unit goes on with what it began with
        head = self._reach()
        is_same = (head.epoch, head.sequence) == (self._head.epoch, self._head.sequence)
        if is_same and not self._is_stale:
            return
        loaded = self._store.load(None if self._is_stale else self._head)
        if loaded.is_whole:
            self._build(loaded)
            return
        state, lasting = self._require_target().tables
        for name, key, text in loaded.rows:
            (lasting if name.startswith(LASTING) else state).apply(name, key, text)
        self._head = loaded.head

    def _reach(self) -> Head:
        """How far the store has come."""
        try:
            head = self._store.begin()
        except StoreAway as error:
            self._note_problem(read=str(error), write=self._write_problem)
            raise
        if self._read_problem is not None:
            self._note_problem(read=None, write=self._write_problem)
        return head

    def look_after(self) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            with suppress(StoreAway, StoreBusy):
                self._reach()
                if self._write_problem is not None and self._current.unit is None:
                    with self._writing():
                        self._store.try_to_write()
                self._write_entries()
        finally:
            self._lock.release()

    # Work

    def run(self, work: Callable[[], A], *, changes: bool = False) -> A:
        if self._current.unit is not None:
            return work()  # a part of the unit that runs
        tries = _Tries(changes=changes)
        while True:
            self._lock.acquire()
            try:
                return self._attempt(work, holds=tries.holds)
            except (Restart, StoreBusy) as error:
                pause = self._again(tries, error)
            time.sleep(pause)

    async def run_on_loop(self, work: Callable[[], A], *, changes: bool = False) -> A:
        tries = _Tries(changes=changes)
        while True:
            await self._take_turn()
            try:
                return self._attempt(work, holds=tries.holds, is_fresh=self._is_fresh)
            except (Restart, StoreBusy) as error:
                pause = self._again(tries, error)
            await asyncio.sleep(pause)

    async def _take_turn(self) -> None:
        """Takes the lock, without waiting on the event loop for a thread."""
        while not self._lock.acquire(blocking=False):  # noqa: ASYNC110  # a thread may hold it
            await asyncio.sleep(_TURN)  # no event of asyncio tells of a thread

    def _attempt(self, work: Callable[[], A], *, holds: bool, is_fresh: bool = False) -> A:
        """One try. It begins with the lock, and ends without. If the state ``is_fresh``, a request
        that this work belongs to has just begun on it, and the store is not asked once more."""
        unit = self._begin(holds=holds, is_fresh=is_fresh)
        self._current.unit = unit
        try:
            result = work()
        except (Restart, StoreBusy):
            self._current.unit = None
            self._give_up(unit)
            raise
        except BaseException:  # a refusal: what was changed until then stays changed
            self._current.unit = None
            self._finish(unit)
            raise
        self._current.unit = None
        self._finish(unit)
        return result

    def _begin(self, *, holds: bool, is_fresh: bool) -> _Unit:
        """A unit on what the store has now. It keeps the lock if it ``holds`` the store."""
        try:
            if holds:
                self._store.reserve()
            try:
                if holds or self._is_stale or not is_fresh:
                    self._catch_up()
            except BaseException:
                if holds:
                    self._store.release()
                raise
        except BaseException:
            self._lock.release()
            raise
        unit = _Unit(self._head.epoch, self._head.sequence, holds)
        if not holds:
            self._lock.release()
        return unit

    def _note(self, name: str, key: str) -> None:
        """A record of the present state is about to change."""
        unit = self._current.unit
        if unit is None:
            raise RuntimeError(f"{name} was changed outside of a unit of work")
        if not unit.holds:
            self._hold(unit)
        unit.changed[name, key] = None

    def _note_past(self, name: str, key: str) -> None:  # noqa: ARG002  # a Note
        """A record of a state before a reset is about to change, which no store keeps. Work that
        also changes what no reset empties must run again before its first change too."""
        unit = self._current.unit
        if unit is not None and not unit.holds:
            self._hold(unit)

    def _hold(self, unit: _Unit) -> None:
        """Reserves the store before the first change. Raises :class:`Restart` if the state is not
        that of the beginning any more.

        This thread may have locks of the domain, so it must not wait for a thread that needs them.
        """
        if not self._lock.acquire(blocking=False):
            raise Restart
        try:
            self._store.reserve()
            try:
                began = (unit.epoch, unit.sequence)
                for head in (self._head, self._store.begin()):
                    if (head.epoch, head.sequence) != began:
                        raise Restart
            except BaseException:
                self._store.release()
                raise
        except BaseException:
            self._lock.release()
            raise
        unit.holds = True

    def _give_up(self, unit: _Unit) -> None:
        if unit.holds:
            try:
                self._is_stale = self._is_stale or unit.has_changes
                self._keep_former(unit)
                self._store.release()
            finally:
                self._lock.release()

    def _finish(self, unit: _Unit) -> None:
        """Commits what a unit changed, and writes its journal entries."""
        if unit.holds:
            try:
                if unit.has_changes:
                    self._write(unit.changed)
                else:
                    self._store.release()
            except BaseException:
                self._keep_former(unit)
                raise
            finally:
                self._lock.release()
        if unit.entries:
            self._unwritten += unit.entries
            self._try_to_write_entries()

    def _keep_former(self, unit: _Unit) -> None:
        """After a reset that was not committed, what works on the state before it runs again."""
        if unit.former is not None:
            unit.former.note, unit.former.has_ended = _outdated, False

    def _write(self, changed: Iterable[_Place]) -> None:
        """Commits the records at these places, and ends the reservation."""
        state, lasting = self._require_target().tables
        changes = []
        try:
            for name, key in changed:
                text, stays = (lasting if name.startswith(LASTING) else state).written(name, key)
                changes.append(Change(name, key, text, stays))
            with self._writing():
                sequence = self._store.commit(changes)
        except BaseException:
            self._is_stale = True
            self._store.release()
            raise
        self._head = self._head._replace(sequence=sequence)

    # The journal

    @property
    def log(self) -> EntryLog:
        return self

    def add_entry(self, text: str) -> None:
        """Adds a journal entry of the present epoch. In a unit it is written at its end, and not
        at all if the unit runs again. It raises nothing: what cannot be written waits."""
        unit = self._current.unit
        if unit is not None:
            unit.entries.append((self._head.epoch, text))
            return
        self._unwritten.append((self._head.epoch, text))
        self._try_to_write_entries()

    def _try_to_write_entries(self) -> None:
        """Writes the waiting entries, unless that means to wait: flush() tries again."""
        if self._lock.acquire(blocking=False):
            try:
                with suppress(StoreBusy):
                    self._write_entries()
            finally:
                self._lock.release()
        if self._unwritten:
            with suppress(RuntimeError):  # in a thread: the server looks once a second
                loop = asyncio.get_running_loop()
                self._flushing.add(task := loop.create_task(self.flush()))
                task.add_done_callback(self._flushing.discard)

    def _write_entries(self) -> None:
        """Writes the waiting entries. It needs the lock. Raises :class:`StoreBusy`."""
        if self._current.unit is not None and self._current.unit.holds:
            return  # the unit has a transaction, which may end without a commit
        entries = list(self._unwritten)
        if not entries:
            return
        try:
            with self._writing():
                self._store.add_entries(entries)
        except StoreAway as error:
            lost = len(entries) - MOST_UNWRITTEN
            for _ in range(lost):
                self._unwritten.popleft()
            if lost > 0:
                logger.error("%d journal entries are lost: %s", lost, error)
            return
        for _ in entries:
            self._unwritten.popleft()
        self._writings += 1

    async def flush(self) -> None:
        tries = _Tries(changes=True)
        while self._unwritten:
            await self._take_turn()
            try:
                self._write_entries()
            except StoreBusy as error:
                if self._write_problem is not None:
                    return  # others have waited in vain; look_after() tries again
                try:
                    pause = self._again(tries, error)
                except StoreAway:
                    return
            else:
                return
            finally:
                self._lock.release()
            await asyncio.sleep(pause)

    def journal_head(self) -> tuple[int, int]:
        """The number of the newest journal entry, and a number that grows whenever all are
        removed."""
        with self._lock, self._away_if_busy():
            with suppress(StoreBusy):
                self._write_entries()
            head = self._store.begin()
        return head.recorded, (head.epoch << 32) + head.clearings

    def entries_after(self, number: int, most: int) -> Sequence[tuple[int, str]]:
        """The newest journal entries after a number, at most so many, the oldest first."""
        with self._lock, self._away_if_busy():
            return self._store.entries_after(number, most)

    @contextmanager
    def _away_if_busy(self) -> Iterator[None]:
        """Outside of a unit, which would run again, a store that cannot be read is away."""
        try:
            yield
        except StoreBusy as error:
            if self._current.unit is not None:
                raise
            raise StoreAway(str(error)) from None

    def clear_journal(self) -> None:
        """Removes all journal entries, with the unit that runs, or in one of its own."""
        self.run(self._clear_journal, changes=True)

    def _clear_journal(self) -> None:
        unit = self._current.unit
        if unit is None:
            raise RuntimeError("the journal is cleared in a unit of work")
        if not unit.holds:
            self._hold(unit)
        unit.entries.clear()
        self._unwritten.clear()
        self._store.clear_journal()
        unit.must_commit = True

    def look(self) -> tuple[int, int] | None:
        """What differs from the one before if the journal may have changed since; None while the
        store cannot be asked."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._store.look(), self._writings
        except (StoreAway, StoreBusy):
            return None
        finally:
            self._lock.release()

    def close(self) -> None:
        with self._lock:
            with suppress(StoreBusy):
                self._write_entries()
            self._store.close()


def _outdated(name: str, key: str) -> None:  # noqa: ARG001  # a Note
    """The tables were loaded anew since this work began."""
    raise Restart
