"""Measures what ``mock-sei record`` adds: one client's latency through it, compared with a bare TLS
reverse proxy. Behind both is the same mock. They take turns in each round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

from performance.benchmarks.load import Plan, Result
from performance.benchmarks.plans import MANY, fetch_token, make_plan
from performance.benchmarks.processes import Runner, Server
from performance.benchmarks.requests import functional_request
from performance.benchmarks.table import MILLISECONDS, Against, Row

PROXY, DIRECT = "bare TLS proxy", "no proxy"
COLUMNS = (PROXY, DIRECT)
MOST = 2.0
"""The latency through the recorder, in times of that through the bare proxy."""


def recorder(
    runner: Runner, certs: Path, *, rounds: int, seconds: float, connections: int
) -> Iterator[Row]:
    """The rows of the table. ``connections`` are the new connections of one measurement."""
    with ExitStack() as servers:
        direct = servers.enter_context(runner.mock_sei(certs))
        proxied = servers.enter_context(runner.bare_proxy(certs, direct))
        recorded = servers.enter_context(runner.recorder(certs, direct))
        token = fetch_token(direct)
        read = functional_request(token)
        kinds: Sequence[tuple[str, Callable[[Server], Plan]]] = (
            ("token request", lambda each: _kept_alive(each, "", seconds)),
            ("functional GET of 50 records", lambda each: _kept_alive(each, read, seconds)),
            (
                "new connection plus token",
                lambda each: make_plan(
                    each, count=connections, seconds=60, warm_up=2, new_connections=True
                ),
            ),
        )
        found: dict[tuple[str, int], list[float]] = {}
        turns = [recorded, proxied, direct]
        for _ in range(rounds):
            for name, plan in kinds:
                for each in turns:
                    took = _latency(runner.load(plan(each)))
                    found.setdefault((name, each.port), []).append(took * 1000)
            turns.reverse()
    for name, _ in kinds:
        yield Row(
            measured=f"recorder: {name}",
            form=MILLISECONDS,
            ours=found[name, recorded.port],
            others={PROXY: found[name, proxied.port], DIRECT: found[name, direct.port]},
            targets=[Against(words=f"at most {MOST:g} of the proxy", names=[PROXY], at_most=MOST)],
        )


def _kept_alive(server: Server, request: str, seconds: float) -> Plan:
    plan = make_plan(server, request=request, count=MANY, seconds=seconds)
    return replace(plan, connections=1)


def _latency(result: Result) -> float:
    return median(result.latencies) if result.latencies else result.seconds / result.count
