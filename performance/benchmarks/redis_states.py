"""Measures servers with their state in a Redis server on the same machine.

All servers run at the same time and take turns in each round, as those of ``states.py`` do. The
load on two servers comes from two generators at the same time, each with half of the connections.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from performance.benchmarks.load import Result
from performance.benchmarks.machine import Cores
from performance.benchmarks.processes import Runner, Server
from performance.benchmarks.states import CALLS, MEMORY, Planning, Samples, loaded
from performance.benchmarks.table import PRECISE_MILLISECONDS, RATE, Against, Row
from tests.redis_server import RedisServer

ONE_SERVER = "Redis, one server"
FEW, MANY = 1, 16
"""Client connections of the two loads."""
MOST_ROUNDS, LONGEST = 10, 0.7
"""So many rounds of so many seconds, at most: all of it takes less than four minutes."""
GOALS: Sequence[tuple[float, float]] = ((0.50, 0.65), (0.35, 0.50), (0.35, 0.45))
"""For each call the smallest ratio to memory, with few connections and with many."""
GAIN, GAIN_ON_MEMORY = 1.5, 1.1


class _Turn(NamedTuple):
    """Servers that are measured together, how many connections they get, and what was found."""

    servers: Sequence[Server]
    connections: int
    found: Samples


def redis_states(runner: Runner, certs: Path, *, rounds: int, seconds: float) -> Iterator[Row]:
    """No row where there is no Redis server."""
    if shutil.which("redis-server") is None:
        return
    folder = runner.folder / "redis"
    folder.mkdir()
    runner = Runner(Cores(None, None), folder, runner.python)
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder))

        def start(namespace: str = "") -> Server:
            state = ("--state", redis.url(namespace)) if namespace else ()
            return stack.enter_context(runner.mock_sei(certs, options=state))

        memory, one = start(), start("one")
        two = [start("two"), start("two")]
        few_in_memory, few, many_in_memory, many, both = (Samples() for _ in range(5))
        turns = [
            _Turn([memory], FEW, few_in_memory),
            _Turn([one], FEW, few),
            _Turn([memory], MANY, many_in_memory),
            _Turn([one], MANY, many),
            _Turn(two, MANY, both),
        ]
        for _ in range(min(rounds, MOST_ROUNDS)):
            turns.reverse()
            for call, planned, _ in CALLS:
                for turn in turns:
                    _load(runner, turn, call, planned, min(seconds, LONGEST))
    for connections, found, beside, place in (
        (FEW, few, few_in_memory, 0),
        (MANY, many, many_in_memory, 1),
    ):
        words = f"{connections} connection{'s' if connections > 1 else ''}"
        for (call, _, _), goals in zip(CALLS, GOALS, strict=True):
            least = goals[place]
            yield Row(
                measured=f"Redis, {words}: {call}",
                form=RATE,
                ours=found.rates[call],
                others={MEMORY: beside.rates[call]},
                targets=[Against(words=f"{least:.2f} of memory", names=[MEMORY], at_least=least)],
            )
    for call, _, _ in CALLS:
        yield Row(
            measured=f"Redis, {MANY} connections: {call}: CPU time of the server for one",
            form=PRECISE_MILLISECONDS,
            ours=many.costs[call],
            others={MEMORY: many_in_memory.costs[call]},
        )
    for call, _, _ in CALLS:
        yield Row(
            measured=f"two servers on one Redis, {MANY} connections: {call}",
            form=RATE,
            ours=both.rates[call],
            others={MEMORY: many_in_memory.rates[call], ONE_SERVER: many.rates[call]},
            targets=[
                Against(words=f"{GAIN:g} of one", names=[ONE_SERVER], at_least=GAIN),
                Against(
                    words=f"{GAIN_ON_MEMORY:g} of memory", names=[MEMORY], at_least=GAIN_ON_MEMORY
                ),
            ],
        )


def _load(runner: Runner, turn: _Turn, call: str, planned: Planning, seconds: float) -> None:
    share = turn.connections // len(turn.servers)

    def load(server: Server) -> tuple[Result, float]:
        return loaded(runner, server, replace(planned(server, seconds), connections=share))

    with ThreadPoolExecutor(len(turn.servers)) as threads:
        results = list(threads.map(load, turn.servers))
    turn.found.add(
        call,
        rate=sum(each.rate for each, _ in results),
        cost=sum(each for _, each in results) / len(results),
    )
