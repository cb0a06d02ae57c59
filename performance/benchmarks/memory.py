"""Measures the resident memory of servers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import httpx2

from performance.benchmarks.contestants import Field
from performance.benchmarks.plans import make_plan
from performance.benchmarks.processes import Runner, Server
from performance.benchmarks.requests import FUNCTIONAL_PATH, functional_request
from performance.benchmarks.table import BARE, BARE_UVLOOP, MEMORY, OURS, Limit, Row

MEGABYTE = 1_000_000
PAST_THEIR_END = timedelta(hours=2)
"""Longer than the life of a token, which is one hour."""


def resident(pid: int) -> int:
    """Resident memory of a process in bytes, with shared libraries."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:  # no /proc: macOS
        shown = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True
        )
        return int(shown.stdout) * 1024
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kilobytes) * 1024


def unused_tokens(runner: Runner, field: Field, *, tokens: int, peer_tokens: int) -> Row:
    """The memory that unused tokens add to an idle server."""
    grown: dict[str, list[float]] = {}
    for each in field.with_tokens:
        if not each.signs or each.name == BARE_UVLOOP:
            continue
        count = tokens if each.name in (OURS, BARE) else peer_tokens
        with each.start() as server:
            before = resident(server.pid)
            plan = make_plan(server, warm_up=0, count=count, seconds=600)
            assert runner.load(plan).count == count, "too slow to obtain all tokens"
            grown[each.name] = [(resident(server.pid) - before) / MEGABYTE]
    ours = grown.pop(field.ours.name)
    return Row(
        measured=f"resident memory, added by {tokens:,} unused tokens",
        form=MEMORY,
        ours=ours,
        others=grown,
        notes={name: f"of {peer_tokens:,}" for name in grown if name != BARE},
        targets=[Limit(words="at most 5 MB more", at_most=5)],
    )


def used_tokens(runner: Runner, field: Field, *, tokens: int, repetitions: int) -> Iterator[Row]:
    """The memory that used tokens add: each is used once, then all expire, and this is repeated.

    It is repeated because the growth in one repetition may come from the memory allocator.
    """
    with field.ours.start() as server:
        idle = resident(server.pid) / MEGABYTE
        after: list[float] = []
        for _ in range(1 + repetitions):
            plan = make_plan(
                server,
                warm_up=0,
                count=tokens,
                seconds=600,
                then=functional_request("{taken}", f"{FUNCTIONAL_PATH.partition('?')[0]}?limit=1"),
            )
            assert runner.load(plan).count == tokens
            after.append(resident(server.pid) / MEGABYTE)
            _pass_their_end(server)
    yield Row(
        measured=f"resident memory, added by {tokens:,} used tokens",
        form=MEMORY,
        ours=[after[0] - idle],
    )
    yield Row(
        measured=f"resident memory, added by {tokens:,} more after the others expired",
        form=MEMORY,
        ours=[later - earlier for earlier, later in pairwise(after)],
        targets=[Limit(words="at most 2 MB", at_most=2)],
    )


def _pass_their_end(server: Server) -> None:
    httpx2.post(
        f"{server.control_url}/clock/advance",
        json={"seconds": PAST_THEIR_END.total_seconds()},
        trust_env=False,
        timeout=20,
    ).raise_for_status()
