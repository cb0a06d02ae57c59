"""Sends megabytes of hostile traffic to all listeners, and checks what the server keeps of it.

The kinds of traffic are those of ``tests/e2e/hostile/flood.py``, which would fill the memory of a
server without limits, and the largest requests of ``performance/benchmarks/hostile.py``.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

import httpx2

from mock_sei.rules.standards import Listener
from performance.benchmarks.hostile import ATTACKS, DOCUMENT, Attack
from performance.benchmarks.load import Connection
from performance.benchmarks.requests import functional_request
from performance.soak.callers import NO_500
from performance.soak.crowded import report_bugs, wait_for_files
from performance.soak.leaks import open_files
from performance.soak.platform import Platform
from performance.soak.report import Report
from tests.e2e.hostile.flood import KINDS, MEGABYTE, Kind, Target, ask, flood
from tests.e2e.hostile.flooded import GROWTH, ROUNDS, Flooded

GIVEN_BACK = "a reset frees the memory that hostile traffic took"
NO_CLIMB = "memory does not grow from one round of hostile traffic to the next"
ENDED = "a hostile request is answered, or its connection is closed"
GOOD_ANSWERED = "a good client gets the right answers during hostile traffic"
ALIVE = "the server keeps running under hostile traffic"

CLIMB = 10.0
"""Most megabytes by which memory may grow from the first to the last round.

The allocator needs some rounds: 6 more megabytes were seen at the third, and none after the fifth.
"""
TIMES = 2
"""How often a connection sends one of the largest requests."""
PAUSE = 0.02
"""Seconds between two requests of the good client, so that it does not use a whole core."""


def write_documents(folder: Path) -> Path:
    """Writes the user's OpenAPI documents whose operations get the largest requests."""
    documents = folder / "documents"
    documents.mkdir()
    (documents / "lists.yaml").write_text(DOCUMENT, encoding="utf-8")
    return documents


def measure_hostile(platform: Platform, report: Report, random: Random, megabytes: int) -> None:
    """Prints the memory and files after each round, and reports broken promises."""
    flooded = Flooded(platform.serving)
    flooded.work()
    report_bugs(platform, report)  # uses a connection that stays open
    client = GoodClient(platform, report)
    kinds = [*KINDS, *_largest_requests(client.token)]
    random.shuffle(kinds)
    # A first request of each kind loads code, engines and schemas, which stay in memory.
    for target in flooded.targets:
        flood(target, megabytes * MEGABYTE, kinds)
    before = flooded.reset()
    files = open_files(platform.pid)
    report.say(f"  before: {before:.1f} MB, {files} files")
    after: list[float] = []
    for number in range(1, ROUNDS + 1):
        began = time.monotonic()
        with client.staying():
            for target in flooded.targets:
                flood(target, megabytes * MEGABYTE, kinds)
        seconds = time.monotonic() - began
        try:
            report_bugs(platform, report)
            after.append(flooded.reset())
        except httpx2.HTTPError as error:
            report.broken(ALIVE, f"after round {number}: {error!r}")
            return
        wait_for_files(platform, files, report)
        report.say(
            f"  round {number}: {after[-1]:.1f} MB, {seconds:.0f} s; "
            f"the good client has had {client.answers:,} answers"
        )
    _judge_answers(flooded.targets, report)
    for promise, case in left_behind(before, after):
        report.broken(promise, case)


def left_behind(before: float, after: Sequence[float]) -> list[tuple[str, str]]:
    """The broken promises about memory, each with its case.

    ``before`` and ``after`` are megabytes; ``after`` has one value for each round.
    """
    shown = f"{before:.1f} MB before, then {', '.join(f'{each:.1f}' for each in after)}"
    problems = []
    if max(after) > before + GROWTH:
        problems.append((GIVEN_BACK, f"{shown}; {GROWTH:g} more are allowed"))
    if after[-1] > after[0] + CLIMB:
        problems.append((NO_CLIMB, f"{shown}; {CLIMB:g} from the first to the last are allowed"))
    return problems


def _largest_requests(token: str) -> list[Kind]:
    return [
        _as_kind(f"{part}: {name}", attack, token)
        for part, attacks in ATTACKS.items()
        if part != "upload"  # takes a minute; tests/e2e/hostile/test_memory.py measures one
        for name, attack in attacks.items()
    ]


def _as_kind(name: str, attack: Attack, token: str) -> Kind:
    def send(target: Target) -> int:
        return ask(target, attack.wire(token), TIMES)

    send.__name__ = name
    return send


def _judge_answers(targets: Sequence[Target], report: Report) -> None:
    statuses: Counter[int] = Counter()
    for target in targets:
        statuses += target.statuses
        for kind, count in target.silent.items():
            report.broken(ENDED, f"{kind}, {count} times at {target.url}")
        if target.statuses[500]:
            report.broken(NO_500, f"{target.statuses[500]} at {target.url}")
    shown = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    report.say(f"  answers by status {shown}")


class GoodClient:
    """A client that makes requests on new connections and compares the answers."""

    def __init__(self, platform: Platform, report: Report) -> None:
        self._plan = platform.token_plan()
        self._context = platform.context_of("svc-demo")
        self._health = f"http://127.0.0.1:{platform.ports[Listener.CONTROL]}/health"
        self._report = report
        self._left = threading.Event()
        self.answers = 0
        """Number of answers in all rounds."""
        with Connection(self._plan, self._context) as connection:
            self.token = self._fetch_token(connection)
            """The newest token of this client."""
            self._tickets = self._fetch_tickets(connection, self.token)

    @contextmanager
    def staying(self) -> Iterator[None]:
        """A context manager: while it is entered, the client makes requests again and again."""
        self._left.clear()
        thread = threading.Thread(target=self._stay)
        thread.start()
        try:
            yield
        finally:
            self._left.set()
            thread.join()

    def _stay(self) -> None:
        while not self._left.wait(PAUSE):
            try:
                self._visit()
            except (OSError, AssertionError, ValueError, KeyError, httpx2.HTTPError) as error:
                self._report.broken(GOOD_ANSWERED, f"{type(error).__name__}: {error}"[:600])

    def _visit(self) -> None:
        with Connection(self._plan, self._context) as connection:
            self.token = self._fetch_token(connection)
            tickets = self._fetch_tickets(connection, self.token)
        if tickets != self._tickets:
            raise ValueError(f"tickets have changed: {tickets!r}")
        httpx2.get(self._health, trust_env=False, timeout=30).raise_for_status()
        self.answers += 3

    def _fetch_token(self, connection: Connection) -> str:
        connection.send(self._plan.request.encode())
        return str(json.loads(connection.read_answer())["access_token"])

    @staticmethod
    def _fetch_tickets(connection: Connection, token: str) -> bytes:
        connection.send(functional_request(token).encode())
        return connection.read_answer()
