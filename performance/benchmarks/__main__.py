"""Runs the benchmarks, and prints a Markdown table for each subject.

Run as ``python -m performance.benchmarks``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version

from performance.benchmarks.foreign import READER, foreign
from performance.benchmarks.growth import growth_table
from performance.benchmarks.history import Run, compare, read_history, record
from performance.benchmarks.hostile import hostile
from performance.benchmarks.machine import choose_cores, describe_machine
from performance.benchmarks.measurements import QUICK, Size, measure
from performance.benchmarks.pages import pages
from performance.benchmarks.peers import CHECKOUT, PEERS, Missing, install
from performance.benchmarks.processes import Runner
from performance.benchmarks.recorder import COLUMNS as RECORDER_COLUMNS
from performance.benchmarks.recorder import recorder
from performance.benchmarks.redis_states import ONE_SERVER, redis_states
from performance.benchmarks.states import COLUMNS, starts, states
from performance.benchmarks.suites import COLUMNS as SUITE_COLUMNS
from performance.benchmarks.suites import install as install_suites
from performance.benchmarks.suites import suites
from performance.benchmarks.table import Row, markdown


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every subject is measured with."""

    runner: Runner
    certs: Path
    size: Size
    install: bool
    """Whether missing peers are installed."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The result of a subject."""

    shown: str
    """In Markdown; empty if the subject could not be measured."""
    rows: Sequence[Row] = ()
    said: Sequence[str] = ()
    """Lines above all tables."""


def _table(rows: Iterable[Row], columns: Sequence[str] = (), said: Sequence[str] = ()) -> Table:
    found = list(rows)
    return Table(shown=markdown(found, columns), rows=found, said=said)


def _speed(bench: Bench) -> Table:
    reasons = install() if bench.install else {}
    report = measure(bench.runner, bench.certs, bench.size, PEERS, reasons)
    said = [
        f"peers: {', '.join(report.field.versions) or 'none'}",
        *(f"missing peer: {each}" for each in report.field.missing),
        f"the load generator used at most {report.load_share:.0%} of its core",
    ]
    return _table(report.rows, report.field.names, said)


def _suites(bench: Bench) -> Table:
    size = bench.size
    try:
        if bench.install:
            install_suites()
        rows = suites(
            bench.runner.folder,
            runs=size.suite_runs,
            long_runs=size.long_suite_runs,
            tests=size.suite_tests,
        )
    except Missing as reason:
        return Table(shown="", said=[f"missing environment of users' suites: {reason}"])
    return _table(rows, SUITE_COLUMNS)


def _states(bench: Bench) -> Table:
    runner, certs, size = bench.runner, bench.certs, bench.size
    rows = [
        *states(runner, certs, rounds=size.state_rounds, seconds=size.seconds),
        *redis_states(runner, certs, rounds=size.state_rounds, seconds=size.seconds),
        *starts(
            runner,
            certs,
            lives=size.other_starts,
            authorizations=size.authorizations,
            applications=size.applications,
        ),
    ]
    return _table(rows, (*COLUMNS, ONE_SERVER))


def _recorder(bench: Bench) -> Table:
    rows = recorder(
        bench.runner,
        bench.certs,
        rounds=bench.size.rounds,
        seconds=bench.size.seconds,
        connections=bench.size.new_connections,
    )
    return _table(rows, RECORDER_COLUMNS)


def _hostile(bench: Bench) -> Table:
    return _table(hostile(bench.runner, bench.certs, rounds=bench.size.hostile_rounds))


def _foreign(bench: Bench) -> Table:
    size = bench.size
    return _table(foreign(bench.runner, rounds=size.hostile_rounds, size=size.document), [READER])


def _pages(bench: Bench) -> Table:
    size = bench.size
    return _table(
        pages(
            bench.runner,
            applications=size.page_applications,
            entries=size.page_entries,
            visits=size.page_visits,
        )
    )


def _growth(bench: Bench) -> Table:
    size = bench.size
    return Table(shown=growth_table(bench.runner.growth(size.growth_seconds, size.growth_divisor)))


TABLES: Mapping[str, Callable[[Bench], Table]] = {
    "speed": _speed,
    "suites": _suites,
    "states": _states,
    "recorder": _recorder,
    "hostile": _hostile,
    "foreign": _foreign,
    "pages": _pages,
    "growth": _growth,
}
"""The subjects: comparison with peers, users' pytest suites, kinds of state, the recorder, hostile
requests, users' documents, pages of the portal and of the control reference, growth of data."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m performance.benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few requests each, to see that it works"
    )
    parser.add_argument("--install-peers", action="store_true", help="install the missing peers")
    parser.add_argument("--machine", help="name to print instead of this machine's own")
    parser.add_argument("--only", choices=TABLES, help="one of the tables (default: all)")
    parser.add_argument(
        "--check",
        action="store_true",
        help="fail if a ratio fell by more than a tenth since its last record in history.csv",
    )
    parser.add_argument(
        "--record", action="store_true", help="append the ratios of this run to history.csv"
    )
    options = parser.parse_args(arguments)
    if options.quick and (options.check or options.record):
        parser.error("--check and --record need a whole run: leave out --quick")
    commit = _commit() if options.record else ""
    size = QUICK if options.quick else Size()
    cores = choose_cores()
    begun = time.monotonic()
    wanted = (options.only,) if options.only else tuple(TABLES)
    with tempfile.TemporaryDirectory(prefix="mock-sei-bench-") as folder:
        runner = Runner(cores, Path(folder))
        bench = Bench(
            runner=runner, certs=runner.new_certs(), size=size, install=options.install_peers
        )
        tables = {name: TABLES[name](bench) for name in wanted}
    for name, value in describe_machine(options.machine, cores):
        print(f"- {name}: {value}")
    for table in tables.values():
        for line in table.said:
            print(f"- {line}")
    print(
        f"- rounds: {size.rounds}, {size.seconds:g} s each; in all {time.monotonic() - begun:.0f} s"
    )
    for table in tables.values():
        if table.shown:
            print(f"\n{table.shown}")
    rows = {name: table.rows for name, table in tables.items() if table.rows}
    findings = compare(read_history(), rows) if options.check else None
    if options.record:
        today = datetime.now(UTC).date().isoformat()
        count = record(Run(date=today, commit=commit, python=python_version()), rows)
        print(f"\nrecorded: {count} ratios")
    if findings:
        print(f"\ncheck: ratios that fell or are missing: {len(findings.failures)}")
        print("\n".join((*findings.failures, *findings.notes)))
        sys.exit(1 if findings.failures else 0)


def _commit() -> str:
    """The commit of this checkout, with ``-dirty`` after it if files differ from it."""
    command = ("git", "describe", "--always", "--dirty", "--exclude", "*")
    try:
        ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        sys.exit("--record: git cannot name the commit of this checkout")
    return ended.stdout.strip()


if __name__ == "__main__":
    main()
