"""``python -m performance.soak``: load, hostile connections and traffic, kills.

The exit status is 1 if the server broke a promise.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from performance.soak.crowded import measure_crowd
from performance.soak.hostile import measure_hostile, write_documents
from performance.soak.kills import Kills
from performance.soak.load import Load
from performance.soak.platform import Platform
from performance.soak.report import Report
from performance.soak.servers import running
from performance.soak.servers_load import ServersLoad
from performance.soak.shared_load import SharedLoad
from performance.soak.shared_platform import SharedPlatform
from tests.e2e.serving import MOCK_SEI


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m performance.soak", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=600, help="seconds of mixed load (default: 600)"
    )
    parser.add_argument(
        "--connections", type=int, default=500, help="hostile connections (default: 500)"
    )
    parser.add_argument(
        "--hostile",
        type=int,
        default=1000,
        metavar="MEGABYTES",
        help="megabytes of hostile traffic per listener and round (default: 1000)",
    )
    parser.add_argument("--kills", type=int, default=100, help="number of SIGKILLs (default: 100)")
    parser.add_argument(
        "--shared",
        type=float,
        default=480,
        metavar="SECONDS",
        help="seconds of mixed load on several workers that are killed (default: 480)",
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="number of these workers (default: 2)"
    )
    parser.add_argument("--state", help="their state (default: an SQLite file of its own)")
    parser.add_argument(
        "--servers",
        type=float,
        default=240,
        metavar="SECONDS",
        help="seconds of load on three servers on one Redis server, which fail (default: 240)",
    )
    parser.add_argument("--seed", type=int, help="repeats the choices of a run (default: random)")
    parser.add_argument(
        "--command",
        type=shlex.split,
        default=[str(MOCK_SEI)],
        help="command that runs mock-sei, except for the kills (default: this one)",
    )
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    report, random = Report(), Random(seed)
    report.say(f"seed {seed}")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mock-sei-soak-") as name:
        folder = Path(name)
        if options.seconds > 0:
            run_load(report, folder / "load", random, options)
        if options.shared > 0:
            run_shared(report, folder / "shared", random, options)
        if options.servers > 0:
            run_servers(report, folder / "servers", random, options.servers)
        if options.connections > 0:
            run_crowd(report, folder / "crowd", random, options)
        if options.hostile > 0:
            run_hostile(report, folder / "hostile", random, options)
        if options.kills > 0:
            run_kills(report, folder / "kills", random, options.kills)
    report.say(f"total {time.monotonic() - begun:.0f} s, seed {seed}")
    return report.conclude()


def run_load(report: Report, folder: Path, random: Random, options: argparse.Namespace) -> None:
    seconds: float = options.seconds
    report.say(f"load, {seconds:g} s:")
    folder.mkdir()
    with Platform.running(folder, command=options.command) as platform:
        load = Load(platform, report, folder, random)
        asyncio.run(load.run(seconds))
        load.totals.say(report)


def run_shared(report: Report, folder: Path, random: Random, options: argparse.Namespace) -> None:
    seconds: float = options.shared
    report.say(f"load on {options.workers} workers with kills, {seconds:g} s:")
    folder.mkdir()
    with SharedPlatform.sharing(
        folder, report, workers=options.workers, state=options.state, command=options.command
    ) as platform:
        load = SharedLoad(platform, report, folder, random)
        asyncio.run(load.run(seconds))
    load.totals.say(report)
    report.say(f"  {load.totals.killed:,} of these attempts were broken by a kill")
    for name, counted in (
        ("done", platform.did),
        ("races", load.races),
        ("connections at kills", load.connections),
    ):
        report.say(f"  {name}: " + ", ".join(f"{what}: {n}" for what, n in sorted(counted.items())))
    longest = (f"{what}: {seconds:.1f} s" for what, seconds in sorted(platform.longest.items()))
    report.say("  longest " + ", ".join(longest))


def run_servers(report: Report, folder: Path, random: Random, seconds: float) -> None:
    report.say(f"load on three servers on one Redis server, {seconds:g} s:")
    if shutil.which("redis-server") is None:
        report.say("  left out: there is no redis-server")
        return
    with running(folder, report) as servers:
        load = ServersLoad(servers, report, random)
        asyncio.run(load.run(seconds))
    for name, counted in (
        ("failures", load.phases),
        ("answers", load.statuses),
        ("races", load.races),
    ):
        report.say(f"  {name}: " + ", ".join(f"{what}: {n}" for what, n in sorted(counted.items())))
    report.say(f"  longest until all servers worked again: {servers.longest:.1f} s")


def run_crowd(report: Report, folder: Path, random: Random, options: argparse.Namespace) -> None:
    connections: int = options.connections
    report.say(f"a good client with {connections} hostile connections:")
    folder.mkdir()
    with Platform.running(folder, command=options.command) as platform:
        measure_crowd(platform, report, random, connections)


def run_hostile(report: Report, folder: Path, random: Random, options: argparse.Namespace) -> None:
    megabytes: int = options.hostile
    report.say(f"hostile traffic, {megabytes} MB for each listener and round:")
    folder.mkdir()
    documents = str(write_documents(folder))
    with Platform.running(folder, "--apis", documents, command=options.command) as platform:
        measure_hostile(platform, report, random, megabytes)


def run_kills(report: Report, folder: Path, random: Random, count: int) -> None:
    report.say(f"{count} kills:")
    folder.mkdir()
    kills = Kills(report, folder, random)
    kills.run(count)
    hit = ", ".join(f"{scene}: {times}" for scene, times in sorted(kills.done.items()))
    report.say(f"  killed at {hit}")
    if sum(kills.done.values()) < count:
        report.broken("every kill hits its process", f"{sum(kills.done.values())} of {count}")


if __name__ == "__main__":
    sys.exit(main())
