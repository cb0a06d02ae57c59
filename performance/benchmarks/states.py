"""Measures the states that a server can have: in its memory, in SQLite, in SQLite with two workers.

All servers run at the same time and take turns in each round. None is pinned to a core: two workers
need both, and the load generator takes its share of them, as it does from every server here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits
from performance.benchmarks.hostile import cpu_seconds
from performance.benchmarks.load import Plan, Result
from performance.benchmarks.machine import Cores
from performance.benchmarks.plans import MANY, fetch_token, make_plan, round_plan
from performance.benchmarks.processes import Runner, Server
from performance.benchmarks.requests import functional_request
from performance.benchmarks.stored import fill
from performance.benchmarks.table import PRECISE_MILLISECONDS, RATE, SECONDS, Against, Row
from performance.benchmarks.worlds import make_world

MEMORY, ONE_PROCESS, SMALL = "in memory", "SQLite, one process", "an empty state"
COLUMNS = (MEMORY, ONE_PROCESS, SMALL)
"""With what the measured state is compared."""
CONNECTIONS = 32
"""Of the load on two workers, which the system distributes."""

Planning = Callable[[Server, float], Plan]


def _tokens(server: Server, seconds: float) -> Plan:
    return make_plan(server, count=MANY, seconds=seconds)


def _reads(server: Server, seconds: float) -> Plan:
    request = functional_request(fetch_token(server))
    return make_plan(server, request=request, count=MANY, seconds=seconds)


def _rounds(server: Server, seconds: float) -> Plan:
    return round_plan(server, count=MANY, seconds=seconds)


CALLS: Sequence[tuple[str, Planning, float]] = (
    ("tokens a second", _tokens, 0.80),
    ("functional GET of 50 records", _reads, 0.65),
    ("authorization-code round: log-in and tokens", _rounds, 0.50),
)
"""Each call, and the smallest allowed ratio of its rate in SQLite to that in memory."""
WORKERS_GAIN = 1.5


@dataclass(frozen=True, kw_only=True)
class Samples:
    """The samples of one server under one load, by call."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    """Calls a second."""
    costs: dict[str, list[float]] = field(default_factory=dict)
    """Milliseconds of CPU for a call, in the process that was started."""

    def add(self, call: str, *, rate: float, cost: float) -> None:
        self.rates.setdefault(call, []).append(rate)
        self.costs.setdefault(call, []).append(cost)


def loaded(runner: Runner, server: Server, plan: Plan) -> tuple[Result, float]:
    """The result of a load, and the milliseconds of the server's CPU for one of its calls."""
    before = cpu_seconds(server.pid)
    result = runner.load(plan)
    used = cpu_seconds(server.pid) - before
    return result, used / (plan.warm_up + result.count) * 1000


def states(runner: Runner, certs: Path, *, rounds: int, seconds: float) -> Iterator[Row]:
    folder = runner.folder / "states"
    folder.mkdir()
    runner = Runner(Cores(None, None), folder, runner.python)
    in_memory, one, crowded, two = Samples(), Samples(), Samples(), Samples()
    shares: list[float] = []

    def load(found: Samples, call: str, server: Server, plan: Plan) -> None:
        result, cost = loaded(runner, server, plan)
        found.add(call, rate=result.rate, cost=cost)
        shares.append(result.cpu_seconds / result.seconds)

    with ExitStack() as servers:

        def start(file: str, *options: str) -> Server:
            state = ("--state", f"sqlite:{folder / file}") if file else ()
            return servers.enter_context(runner.mock_sei(certs, options=(*state, *options)))

        memory, sqlite, workers = start(""), start("one.db"), start("two.db", "--workers", "2")
        turns = [
            (memory, in_memory, 4),
            (sqlite, one, 4),
            (sqlite, crowded, CONNECTIONS),
            (workers, two, CONNECTIONS),
        ]
        for _ in range(rounds):
            turns.reverse()
            for call, planned, _ in CALLS:
                for server, found, connections in turns:
                    plan = replace(planned(server, seconds), connections=connections)
                    load(found, call, server, plan)
    for call, _, least in CALLS:
        yield Row(
            measured=f"SQLite: {call}",
            form=RATE,
            ours=one.rates[call],
            others={MEMORY: in_memory.rates[call]},
            targets=[Against(words=f"{least:.2f} of memory", names=[MEMORY], at_least=least)],
        )
    for call, _, least in CALLS:
        most = 1 / least
        yield Row(
            measured=f"SQLite: {call}: CPU time of the server for one",
            form=PRECISE_MILLISECONDS,
            ours=one.costs[call],
            others={MEMORY: in_memory.costs[call]},
            targets=[Against(words=f"{most:.2f} of memory", names=[MEMORY], at_most=most)],
        )
    for call, _, _ in CALLS:
        yield Row(
            measured=f"SQLite, two workers, {CONNECTIONS} connections: {call}",
            form=RATE,
            ours=two.rates[call],
            others={ONE_PROCESS: crowded.rates[call]},
            targets=[
                Against(
                    words=f"{WORKERS_GAIN:g} of one process",
                    names=[ONE_PROCESS],
                    at_least=WORKERS_GAIN,
                )
            ],
        )
    yield Row(
        measured="the load generator's share of a core during these loads",
        form="{:.2f}",
        ours=shares,
    )


def starts(
    runner: Runner, certs: Path, *, lives: int, authorizations: int, applications: int
) -> Iterator[Row]:
    """The time of a start on a state with many records, and on one with half of them."""
    folder = runner.folder / "starts"
    folder.mkdir()
    files: dict[str, tuple[int, int]] = {
        "empty.db": (0, 0),
        "half.db": (authorizations // 2, applications // 2),
        "whole.db": (authorizations, applications),
    }
    took: dict[str, list[float]] = {}
    for file in files:
        with runner.mock_sei(certs, options=("--state", f"sqlite:{folder / file}")):
            pass
    for file, (many, some) in files.items():
        units = SharedUnits(SqliteStore(folder / file))
        fill(make_world(certs, units=units).platform, many, some)
        units.close()
    for _ in range(lives):
        for file in files:
            with runner.mock_sei(certs, options=("--state", f"sqlite:{folder / file}")) as server:
                took.setdefault(file, []).append(server.started_in)
    for file in ("half.db", "whole.db"):
        many, some = files[file]
        yield Row(
            measured=f"start on {many:,} authorizations and {some:,} applications in SQLite",
            form=SECONDS,
            ours=took[file],
            others={SMALL: took["empty.db"]},
        )
