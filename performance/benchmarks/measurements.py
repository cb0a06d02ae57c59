"""The measurements. Each is a function that uses a runner and returns rows of the table.

All servers take turns in each round, and their order changes from round to round, so that a slow
minute of the machine affects all of them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from mock_sei.fixtures import bundled_folder
from performance.benchmarks.apis import documents, filtered_page
from performance.benchmarks.calls_life import CallsLife
from performance.benchmarks.contestants import Contestant, Field, line_up
from performance.benchmarks.fixture_life import FixtureLife
from performance.benchmarks.load import Result
from performance.benchmarks.memory import MEGABYTE, resident, unused_tokens, used_tokens
from performance.benchmarks.peers import Peer, Registry
from performance.benchmarks.plans import MANY, fetch, fetch_token, make_plan
from performance.benchmarks.processes import Runner, Server
from performance.benchmarks.requests import functional_request
from performance.benchmarks.table import (
    BARE,
    BARE_UVLOOP,
    MEMORY,
    MILLISECONDS,
    OURS,
    PRECISE_MILLISECONDS,
    RATE,
    SECONDS,
    Against,
    Limit,
    Row,
)

CLOSEST = "oidc-provider"
"""The peer that does most of what our server does: two-way TLS, and a token for a certificate."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of the measurements."""

    rounds: int = 5
    seconds: float = 2.0
    """Seconds of each load in a round."""
    state_rounds: int = 20
    """Rounds of the loads on the kinds of state."""
    authorizations: int = 100_000
    """Authorizations in the state of a start with many records."""
    new_connections: int = 500
    connection_rounds: int = 20
    """Rounds of new connections to our server and to oidc-provider; to the others, ``rounds``."""
    cold_starts: int = 30
    """Starts of our server and of the baseline."""
    other_starts: int = 7
    """Starts of each other server, and of our server in other settings."""
    fixtures: int = 7
    suite_runs: int = 20
    """Runs of a user's suite with one test."""
    long_suite_runs: int = 7
    """Runs of a user's suite with workers, or with many tests."""
    suite_tests: int = 200
    resets: int = 50
    entries: int = 1000
    """In the journal that is searched."""
    applications: int = 5000
    """Applications in the fixtures of the start with many applications."""
    records: int = 10_000
    """Records behind the filtered page."""
    tokens: int = 100_000
    """Tokens in the memory measurements of our server and of the baseline."""
    peer_tokens: int = 20_000
    """Tokens in the memory measurement of a peer. Peers are slow, so it is fewer."""
    used_tokens: int = 50_000
    repetitions: int = 4
    """Repetitions of the measurement with used tokens, each after the former ones expired."""
    hostile_rounds: int = 3
    """Rounds of the hostile requests and of users' documents."""
    document: int = 10_000_000
    """Bytes of a user's large document."""
    page_applications: int = 5000
    """Applications, faults and mails that are stored while pages are visited."""
    page_entries: int = 10_000
    page_visits: int = 20
    growth_seconds: float = 0.5
    """Seconds of one measurement of the growth."""
    growth_divisor: int = 1
    """The number by which the sizes of the growth are divided."""


