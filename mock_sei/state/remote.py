"""Units of work on a store that is reached by a network: a thread waits for it, never the loop.

One thread does the work of the event loop's requests, one after the other, as the loop does with a
store on its own machine. Requests that wait for it at the same time share one reservation and one
commit, so that they share what the network costs. What the loop asks of the store without a unit of
work, it gets as the thread found it last.

Work may hold locks of the domain, which the loop takes too. Therefore no work waits for the
network: the thread asks the store before the work begins and after it has ended. Work that was
begun without a reservation, and wants to change something, begins again with one.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from mock_sei.errors import StoreAway
from mock_sei.rules import machine
from mock_sei.rules.clock import CLOCK_TOLERANCE
from mock_sei.state.store import Store, StoreBusy, is_on_event_loop
from mock_sei.state.unit_of_work import Restart, SharedUnits, _Tries, _Unit
from mock_sei.state.units import Target

logger = logging.getLogger("mock_sei")

A = TypeVar("A")

MOST_TOGETHER = 32
"""So many requests share a commit at most: Redis runs a commit as a whole, and others wait."""


@dataclass(kw_only=True, slots=True, eq=False)
class _Job:
    """Work of a request, which waits for the thread."""

    work: Callable[[], Any]
    holds: bool
    is_fresh: bool
    done: Future[Any] = field(default_factory=Future)


class RemoteUnits(SharedUnits):
    """Units of work on a store that answers late or never."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._thread = ThreadPoolExecutor(1, "mock-sei state")
        self._jobs: deque[_Job] = deque()
        self._next_refresh: Future[None] | None = None
        """A refresh that has not begun yet. All that come until then wait for it."""
        self._refreshing = threading.Lock()
        self._writing_now: asyncio.Task[None] | None = None
        self._looking_after: Future[None] | None = None
        self._looking: Future[None] | None = None
        self._looked: tuple[int, int] | None = None

    def start(self, target: Target) -> None:
        super().start(target)
        off = machine.timestamp() - self.timestamp()
        if abs(off) >= CLOCK_TOLERANCE:
            logger.warning(
                "the clock of this machine is %.1f s %s that of the state's server, by which the "
                "platform goes; set one of them right. Until then mock-sei checks the dates of "
                "certificates itself, and a refused client gets no TLS alert that says why",
                abs(off),
                "ahead of" if off > 0 else "behind",
            )

    async def _off_loop(self, work: Callable[[], A]) -> A:
        """Does work in the thread, with the context of this task."""
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._thread, run, work)

    # Work

    async def run_on_loop(self, work: Callable[[], A], *, changes: bool = False) -> A:
        tries = _Tries(changes=changes)
        run = contextvars.copy_context().run
        while True:
            job = _Job(work=partial(run, work), holds=tries.holds, is_fresh=self._is_fresh)
            self._jobs.append(job)
            self._in_thread(self._work_off)
            try:
                found: A = await asyncio.wrap_future(job.done)
            except (Restart, StoreBusy) as error:
                pause = self._again(tries, error)
            else:
                return found
            await asyncio.sleep(pause)

    def _work_off(self) -> None:
        """Does the work of all requests that wait for it."""
        jobs: list[_Job] = []
        while self._jobs and len(jobs) < MOST_TOGETHER:
            job = self._jobs.popleft()
            if job.done.set_running_or_notify_cancel():
                jobs.append(job)
        changing: Sequence[_Job]
        changing = [each for each in jobs if each.holds or not self._has_read(each)]
        while changing:
            changing = self._change_together(changing)

    def _has_read(self, job: _Job) -> bool:
        """Does work that only reads. False if it wants to change something."""
        try:
            self._lock.acquire()
            found = self._attempt(job.work, holds=False, is_fresh=job.is_fresh)
        except Restart:
            return False
        except BaseException as error:
            job.done.set_exception(error)
        else:
            job.done.set_result(found)
        return True

    def _change_together(self, jobs: Sequence[_Job]) -> Sequence[_Job]:
        """Does work with one reservation and one commit. Returns the jobs that are left: those
        after a reset, or all others if one must run again that has changed something."""
        ended: list[Callable[[], None]] = []
        unit: _Unit | None = None
        left = deque(jobs)
        try:
            self._lock.acquire()
            unit = self._begin(holds=True, is_fresh=False)
            while left and not unit.must_commit:
                job = left.popleft()
                before = len(unit.changed), len(unit.entries)
                try:
                    ended.append(partial(job.done.set_result, self._do(job, unit)))
                except (Restart, StoreBusy) as error:
                    if (len(unit.changed), unit.must_commit) != (before[0], False):
                        self._give_up(unit)
                        job.done.set_exception(error)
                        return [each for each in jobs if each is not job]
                    del unit.entries[before[1] :]
                    ended.append(partial(job.done.set_exception, error))
                except BaseException as error:  # a refusal: what was changed stays changed
                    ended.append(partial(job.done.set_exception, error))
            self._finish(unit)
        except BaseException as error:
            for each in jobs:
                if each not in left or unit is None:
                    each.done.set_exception(error)
            return list(left) if unit is not None else []
        for end in ended:
            end()
        return list(left)

    def _do(self, job: _Job, unit: _Unit) -> Any:
        self._current.unit = unit
        try:
            return job.work()
        finally:
            self._current.unit = None

    def _hold(self, unit: _Unit) -> None:  # noqa: ARG002  # as its base
        """Lets the work begin again with a reservation, since to reserve the store means to wait:
        this thread may have locks of the domain that the event loop takes."""
        raise Restart

    def do_soon(self, task: Callable[[], None]) -> None:
        if is_on_event_loop():
            self._submit(task)
        else:
            task()

    async def refresh_on_loop(self) -> None:
        with self._refreshing:
            waited = self._next_refresh
            if waited is None:
                waited = self._next_refresh = self._in_thread(self._refresh)
        await asyncio.shield(asyncio.wrap_future(waited))
        self._is_fresh = True
        asyncio.get_running_loop().call_soon(self._end_freshness)

    def _refresh(self) -> None:
        with self._refreshing:  # it is held for a moment only
            self._next_refresh = None  # who comes from now on may not see what this one reads
        self.refresh()

    def look_after(self) -> None:
        if self._looking_after is None or self._looking_after.done():
            self._looking_after = self._submit(super().look_after)

    def _in_thread(self, work: Callable[[], None]) -> Future[None]:
        """Raises :class:`StoreAway` if this server has let go of the store."""
        try:
            return self._thread.submit(work)
        except RuntimeError:
            raise StoreAway("this server is ending") from None

    def _submit(self, work: Callable[[], None]) -> Future[None] | None:
        try:
            return self._in_thread(work)
        except StoreAway:
            return None

    # The journal

    def _try_to_write_entries(self) -> None:
        """Writes the waiting entries, unless that means to wait: flush() does it then."""
        if is_on_event_loop():
            self._write_soon()
        else:
            super()._try_to_write_entries()

    def _write_soon(self) -> asyncio.Task[None]:
        if self._writing_now is None or self._writing_now.done():
            self._writing_now = asyncio.get_running_loop().create_task(
                self._off_loop(self._write_in_turn)
            )
        return self._writing_now

    def _write_in_turn(self) -> None:
        with self._lock:
            self._write_entries()

    async def flush(self) -> None:
        while self._unwritten:
            await asyncio.shield(self._write_soon())
            if self._write_problem is not None:
                return  # look_after() tries again

    def look(self) -> tuple[int, int] | None:
        """What the thread found last, which looks once more for the next time."""
        if self._looking is None or self._looking.done():
            self._looking = self._submit(self._look)
        looked = self._looked
        return None if looked is None else (looked[0], self._writings)

    def _look(self) -> None:
        self._looked = super().look()

    def close(self) -> None:
        self._thread.shutdown()
        super().close()
