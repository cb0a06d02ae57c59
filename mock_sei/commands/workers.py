"""The parent of several workers: it binds the sockets, starts workers, and replaces dead ones.

A worker is a new process, never a fork of this one. It inherits the listening sockets, so all
workers accept connections on the same ports. It gets the settings through its standard input, which
also tells it that its parent is gone: then it ends.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from mock_sei.commands.signals import end_once
from mock_sei.errors import ConfigurationError, MockSeiError
from mock_sei.rules import machine
from mock_sei.runtime.metrics import forget_worker
from mock_sei.runtime.server import PlatformServer
from mock_sei.settings import Settings

_PROGRAM = """
import sys
sys.path[:] = sys.argv[1:]
from mock_sei.commands.collector import kept
with kept():
    from mock_sei.commands.worker import main
main()
"""
"""A worker finds modules where its parent finds them, and not in the working folder."""
logger = logging.getLogger("mock_sei")

MOST_DEATHS = 5
DEATHS_WITHIN = 10.0
"""After so many deaths within so many seconds, the server ends: a new worker would die too."""
STOP_PATIENCE = 9.5
"""Seconds that all workers may take to end before they are killed: they let requests end meanwhile,
and Docker kills after 10 s."""
READY = "ready"
"""What a worker reports when it answers. Anything else is why it cannot."""


class Event(NamedTuple):
    """What happened to a worker. Without a worker, the server must end."""

    worker: Worker | None = None
    report: str | None = None
    """What it reported; None if it ended."""


def supervise(settings: Settings, server: PlatformServer, ready: Callable[[], None]) -> None:
    """Runs workers until SIGINT or SIGTERM. ``ready`` is called when all of them answer.

    Raises :class:`ConfigurationError` if a worker cannot begin, and :class:`MockSeiError` if
    workers die again and again.
    """
    if sys.platform == "win32":
        raise ConfigurationError("Windows cannot share sockets; use 1", source="--workers")
    events: SimpleQueue[Event] = SimpleQueue()
    end = functools.partial(events.put, Event())
    end_once(end, end)
    metrics = tempfile.mkdtemp(prefix="mock-sei-metrics-")
    workers = [Worker(settings, server, events, metrics) for _ in range(settings.workers)]
    try:
        watch(workers, events, ready)
    finally:
        server.close()  # first: a connection that no worker accepts would wait here
        for each in workers:
            each.end()
        ended = threading.Thread(target=_wait_for_all, args=(workers, end), daemon=True)
        ended.start()
        while events.get().worker is not None:  # all have ended, or a second signal came
            pass
        if ended.is_alive():
            for each in workers:
                each.end()
        ended.join()
        shutil.rmtree(metrics, ignore_errors=True)


def _wait_for_all(workers: list[Worker], ended: Callable[[], object]) -> None:
    until = machine.monotonic() + STOP_PATIENCE
    for each in workers:
        each.wait(until)
    ended()


def watch(workers: list[Worker], events: SimpleQueue[Event], ready: Callable[[], None]) -> None:
    for each in workers:
        each.try_to_start()
    starting = set(workers)
    deaths: deque[float] = deque(maxlen=MOST_DEATHS)
    while True:
        worker, report = events.get()
        if worker is None:
            return
        if report == READY:
            if worker in starting:
                starting.discard(worker)
                if not starting:
                    ready()
        elif report is not None:
            if starting:
                raise ConfigurationError(report, source="a worker cannot start")
            logger.error("a worker cannot start again now: %s", report)  # it ends, and counts below
        else:
            deaths.append(machine.monotonic())
            if len(deaths) == MOST_DEATHS and deaths[-1] - deaths[0] < DEATHS_WITHIN:
                raise MockSeiError(
                    f"{MOST_DEATHS} workers ended within {DEATHS_WITHIN:.0f} s, the last one "
                    f"{worker.how_it_ended()}; the log above says more"
                )
            worker.try_to_start()


class Worker:
    """One worker process after the other."""

    def __init__(
        self,
        settings: Settings,
        server: PlatformServer,
        events: SimpleQueue[Event],
        metrics: str,
    ) -> None:
        """``metrics`` is the folder in which all workers count what they do."""
        self._settings, self._server, self._events = settings, server, events
        self._metrics = metrics
        self._process: subprocess.Popen[bytes] | None = None

    def try_to_start(self) -> None:
        """Starts a process, and reports to the queue what becomes of it."""
        try:
            self._start()
        except OSError as error:  # the machine has no more processes or files
            logger.error("no worker can be started: %s", error.strerror or error)
            self._events.put(Event(self))

    def _start(self) -> None:
        reads, writes = os.pipe()
        # Ctrl-C reaches all processes, and this one passes it on: a worker has no use for it.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            process = self._process = subprocess.Popen(  # noqa: S603  # this package's own module
                [sys.executable, "-P", "-c", _PROGRAM, *sys.path],
                stdin=subprocess.PIPE,
                bufsize=0,  # a worker that ended at once leaves nothing to be written at its close
                pass_fds=[writes, *(each.fileno() for each in self._server.listening)],
            )
        except BaseException:
            os.close(reads)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            os.close(writes)
        if process.stdin is not None:
            with suppress(OSError):  # it has ended already, which the thread reports
                process.stdin.write(json.dumps(self._orders(writes)).encode() + b"\n")
        threading.Thread(target=self._follow, args=(process, reads), daemon=True).start()

    def _orders(self, report_to: int) -> dict[str, Any]:
        return {
            "settings": self._settings.model_dump(mode="json") | {"replace_state": False},
            "sockets": {
                str(each.name): [one.fileno() for one in each.sockets]
                for each in self._server.listeners
            },
            "report_to": report_to,
            "pid": os.getpid(),
            "metrics": self._metrics,
        }

    def _follow(self, process: subprocess.Popen[bytes], reads: int) -> None:
        with os.fdopen(reads, encoding="utf-8", errors="replace") as reports:
            for line in reports:
                self._events.put(Event(self, line.rstrip("\n")))
        process.wait()
        forget_worker(Path(self._metrics), process.pid)
        if process.stdin is not None:
            process.stdin.close()
        self._events.put(Event(self))

    def how_it_ended(self) -> str:
        """In words, for a message."""
        status = self._process.returncode if self._process else 0
        return f"by signal {-status}" if status < 0 else f"with status {status}"

    def end(self) -> None:
        """Asks the process to end; at the second time, to end at once."""
        process = self._process
        if process is None:
            return
        process.terminate()
        if process.stdin is not None:
            process.stdin.close()

    def wait(self, until: float) -> None:
        """Returns when the process has ended; it is killed at the time ``until``."""
        process = self._process
        if process is None:
            return
        try:
            process.wait(max(0.0, until - machine.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
