"""The measurements of the functional APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from mock_sei.fixtures import bundled_folder
from performance.benchmarks.plans import MANY, fetch, fetch_token, make_plan
from performance.benchmarks.processes import Runner
from performance.benchmarks.requests import FILTERED_PATH, functional_request
from performance.benchmarks.table import BARE, MILLISECONDS, RATE, Against, Limit, Row


def filtered_page(runner: Runner, certs: Path, *, rounds: int, seconds: float, records: int) -> Row:
    """A page of 50 records with two filters, compared with uvicorn that sends the same bytes."""
    ours: list[float] = []
    bare: list[float] = []
    fixtures = runner.folder / "many-records"
    (fixtures / "data").mkdir(parents=True)
    made = json.loads((bundled_folder() / "data" / "investors.json").read_bytes())
    many = [
        {**made[number % len(made)], "externalId": f"INV-{number:05}"} for number in range(records)
    ]
    (fixtures / "data" / "investors.json").write_text(json.dumps(many), encoding="utf-8")
    with runner.mock_sei(certs, fixtures) as our_server, ExitStack() as servers:
        request = functional_request(fetch_token(our_server), FILTERED_PATH)
        page = runner.folder / "page.json"
        page.write_bytes(fetch(our_server, request))
        bare_server = servers.enter_context(runner.bare(certs, page))
        turns = [(our_server, ours), (bare_server, bare)]
        for _ in range(rounds):
            turns.reverse()
            for server, rates in turns:
                plan = make_plan(server, request=request, count=MANY, seconds=seconds)
                rates.append(runner.load(plan).rate)
    return Row(
        measured=f"50 of {records:,} records under two filters",
        form=RATE,
        ours=ours,
        others={BARE: bare},
        notes={BARE: "same bytes"},
        targets=[Against(words="0.45 of bare", names=[BARE], at_least=0.45)],
    )


def documents(runner: Runner, *, lives: int) -> Iterator[Row]:
    found = [runner.document_life() for _ in range(lives)]
    yield Row(
        measured="documents: their paths, at a start",
        form=MILLISECONDS,
        ours=[each.listed * 1000 for each in found],
    )
    yield Row(
        measured="documents: all read whole",
        form=MILLISECONDS,
        ours=[each.read * 1000 for each in found],
        targets=[Limit(words="at most 150 ms", at_most=150)],
    )
