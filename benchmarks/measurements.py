"""The measurements, each a function from a bench to rows of the table.

Ours and the bare application take turns within every round, the order changing from round to round,
so that a slow minute of the machine is a slow minute for both.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.apis import documents, filtered_page
from benchmarks.load import Result
from benchmarks.memory import MEGABYTE, resident
from benchmarks.plans import MANY, fetch_token, make_plan
from benchmarks.processes import Bench, Server
from benchmarks.requests import functional_request
from benchmarks.table import (
    MEMORY,
    MILLISECONDS,
    RATE,
    SECONDS,
    Row,
    middle,
    paired_ratio,
    spread,
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    rounds: int = 7
    seconds: float = 2.0
    """Of each load in a round."""
    new_connections: int = 150
    cold_starts: int = 7
    fixtures: int = 7
    resets: int = 50
    records: int = 10_000
    """Behind the page that is filtered."""
    tokens: int = 100_000
    """Of the memory measurement."""


QUICK = Size(
    rounds=1,
    seconds=0.2,
    new_connections=5,
    cold_starts=1,
    fixtures=1,
    resets=3,
    tokens=300,
    records=200,
)


@dataclass(kw_only=True)
class Samples:
    """What the rounds saw of one server; memory in bytes, the rest in seconds or a second."""

    tokens: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    new_connection: list[float] = field(default_factory=list)
    load_share: list[float] = field(default_factory=list)
    """Of its core that the load generator was busy on kept-alive connections."""
    full_start: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)

    def add_kept_alive(self, result: Result) -> float:
        self.load_share.append(result.cpu_seconds / result.seconds)
        return result.rate


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything one run found."""

    rows: list[Row]
    load_share: float
    """The largest share of its core that the load generator used on kept-alive connections."""


def measure(bench: Bench, size: Size) -> Report:
    ours, bare = Samples(), Samples()
    certs = bench.folder / "full-certs"
    with bench.mock_sei(certs):
        pass  # makes the folder, and compiles whatever is imported for the first time
    rows = [
        *_under_load(bench, size, certs, ours, bare),
        *filtered_page(
            bench, certs, rounds=size.rounds, seconds=size.seconds, records=size.records
        ),
        *documents(bench, lives=size.fixtures),
        *_cold_starts(bench, size, certs, ours, bare),
        *_fixture(bench, size),
        *_memory(bench, size, certs, ours, bare),
    ]
    return Report(rows=rows, load_share=max(*ours.load_share, *bare.load_share))


def _under_load(
    bench: Bench, size: Size, certs: Path, ours: Samples, bare: Samples
) -> Iterator[Row]:
    with ExitStack() as servers:
        our_server = servers.enter_context(bench.mock_sei(certs))
        bare_server = servers.enter_context(bench.bare(certs))
        call = functional_request(fetch_token(our_server, certs))
        turns = [(our_server, ours), (bare_server, bare)]
        for _ in range(size.rounds):
            turns.reverse()
            for server, samples in turns:
                result = bench.load(make_plan(server, certs, count=MANY, seconds=size.seconds))
                samples.tokens.append(samples.add_kept_alive(result))
                result = bench.load(
                    make_plan(
                        server,
                        certs,
                        new_connections=True,
                        warm_up=3,
                        count=size.new_connections,
                        seconds=30,
                    )
                )
                samples.new_connection.append(median(result.latencies) * 1000)
            result = bench.load(
                make_plan(our_server, certs, request=call, count=MANY, seconds=size.seconds)
            )
            ours.calls.append(ours.add_kept_alive(result))
    ratio = paired_ratio(ours.tokens, bare.tokens)
    yield Row(
        measured="tokens a second, kept-alive two-way TLS",
        ours=middle(ours.tokens, RATE),
        spread=spread(ours.tokens, RATE),
        bare=middle(bare.tokens, RATE),
        ratio=f"{ratio:.2f}",
        target="at least 0.50 of bare",
        reached=ratio >= 0.5,
    )
    yield Row(
        measured="new connection plus token",
        ours=middle(ours.new_connection, MILLISECONDS),
        spread=spread(ours.new_connection, MILLISECONDS),
        bare=middle(bare.new_connection, MILLISECONDS),
        ratio=f"{paired_ratio(ours.new_connection, bare.new_connection):.2f}",
    )
    yield Row(
        measured="functional GET of 50 records",
        ours=middle(ours.calls, RATE),
        spread=spread(ours.calls, RATE),
        bare=f"{middle(bare.tokens, RATE)} (token)",
        ratio=f"{paired_ratio(ours.calls, bare.tokens):.2f}",
    )


