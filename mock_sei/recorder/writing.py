"""Writes the recording in a thread of its own, so that nobody waits for redaction or disk."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.files import RecordingWriter
from mock_sei.rules import machine

logger = logging.getLogger("mock_sei")

FLUSH_EVERY = 1.0
"""Seconds until an exchange is on disk."""
MOST_WAITING = 64 * 1024 * 1024
"""Bytes of bodies that may wait for redaction. With more of them, new requests wait."""


class RecordingThread:
    """Takes exchanges in their order, and writes what is kept of them."""

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer
        self._queue: queue.Queue[RecordedExchange | None] = queue.Queue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="recording")
        self.lost = 0
        """Exchanges that a bug of ours kept from being recorded."""
        self.problem: ConfigurationError | None = None
        """Why the last exchanges could not be written; None if all are written."""

    @property
    def count(self) -> int:
        """Exchanges that were recorded."""
        return self._writer.count

    def start(self) -> None:
        self._thread.start()

    def put(self, exchange: RecordedExchange) -> None:
        """Takes an exchange. Any thread may call this, until the end."""
        with self._lock:
            self._waiting += _size(exchange)
        self._queue.put(exchange)

    async def room(self) -> None:
        """Waits until what waits for redaction is not too large."""
        while self._waiting > MOST_WAITING:  # noqa: ASYNC110  # a thread changes it, and rarely
            await asyncio.sleep(_LOOK_AGAIN)

    def end(self) -> None:
        """Writes everything that was taken. Raises :class:`ConfigurationError` if that fails."""
        self._queue.put(None)
        self._thread.join()
        self._writer.flush()

    def _run(self) -> None:
        flushed = machine.monotonic()
        while True:
            if machine.monotonic() - flushed >= FLUSH_EVERY:
                self._keep(self._writer.flush)
                flushed = machine.monotonic()
            try:
                exchange = self._queue.get(timeout=FLUSH_EVERY)
            except queue.Empty:
                continue
            if exchange is None:
                return
            self._add(exchange)

    def _add(self, exchange: RecordedExchange) -> None:
        try:
            self._keep(lambda: self._writer.add(exchange))
        except Exception as error:  # its text and its traceback may show a secret
            self.lost += 1
            logger.error("an exchange cannot be recorded: %s", type(error).__name__)
        finally:
            with self._lock:
                self._waiting -= _size(exchange)

    def _keep(self, write: Callable[[], object]) -> None:
        try:
            write()
        except ConfigurationError as error:
            if str(error) != str(self.problem):
                logger.warning("the recording waits in memory: %s", error)
            self.problem = error
        else:
            self.problem = None


_LOOK_AGAIN = 0.01


def _size(exchange: RecordedExchange) -> int:
    answer = exchange.response.body.data if exchange.response else None
    return len(exchange.request.body.data or b"") + len(answer or b"")
