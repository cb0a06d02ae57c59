"""``python -m benchmarks``: measures, and prints two Markdown tables."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.growth import growth_table
from benchmarks.machine import choose_cores, describe_machine
from benchmarks.measurements import QUICK, Size, measure
from benchmarks.peers import PEERS, install
from benchmarks.processes import Bench
from benchmarks.table import markdown


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few requests each: does it work, not how fast"
    )
    parser.add_argument(
        "--install-peers", action="store_true", help="bring the peers that are not there yet"
    )
    parser.add_argument("--machine", help="name to print instead of this machine's own")
    options = parser.parse_args()
    size = QUICK if options.quick else Size()
    cores = choose_cores()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mock-sei-bench-") as folder:
        reasons = install() if options.install_peers else {}
        report = measure(Bench(cores, Path(folder)), size, PEERS, reasons)
    for name, value in describe_machine(options.machine, cores):
        print(f"- {name}: {value}")
    print(f"- peers: {', '.join(report.field.versions) or 'none'}")
    for each in report.field.missing:
        print(f"- missing peer: {each}")
    print(
        f"- rounds: {size.rounds}, {size.seconds:g} s each; in all "
        f"{time.monotonic() - begun:.0f} s; the load generator used at most "
        f"{report.load_share:.0%} of its core"
    )
    print(f"\n{markdown(report.rows, report.field.names)}")
    print(f"\n{growth_table(report.growth)}")


if __name__ == "__main__":
    main()
