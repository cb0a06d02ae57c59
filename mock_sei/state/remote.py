"""Units of work on a store that is reached by a network: a thread waits for it, never the loop.

One thread does the work of the event loop's requests, one after the other, as the loop does with a
store on its own machine. What the loop asks of the store without a unit of work, it gets as the
thread found it last.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from mock_sei.state.store import Store, StoreBusy
from mock_sei.state.unit_of_work import Restart, SharedUnits, _Tries

A = TypeVar("A")


class RemoteUnits(SharedUnits):
    """Units of work on a store that answers late or never."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._thread = ThreadPoolExecutor(1, "mock-sei state")
        self._next_refresh: Future[None] | None = None
        """A refresh that has not begun yet. All that come until then wait for it."""
        self._refreshing = threading.Lock()
        self._writing_now: asyncio.Task[None] | None = None
        self._looking_after: Future[None] | None = None
        self._looking: Future[None] | None = None
        self._looked: tuple[int, int] | None = None

    async def _off_loop(self, work: Callable[[], A]) -> A:
        """Does work in the thread, with the context of this task."""
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._thread, run, work)

    # Work

    async def run_on_loop(self, work: Callable[[], A], *, changes: bool = False) -> A:
        tries = _Tries(changes=changes)
        while True:
            attempt = partial(self._in_turn, work, holds=tries.holds, is_fresh=self._is_fresh)
            try:
                return await self._off_loop(attempt)
            except (Restart, StoreBusy) as error:
                pause = self._again(tries, error)
            await asyncio.sleep(pause)

    def _in_turn(self, work: Callable[[], A], *, holds: bool, is_fresh: bool) -> A:
        self._lock.acquire()
        return self._attempt(work, holds=holds, is_fresh=is_fresh)

    async def refresh_on_loop(self) -> None:
        with self._refreshing:
            waited = self._next_refresh
            if waited is None:
                waited = self._next_refresh = self._thread.submit(self._refresh)
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

    def _submit(self, work: Callable[[], None]) -> Future[None] | None:
        try:
            return self._thread.submit(work)
        except RuntimeError:  # the server has ended
            return None

    # The journal

    def _try_to_write_entries(self) -> None:
        """Writes the waiting entries, unless that means to wait: flush() does it then."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            super()._try_to_write_entries()
        else:
            self._write_soon()

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
