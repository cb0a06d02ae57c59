"""Measures a good client with and without hostile connections, in turn."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import median, quantiles

from performance.benchmarks.load import Connection
from performance.benchmarks.processes import ClientFiles
from performance.benchmarks.table import paired_ratio
from performance.soak import crowd
from performance.soak.leaks import open_files
from performance.soak.platform import Platform
from performance.soak.report import Report

NOT_SLOWED = "with hostile connections, a good client takes at most twice as long"
NO_BUG = "the server reports no bug"
GONE = "hostile connections leave no open files behind"

SLOWEST = 2.0
SERIES = 3
"""A slow-down must appear in this number of series, because noise does not repeat."""
TURNS = 6
"""Pairs of measurements in a series. Noise during a whole pair does not change its ratio."""
KEPT_ALIVE, NEW = 100, 15
"""Requests of one measurement, on kept-alive and on new connections."""
LEAVING = 20.0
"""Seconds until all hostile connections must be closed; a handshake may take ten seconds."""


@dataclass(frozen=True, kw_only=True)
class Times:
    """The seconds of each request of one measurement."""

    kept_alive: list[float]
    new: list[float]


FIGURES: dict[str, Callable[[Times], float]] = {
    "kept alive, median": lambda times: median(times.kept_alive),
    "kept alive, 90th of 100": lambda times: quantiles(times.kept_alive, n=10)[-1],
    "new connection, median": lambda times: median(times.new),
}


def measure_crowd(platform: Platform, report: Report, random: Random, count: int) -> None:
    """Prints how much slower the good client was, and reports broken promises."""
    _good_client(platform)  # warm-up
    for series in range(1, SERIES + 1):
        slow = _one_series(platform, report, random, count)
        if not slow:
            break
        if series == SERIES:
            for line in slow:
                report.broken(NOT_SLOWED, line)
    report_bugs(platform, report)


def report_bugs(platform: Platform, report: Report) -> None:
    """Reports bugs that the server or its log has shown since the last call."""
    for bug in platform.control("GET", "/check")["bugs"]:
        report.broken(NO_BUG, bug[-600:])
    for bug in platform.new_bugs():
        report.broken(NO_BUG, bug)


def _one_series(platform: Platform, report: Report, random: Random, count: int) -> list[str]:
    """One series of measurements. Returns a line for each result that was too slow."""
    quiet, crowded = [], []
    before = open_files(platform.pid)
    held = 0
    for _ in range(TURNS):
        quiet.append(_good_client(platform))
        with _crowd(platform, count, random.randrange(1_000_000)):
            crowded.append(_good_client(platform))
            held = max(held, open_files(platform.pid) - before)
        wait_for_files(platform, before, report)
    report.say(f"  {count} hostile connections; the server held {held} at once")
    slow = []
    for name, figure in FIGURES.items():
        without, within = [figure(each) for each in quiet], [figure(each) for each in crowded]
        ratio = paired_ratio(within, without)
        line = (
            f"{name}: {median(without) * 1000:.2f} ms without, "
            f"{median(within) * 1000:.2f} ms with them, {ratio:.2f} times"
        )
        report.say(f"  {line}")
        if ratio > SLOWEST:
            slow.append(line)
    return slow


def _good_client(platform: Platform) -> Times:
    plan = platform.token_plan()
    context = platform.context_of("svc-demo")
    request = plan.request.encode()

    def ask(connection: Connection) -> None:
        connection.send(request)
        connection.read_answer()

    def ask_anew() -> None:
        with Connection(plan, context) as connection:
            ask(connection)

    with Connection(plan, context) as connection:
        ask(connection)
        kept_alive = [_timed(lambda: ask(connection)) for _ in range(KEPT_ALIVE)]
    return Times(kept_alive=kept_alive, new=[_timed(ask_anew) for _ in range(NEW)])


def _timed(what: Callable[[], None]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


@contextmanager
def _crowd(platform: Platform, count: int, seed: int) -> Iterator[None]:
    files = ClientFiles.of(platform.certs)
    plan = crowd.Plan(
        ports={str(name): port for name, port in platform.ports.items()},
        ca_file=files.ca_file,
        certificate=files.cert_file,
        key=files.key_file,
        count=count,
        seed=seed,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "performance.soak.crowd"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(asdict(plan)) + "\n")
        process.stdin.flush()
        if process.stdout.readline().strip() != str(count):
            raise RuntimeError("the hostile connections were not opened")
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        process.kill()
        process.wait()


def wait_for_files(platform: Platform, before: int, report: Report) -> None:
    """Waits until no more files are open than before, and reports it if some stay open."""
    deadline = time.monotonic() + LEAVING
    while (now := open_files(platform.pid)) > before:
        if time.monotonic() > deadline:
            report.broken(GONE, f"{now - before} more open files than before")
            return
        time.sleep(0.02)