QUICK = Size(
    rounds=1,
    state_rounds=1,
    authorizations=300,
    seconds=0.2,
    new_connections=5,
    connection_rounds=1,
    cold_starts=1,
    other_starts=1,
    fixtures=1,
    suite_runs=1,
    long_suite_runs=1,
    suite_tests=3,
    resets=3,
    entries=20,
    tokens=300,
    peer_tokens=300,
    used_tokens=300,
    repetitions=1,
    applications=50,
    records=200,
    hostile_rounds=1,
    document=100_000,
    page_applications=60,
    page_entries=60,
    page_visits=2,
    growth_seconds=0.01,
    growth_divisor=100,
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """All results of a run."""

    rows: Sequence[Row]
    field: Field
    load_share: float
    """The largest share of its core that the load generator used, on kept-alive connections."""


def measure(
    runner: Runner, certs: Path, size: Size, peers: Sequence[Peer], reasons: Mapping[Registry, str]
) -> Report:
    field = line_up(runner, certs, reasons, peers)
    kept_alive: list[Result] = []
    rows = [
        *_under_load(runner, size, field, kept_alive),
        filtered_page(
            runner, certs, rounds=size.rounds, seconds=size.seconds, records=size.records
        ),
        *documents(runner, lives=size.fixtures),
        *_cold_starts(runner, size, field),
        _crowded_start(runner, certs, size),
        *_fixture(runner, size, field.with_fixture),
        *_calls(runner, size),
        _doctor(runner, certs, size),
        _idle(field),
        unused_tokens(runner, field, tokens=size.tokens, peer_tokens=size.peer_tokens),
        *used_tokens(runner, field, tokens=size.used_tokens, repetitions=size.repetitions),
    ]
    share = max(result.cpu_seconds / result.seconds for result in kept_alive)
    return Report(rows=rows, field=field, load_share=share)


def _under_load(
    runner: Runner, size: Size, field: Field, kept_alive: list[Result]
) -> Iterator[Row]:
    with ExitStack() as servers:
        turns = [(each, servers.enter_context(each.start())) for each in field.with_tokens]
        our_server = turns[0][1]
        call = functional_request(fetch_token(our_server))
        for _ in range(size.rounds):
            turns.reverse()
            for contestant, server in turns:
                result = runner.load(make_plan(server, count=MANY, seconds=size.seconds))
                kept_alive.append(result)
                contestant.samples.tokens.append(result.rate)
                _open_connections(runner, size, contestant, server)
            plan = make_plan(our_server, request=call, count=MANY, seconds=size.seconds)
            result = runner.load(plan)
            kept_alive.append(result)
            field.ours.samples.calls.append(result.rate)
        closest = [turn for turn in turns if turn[0].name in (OURS, CLOSEST)]
        for _ in range(size.connection_rounds - size.rounds):
            closest.reverse()
            for contestant, server in closest:
                _open_connections(runner, size, contestant, server)
    ours, tokens = field.ours.samples, field.of(lambda samples: samples.tokens)
    yield Row(
        measured="tokens a second, kept-alive two-way TLS",
        form=RATE,
        ours=ours.tokens,
        others=tokens,
        notes=_notes(field),
        targets=[
            Against(words="0.90 of bare", names=[BARE], at_least=0.9),
            Against(words="0.82 of bare on uvloop", names=[BARE_UVLOOP], at_least=0.82),
            Against(words="3 of oauth2-mock-server", names=["oauth2-mock-server"], at_least=3),
            Against(
                words="ahead of it with ES256",
                names=["oauth2-mock-server with ES256"],
                at_least=1,
            ),
            Against(words="faster than oidc-provider", names=[CLOSEST], at_least=1),
        ],
    )
    yield Row(
        measured="new connection plus token",
        form=MILLISECONDS,
        ours=ours.new_connection,
        others=field.of(lambda samples: samples.new_connection),
        notes=_notes(field),
        targets=[Against(words="at most 1.00 of oidc-provider", names=[CLOSEST], at_most=1)],
    )
    yield Row(
        measured="functional GET of 50 records",
        form=RATE,
        ours=ours.calls,
        others={BARE: tokens[BARE]},
        notes={BARE: "token"},
        targets=[Against(words="1.3 of bare", names=[BARE], at_least=1.3)],
    )


def _open_connections(runner: Runner, size: Size, contestant: Contestant, server: Server) -> None:
    plan = make_plan(
        server, new_connections=True, warm_up=3, count=size.new_connections, seconds=30
    )
    latencies = runner.load(plan).latencies
    contestant.samples.new_connection.append(median(latencies) * 1000)


def _notes(field: Field) -> dict[str, str]:
    """What a peer does less than our server."""
    plain = {peer.name: "plain HTTP" for peer in field.peers if not peer.two_way_tls}
    return plain | {peer.name: "fixed answer" for peer in field.peers if peer.jar}


def _cold_starts(runner: Runner, size: Size, field: Field) -> Iterator[Row]:
    empty_start: list[float] = []
    turns = list(field.contestants)
    for number in range(size.cold_starts):
        turns.reverse()
        for each in turns:
            if number >= size.other_starts and each.name not in (OURS, BARE):
                continue
            with each.start() as server:
                each.samples.start.append(server.started_in)
                each.samples.idle.append(resident(server.pid) / MEGABYTE)
                if each.grants_tokens:
                    fetch(server)
                    each.samples.first_token.append(time.perf_counter() - server.begun)
        if number >= size.other_starts:
            continue
        empty = runner.folder / "empty-certs"
        with runner.mock_sei(empty) as server:
            empty_start.append(server.started_in)
        shutil.rmtree(empty)
    ours, starts = field.ours.samples, field.of(lambda samples: samples.start)
    plain = [peer.name for peer in field.peers if not peer.two_way_tls]
    yield Row(
        measured="cold start to ready, empty certs/",
        form=SECONDS,
        ours=empty_start,
        others={BARE: starts[BARE]},
    )
    yield Row(
        measured="cold start to ready, full certs/",
        form=SECONDS,
        ours=ours.start,
        others=starts,
        targets=[
            Against(words="1.10 of bare", names=[BARE], at_most=1.1),
            Against(words="no slower than the fastest plain HTTP", names=plain, at_most=1),
        ],
    )
    yield Row(
        measured="cold start to first token, full certs/",
        form=SECONDS,
        ours=ours.first_token,
        others=field.of(lambda samples: samples.first_token),
    )


def _crowded_start(runner: Runner, certs: Path, size: Size) -> Row:
    """The time that many applications in the fixtures add to a start."""
    fixtures = runner.folder / "many-applications"
    fixtures.mkdir()
    usual = (bundled_folder() / "platform.toml").read_text(encoding="utf-8")
    more = "".join(
        f"[[applications]]\nname = 'page-{number}'\ntype = 'single-page'\nactor = 'end-user'\n"
        f"app_key = 'page-key-{number}'\n"
        f"redirect_addresses = ['https://page-{number}.example/callback']\n"
        for number in range(size.applications)
    )
    (fixtures / "platform.toml").write_text(f"{usual}\n{more}", encoding="utf-8")
    added = []
    for _ in range(size.other_starts):
        with runner.mock_sei(certs) as few, runner.mock_sei(certs, fixtures) as many:
            added.append(many.started_in - few.started_in)
    return Row(
        measured=f"cold start to ready, added by {size.applications:,} applications",
        form=SECONDS,
        ours=added,
        targets=[Limit(words="at most 1 s", at_most=1)],
    )


def _fixture(runner: Runner, size: Size, peers: Sequence[Peer]) -> Iterator[Row]:
    lives: dict[str, list[FixtureLife]] = {OURS: []}
    for _ in range(size.fixtures):
        lives[OURS].append(runner.fixture_life(size.resets))
        for peer in peers:
            lives.setdefault(peer.name, []).append(runner.fixture_life(size.resets, peer))
    measured: dict[str, tuple[Callable[[FixtureLife], list[float]], float | None]] = {
        "fixture: import, once a process": (lambda life: [life.imported], None),
        "fixture: start, once imported": (lambda life: [life.start], None),
        "fixture: reset": (lambda life: life.resets, 1),
        "fixture: stop, a client still connected": (lambda life: [life.stop], None),
        "fixture: start plus stop": (lambda life: [life.start + life.stop], 60),
    }
    for name, (seconds, limit) in measured.items():
        times = {
            who: [each * 1000 for life in their_lives for each in seconds(life)]
            for who, their_lives in lives.items()
        }
        yield Row(
            measured=name,
            form=MILLISECONDS,
            ours=times.pop(OURS),
            others=times,
            targets=[Limit(words=f"under {limit:g} ms", at_most=limit)] if limit else (),
        )


def _calls(runner: Runner, size: Size) -> Iterator[Row]:
    """What a test does to the fixture's server, without HTTP."""
    lives = [runner.calls_life(size.resets, size.entries) for _ in range(size.fixtures)]
    measured: dict[str, tuple[Callable[[CallsLife], list[float]], float]] = {
        "the first faults.add": (lambda life: [life.first_fault], 2),
        "a later faults.add": (lambda life: life.faults, 0.5),
        "clock.advance": (lambda life: life.advances, 0.5),
        f"journal.find, one of {size.entries:,} entries": (lambda life: life.searches, 10),
        "reset": (lambda life: life.resets, 1),
    }
    for name, (seconds, limit) in measured.items():
        yield Row(
            measured=f"in process: {name}, CPU time",
            form=PRECISE_MILLISECONDS,
            ours=[each * 1000 for life in lives for each in seconds(life)],
            targets=[Limit(words=f"under {limit:g} ms", at_most=limit)],
        )


def _doctor(runner: Runner, certs: Path, size: Size) -> Row:
    with runner.mock_sei(certs) as server:
        took = [runner.doctor(server) for _ in range(size.other_starts)]
    return Row(
        measured="the doctor's command against a healthy server",
        form=SECONDS,
        ours=took,
        targets=[Limit(words="under 2 s", at_most=2)],
    )


def _idle(field: Field) -> Row:
    return Row(
        measured="resident memory, idle",
        form=MEMORY,
        ours=field.ours.samples.idle,
        others=field.of(lambda samples: samples.idle),
        targets=[Limit(words="at most 65 MB", at_most=65)],
    )
