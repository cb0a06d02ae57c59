"""Runs the benchmarks, and prints a Markdown table for each subject.

Run as ``python -m performance.benchmarks``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from performance.benchmarks.foreign import READER, foreign
from performance.benchmarks.growth import growth_table
from performance.benchmarks.hostile import hostile
from performance.benchmarks.machine import choose_cores, describe_machine
from performance.benchmarks.measurements import QUICK, Size, measure
from performance.benchmarks.pages import pages
from performance.benchmarks.peers import PEERS, install
from performance.benchmarks.processes import Runner
from performance.benchmarks.recorder import COLUMNS as RECORDER_COLUMNS
from performance.benchmarks.recorder import recorder
from performance.benchmarks.redis_states import ONE_SERVER, redis_states
from performance.benchmarks.states import COLUMNS, starts, states
from performance.benchmarks.table import markdown

TABLES = ("speed", "states", "recorder", "hostile", "foreign", "pages", "growth")
"""The subjects: comparison with peers, kinds of state, the recorder, hostile requests, users'
documents, pages of the portal and of the control reference, growth of data."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m performance.benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few requests each, to see that it works"
    )
    parser.add_argument("--install-peers", action="store_true", help="install the missing peers")
    parser.add_argument("--machine", help="name to print instead of this machine's own")
    parser.add_argument("--only", choices=TABLES, help="one of the tables (default: all)")
    options = parser.parse_args()
    wanted = (options.only,) if options.only else TABLES
    size = QUICK if options.quick else Size()
    cores = choose_cores()
    begun = time.monotonic()
    said, tables = [], []
    with tempfile.TemporaryDirectory(prefix="mock-sei-bench-") as folder:
        runner = Runner(cores, Path(folder))
        certs = runner.new_certs()
        if "speed" in wanted:
            reasons = install() if options.install_peers else {}
            report = measure(runner, certs, size, PEERS, reasons)
            said = [
                f"peers: {', '.join(report.field.versions) or 'none'}",
                *(f"missing peer: {each}" for each in report.field.missing),
                f"the load generator used at most {report.load_share:.0%} of its core",
            ]
            tables.append(markdown(report.rows, report.field.names))
        if "states" in wanted:
            kinds = [
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
            tables.append(markdown(kinds, (*COLUMNS, ONE_SERVER)))
        if "recorder" in wanted:
            passed = recorder(
                runner,
                certs,
                rounds=size.rounds,
                seconds=size.seconds,
                connections=size.new_connections,
            )
            tables.append(markdown(list(passed), RECORDER_COLUMNS))
        if "hostile" in wanted:
            tables.append(markdown(hostile(runner, certs, rounds=size.hostile_rounds), []))
        if "foreign" in wanted:
            rows = foreign(runner, rounds=size.hostile_rounds, size=size.document)
            tables.append(markdown(rows, [READER]))
        if "pages" in wanted:
            shown = pages(
                runner,
                applications=size.page_applications,
                entries=size.page_entries,
                visits=size.page_visits,
            )
            tables.append(markdown(shown, []))
        if "growth" in wanted:
            tables.append(growth_table(runner.growth(size.growth_seconds, size.growth_divisor)))
    for name, value in describe_machine(options.machine, cores):
        print(f"- {name}: {value}")
    for line in said:
        print(f"- {line}")
    print(
        f"- rounds: {size.rounds}, {size.seconds:g} s each; in all {time.monotonic() - begun:.0f} s"
    )
    for table in tables:
        print(f"\n{table}")


if __name__ == "__main__":
    main()