def _cold_starts(
    bench: Bench, size: Size, certs: Path, ours: Samples, bare: Samples
) -> Iterator[Row]:
    empty_start: list[float] = []
    for _ in range(size.cold_starts):
        with bench.bare(certs) as server:
            bare.full_start.append(server.started_in)
            bare.idle.append(resident(server.pid))
        with bench.mock_sei(certs) as server:
            ours.full_start.append(server.started_in)
            ours.idle.append(resident(server.pid))
        empty = bench.folder / "empty-certs"
        with bench.mock_sei(empty) as server:
            empty_start.append(server.started_in)
        shutil.rmtree(empty)
    yield Row(
        measured="cold start to ready, empty certs/",
        ours=middle(empty_start, SECONDS),
        spread=spread(empty_start, SECONDS),
        bare=middle(bare.full_start, SECONDS),
        ratio=f"{paired_ratio(empty_start, bare.full_start):.2f}",
    )
    yield Row(
        measured="cold start to ready, full certs/",
        ours=middle(ours.full_start, SECONDS),
        spread=spread(ours.full_start, SECONDS),
        bare=middle(bare.full_start, SECONDS),
        ratio=f"{paired_ratio(ours.full_start, bare.full_start):.2f}",
        target="under 0.6 s",
        reached=median(ours.full_start) < 0.6,
    )


def _fixture(bench: Bench, size: Size) -> Iterator[Row]:
    lives = [bench.fixture_life(size.resets) for _ in range(size.fixtures)]
    measured = {
        "fixture: import, once a process": ([each.imported for each in lives], None),
        "fixture: start, once imported": ([each.start for each in lives], 100),
        "fixture: reset": ([reset for each in lives for reset in each.resets], 1),
        "fixture: stop, a client still connected": ([each.stop for each in lives], 50),
    }
    for name, (seconds, limit) in measured.items():
        times = [each * 1000 for each in seconds]
        yield Row(
            measured=name,
            ours=middle(times, MILLISECONDS),
            spread=spread(times, MILLISECONDS),
            target=f"under {limit} ms" if limit else "",
            reached=median(times) < limit if limit else None,
        )


def _memory(bench: Bench, size: Size, certs: Path, ours: Samples, bare: Samples) -> Iterator[Row]:
    idle = [each / MEGABYTE for each in ours.idle]
    bare_idle = [each / MEGABYTE for each in bare.idle]
    yield Row(
        measured="resident memory, idle",
        ours=middle(idle, MEMORY),
        spread=spread(idle, MEMORY),
        bare=middle(bare_idle, MEMORY),
        ratio=f"{paired_ratio(idle, bare_idle):.2f}",
        target="at most 80 MB",
        reached=median(idle) <= 80,
    )
    with bench.mock_sei(certs) as server:
        growth = _growth(bench, server, certs, size)
    with bench.bare(certs) as server:
        bare_growth = _growth(bench, server, certs, size)
    yield Row(
        measured=f"resident memory, added by {size.tokens:,} unused tokens",
        ours=MEMORY.format(growth),
        bare=MEMORY.format(bare_growth),
        target="at most 40 MB more",
        reached=growth <= 40,
    )


def _growth(bench: Bench, server: Server, certs: Path, size: Size) -> float:
    """Megabytes between idle and after all the tokens."""
    before = resident(server.pid)
    plan = make_plan(server, certs, warm_up=0, count=size.tokens, seconds=600)
    assert bench.load(plan).count == size.tokens, "too slow to obtain all tokens"
    return (resident(server.pid) - before) / MEGABYTE
