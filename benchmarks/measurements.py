"""The measurements, each a function from a bench to rows of the table.

Ours and the bare application take turns within every round, the order changing from round to round,
so that a slow minute of the machine is a slow minute for both.
"""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.load import Plan, Result
from benchmarks.memory import MEGABYTE, resident
from benchmarks.processes import Bench, ClientFiles, Server
from benchmarks.requests import (
    APP_KEY,
    FILTERED_PATH,
    TOKEN_PATH,
    functional_request,
    token_request,
)
from benchmarks.table import Row, middle, paired_ratio, spread
from mock_sei.fixtures import bundled_folder

RATE, SECONDS, MILLISECONDS, MEMORY = "{:,.0f}/s", "{:.2f} s", "{:.2f} ms", "{:.1f} MB"

MANY = 1_000_000
"""A bound that the seconds reach first."""


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
    filtered: list[float] = field(default_factory=list)
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
        *_filtered_page(bench, size, certs, ours, bare),
        *_documents(bench, size),
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
        call = functional_request(_fetch_token(our_server, certs))
        turns = [(our_server, ours), (bare_server, bare)]
        for _ in range(size.rounds):
            turns.reverse()
            for server, samples in turns:
                result = bench.load(_plan(server, certs, count=MANY, seconds=size.seconds))
                samples.tokens.append(samples.add_kept_alive(result))
                result = bench.load(
                    _plan(
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
                _plan(our_server, certs, request=call, count=MANY, seconds=size.seconds)
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


def _filtered_page(
    bench: Bench, size: Size, certs: Path, ours: Samples, bare: Samples
) -> Iterator[Row]:
    """A page of 50 under two filters over many records; the same bytes, ready-made, from uvicorn."""
    fixtures = bench.folder / "many-records"
    (fixtures / "data").mkdir(parents=True)
    made = json.loads((bundled_folder() / "data" / "investors.json").read_bytes())
    many = [
        {**made[number % len(made)], "externalId": f"INV-{number:05}"}
        for number in range(size.records)
    ]
    (fixtures / "data" / "investors.json").write_text(json.dumps(many), encoding="utf-8")
    with bench.mock_sei(certs, fixtures) as our_server, ExitStack() as servers:
        token = _fetch_token(our_server, certs)
        page = bench.folder / "page.json"
        page.write_bytes(_fetch(our_server, certs, "GET", FILTERED_PATH, token=token))
        bare_server = servers.enter_context(bench.bare(certs, page))
        request = functional_request(token, FILTERED_PATH)
        turns = [(our_server, ours.filtered, ours), (bare_server, bare.filtered, bare)]
        for _ in range(size.rounds):
            turns.reverse()
            for server, rates, samples in turns:
                plan = _plan(server, certs, request=request, count=MANY, seconds=size.seconds)
                rates.append(samples.add_kept_alive(bench.load(plan)))
    ratio = paired_ratio(ours.filtered, bare.filtered)
    yield Row(
        measured=f"50 of {size.records:,} records under two filters",
        ours=middle(ours.filtered, RATE),
        spread=spread(ours.filtered, RATE),
        bare=f"{middle(bare.filtered, RATE)} (same bytes)",
        ratio=f"{ratio:.2f}",
        target="at least 0.33 of bare",
        reached=ratio >= 1 / 3,
    )


def _documents(bench: Bench, size: Size) -> Iterator[Row]:
    lives = [bench.document_life() for _ in range(size.fixtures)]
    listed = [each.listed * 1000 for each in lives]
    read = [each.read * 1000 for each in lives]
    yield Row(
        measured="documents: their paths, at a start",
        ours=middle(listed, MILLISECONDS),
        spread=spread(listed, MILLISECONDS),
    )
    yield Row(
        measured="documents: all read whole",
        ours=middle(read, MILLISECONDS),
        spread=spread(read, MILLISECONDS),
        target="at most 150 ms",
        reached=median(read) <= 150,
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
    plan = _plan(server, certs, warm_up=0, count=size.tokens, seconds=600)
    assert bench.load(plan).count == size.tokens, "too slow to obtain all tokens"
    return (resident(server.pid) - before) / MEGABYTE


def _plan(
    server: Server,
    certs: Path,
    *,
    count: int,
    seconds: float,
    request: str | None = None,
    warm_up: int = 100,
    new_connections: bool = False,
) -> Plan:
    """A load on a server, of token requests unless told otherwise."""
    files = ClientFiles.of(certs)
    return Plan(
        port=server.port,
        ca_file=files.ca,
        cert_file=files.certificate,
        key_file=files.key,
        request=request or token_request(),
        new_connections=new_connections,
        warm_up=warm_up,
        count=count,
        seconds=seconds,
    )


def _fetch_token(server: Server, certs: Path) -> str:
    head, _, body = token_request().partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    return str(json.loads(_fetch(server, certs, "POST", TOKEN_PATH, body, headers))["access_token"])


def _fetch(
    server: Server,
    certs: Path,
    method: str,
    path: str,
    body: str | None = None,
    headers: dict[str, str] | None = None,
    token: str = "",
) -> bytes:
    files = ClientFiles.of(certs)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=files.ca)
    context.load_cert_chain(files.certificate, files.key)
    if token:
        headers = {"AppKey": APP_KEY, "Authorization": f"Bearer {token}"}
    connection = http.client.HTTPSConnection("localhost", server.port, context=context)
    try:
        connection.request(method, path, body, headers or {})
        return connection.getresponse().read()
    finally:
        connection.close()
