"""A server of several workers on one state, which can be killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from mock_sei.rules.standards import Listener
from performance.soak import processes
from performance.soak.platform import Platform
from performance.soak.report import Report
from tests.e2e.serving import FREE_PORTS, MOCK_SEI, Serving

NO_ORPHANS = "no process and no port of the server is left after its end"
STARTS_AGAIN = "the server starts again on its state after a kill"

HEALING_PATIENCE = 60.0
"""Most seconds until everything works again after a kill."""
END_PATIENCE = 20.0
"""Most seconds that workers live longer than their parent."""
JOURNAL_SIZE = 50_000
"""Entries of the journal, more than a phase makes."""
_PAUSE = 0.05
_CONNECTIONS_AT_ONCE = 8


class SharedPlatform(Platform):
    """A running ``mock-sei serve --state --workers``."""

    def __init__(self, serving: Serving, report: Report, *, workers: int, state: str) -> None:
        super().__init__(serving)
        self.workers = workers
        self._state = state
        self._report = report
        self._starts = 1
        self._former: list[tuple[Path, int]] = []
        """The folder of each former start, and how much of its log was read."""
        self._each: dict[int, http.client.HTTPConnection] = {}
        """A connection to the control listener of each worker."""
        self.did: Counter[str] = Counter()
        """How often something was done to the server."""
        self.longest: dict[str, float] = {}
        """The most seconds that something took."""

    @classmethod
    @contextmanager
    def sharing(
        cls,
        folder: Path,
        report: Report,
        *,
        workers: int,
        state: str | None,
        command: Sequence[str] = (str(MOCK_SEI),),
    ) -> Iterator[SharedPlatform]:
        """A server with this state; without one, with a new SQLite file."""
        cls._command = command
        state = state or f"sqlite:{folder / 'platform.db'}"
        serving = cls._launch(folder, 1, workers, state, FREE_PORTS)
        platform: SharedPlatform | None = None
        try:
            _wait_until_ready(serving)
            platform = cls(serving, report, workers=workers, state=state)
            yield platform
            platform.look_at_end()
        finally:
            if platform is not None:
                platform._close()
            elif serving.process.poll() is None:
                serving.kill()

    _command: Sequence[str] = ()

    @classmethod
    def _launch(
        cls, folder: Path, number: int, workers: int, state: str, ports: Sequence[str]
    ) -> Serving:
        here = folder / f"start-{number}"
        here.mkdir()
        options = (
            *("--certs-dir", str(folder / "certs")),
            *("--state", state),
            *("--workers", str(workers)),
            *("--journal-size", str(JOURNAL_SIZE)),
        )
        return Serving.launch(here, *options, ports=ports, command=cls._command)

    def _close(self) -> None:
        """Ends what is left of the server, and only that."""
        for pid in (*self.workers_now(), self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.serving.process.wait()
        self._drop_each()
        self._http.close()

    # Processes

    def workers_now(self) -> list[int]:
        return sorted(processes.children(self.pid))

    def took(self, what: str, since: float) -> None:
        """Notes how long something took since this moment of ``time.monotonic()``."""
        self.longest[what] = max(self.longest.get(what, 0), time.monotonic() - since)

    def kill(self, pid: int) -> set[int]:
        """Kills a process with SIGKILL. Returns the clients' ports of its connections."""
        processes.stop(pid)  # so that the list is complete, and true until its end
        held = processes.client_ports(pid, set(self.ports.values()))
        os.kill(pid, signal.SIGKILL)
        return held

    def held_by(self, pid: int) -> int:
        """How many connections a process has."""
        return len(processes.client_ports(pid, set(self.ports.values())))

    async def start_again(self, since: float) -> None:
        """Starts the server again, as its user does, until it works."""
        while True:
            serving = self.launch_again()
            while serving.process.poll() is None:
                if serving.ready_file.exists():
                    return
                if time.monotonic() > since + HEALING_PATIENCE:
                    self._report.broken(STARTS_AGAIN, f"not ready: {serving.errors[-500:]}")
                    raise TimeoutError(STARTS_AGAIN)
                await asyncio.sleep(_PAUSE)
            if time.monotonic() > since + HEALING_PATIENCE or not _ports_were_taken(serving):
                self._report.broken(STARTS_AGAIN, serving.errors[-500:])
                raise TimeoutError(STARTS_AGAIN)
            self.did["starts with a port still taken"] += 1
            await asyncio.sleep(_PAUSE)

    def launch_again(self) -> Serving:
        """Starts the server after its end, on the same files and ports."""
        self.serving.process.wait()
        self._former.append((self.serving.folder, self._log_read))
        self._log_read = 0
        self._drop_each()
        self._starts += 1
        self.did["starts"] += 1
        ports = (
            *("--one-way-port", str(self.ports[Listener.ONE_WAY])),
            *("--two-way-port", str(self.ports[Listener.TWO_WAY])),
            *("--control-port", str(self.ports[Listener.CONTROL])),
        )
        folder = self.serving.folder.parent
        self.serving = self._launch(folder, self._starts, self.workers, self._state, ports)
        self.pid = self.serving.process.pid
        return self.serving

    async def wait_until_gone(self, pids: Sequence[int], since: float) -> None:
        """Waits for the end of workers whose parent was killed."""
        while any(map(processes.is_running, pids)):
            if time.monotonic() > since + END_PATIENCE:
                left = [each for each in pids if processes.is_running(each)]
                self._report.broken(NO_ORPHANS, f"{left} live {END_PATIENCE:.0f} s after a kill")
                for each in left:
                    os.kill(each, signal.SIGKILL)
                return
            await asyncio.sleep(_PAUSE)
        self.took("until workers ended after their parent", since)

    def look_at_end(self) -> None:
        """Ends the server with SIGTERM, and looks for what is left."""
        workers = self.workers_now()
        self.serving.process.send_signal(signal.SIGTERM)
        since = time.monotonic()
        status = self.serving.process.wait(END_PATIENCE)
        self.took("an end by SIGTERM", since)
        left = [each for each in workers if processes.is_running(each)]
        if status or left:
            self._report.broken(NO_ORPHANS, f"status {status}, left are {left}")
        for port in self.ports.values():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    self._report.broken(NO_ORPHANS, f"port {port} is open")

    # Calls of the control API

    def once(self, method: str, path: str, content: Any = None) -> Any:
        """Makes a call once. Raises ``httpx2.TransportError`` if a kill broke it."""
        return super().control(method, path, content)

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """Makes a call, and again if a kill broke it: only for calls that may be made twice."""
        deadline = time.monotonic() + HEALING_PATIENCE
        while True:
            try:
                return self.once(method, path, content)
            except httpx2.TransportError:
                if time.monotonic() > deadline or not self.did:
                    raise
                time.sleep(_PAUSE)

    def at_each_worker(self, path: str) -> dict[int, Any]:
        """The answer of each worker to a GET, by its process. No kill may come meanwhile."""
        deadline = time.monotonic() + HEALING_PATIENCE
        while True:
            try:
                self._connect_to_each(deadline)
                return {pid: _get(each, path) for pid, each in self._each.items()}
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise
                self._drop_each()

    def _connect_to_each(self, deadline: float) -> None:
        wanted = set(self.workers_now())
        for pid in set(self._each) - wanted:
            self._each.pop(pid).close()
        while not wanted <= set(self._each):
            # Several at once, so that one process does not get all of them.
            fresh = [self._connect() for _ in range(_CONNECTIONS_AT_ONCE)]
            for each in fresh:
                pid = int(_get(each, "/?limit=1")["worker_pid"])
                if pid in wanted and pid not in self._each:
                    self._each[pid] = each
                else:
                    each.close()
            if time.monotonic() > deadline:
                raise TimeoutError(f"of {wanted} only {set(self._each)} answer")

    def _connect(self) -> http.client.HTTPConnection:
        port = self.ports[Listener.CONTROL]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.connect()
        return connection

    def _drop_each(self) -> None:
        for each in self._each.values():
            each.close()
        self._each.clear()

    def close_connections(self) -> None:
        """Closes the connections to the control listeners."""
        self._drop_each()
        self._http.close()
        self._http = self._new_http()

    def new_log_lines(self) -> list[str]:
        lines = []
        for number, (folder, read) in enumerate(self._former):
            with (folder / "errors.txt").open("rb") as log:
                log.seek(read)
                text = log.read()
            self._former[number] = (folder, read + len(text))
            lines += text.decode(errors="replace").splitlines()
        return lines + super().new_log_lines()


def _get(connection: http.client.HTTPConnection, path: str) -> Any:
    connection.request("GET", path)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        return answer.status
    return json.loads(content)


def _ports_were_taken(serving: Serving) -> bool:
    return "in use" in serving.errors or "already" in serving.errors


def _wait_until_ready(serving: Serving) -> None:
    deadline = time.monotonic() + HEALING_PATIENCE
    while not serving.ready_file.exists():
        if serving.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"it does not start: {serving.errors}")
        time.sleep(_PAUSE)
