"""The measurements of the functional APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.plans import MANY, fetch, fetch_token, make_plan
from benchmarks.processes import Bench
from benchmarks.requests import FILTERED_PATH, functional_request
from benchmarks.table import MILLISECONDS, RATE, Row, middle, paired_ratio, spread
from mock_sei.fixtures import bundled_folder


def filtered_page(
    bench: Bench, certs: Path, *, rounds: int, seconds: float, records: int
) -> Iterator[Row]:
    """A page of 50 under two filters; the same bytes, ready-made, from uvicorn alone."""
    ours: list[float] = []
    bare: list[float] = []
    fixtures = bench.folder / "many-records"
    (fixtures / "data").mkdir(parents=True)
    made = json.loads((bundled_folder() / "data" / "investors.json").read_bytes())
    many = [
        {**made[number % len(made)], "externalId": f"INV-{number:05}"} for number in range(records)
    ]
    (fixtures / "data" / "investors.json").write_text(json.dumps(many), encoding="utf-8")
    with bench.mock_sei(certs, fixtures) as our_server, ExitStack() as servers:
        token = fetch_token(our_server, certs)
        page = bench.folder / "page.json"
        page.write_bytes(fetch(our_server, certs, "GET", FILTERED_PATH, token=token))
        bare_server = servers.enter_context(bench.bare(certs, page))
        request = functional_request(token, FILTERED_PATH)
        turns = [(our_server, ours), (bare_server, bare)]
        for _ in range(rounds):
            turns.reverse()
            for server, rates in turns:
                plan = make_plan(server, certs, request=request, count=MANY, seconds=seconds)
                rates.append(bench.load(plan).rate)
    ratio = paired_ratio(ours, bare)
    yield Row(
        measured=f"50 of {records:,} records under two filters",
        ours=middle(ours, RATE),
        spread=spread(ours, RATE),
        bare=f"{middle(bare, RATE)} (same bytes)",
        ratio=f"{ratio:.2f}",
        target="at least 0.33 of bare",
        reached=ratio >= 1 / 3,
    )


def documents(bench: Bench, *, lives: int) -> Iterator[Row]:
    found = [bench.document_life() for _ in range(lives)]
    listed = [each.listed * 1000 for each in found]
    read = [each.read * 1000 for each in found]
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
