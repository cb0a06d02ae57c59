"""What a test does to the server of the fixture, in a process that has just started it.

No call goes over HTTP. Prints the CPU seconds of the calling thread for each call as JSON.

Run as ``python -m performance.benchmarks.calls_life CALLS ENTRIES``.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from performance.benchmarks.requests import FUNCTIONAL_PATH

OPERATIONS = ("GET /v2/investors", "PATCH /v1/investors/INV-1", "GET /v1/products/*")
"""What faults are for, in turn: a whole path, one with a value, one with any end."""
SOUGHT = "GET /v1/products"


@dataclass(frozen=True, kw_only=True)
class CallsLife:
    """CPU seconds."""

    first_fault: float
    """Of the first ``faults.add`` of the process."""
    faults: list[float]
    """Of each later one."""
    advances: list[float]
    searches: list[float]
    """Of each ``journal.find`` that finds one entry among many."""
    resets: list[float]
    """Of each ``reset`` of what the calls before it have changed."""


def live(calls: int, entries: int) -> CallsLife:
    from mock_sei.testing.in_process import MockSei

    operations = itertools.cycle(OPERATIONS)
    with MockSei() as server:

        def add_fault() -> None:
            server.faults.add(next(operations), status=503)

        def advance() -> None:
            server.clock.advance(minutes=1)

        def search() -> None:
            assert len(server.journal.find(SOUGHT)) == 1

        first_fault, *faults = [cost_of(add_fault) for _ in range(calls + 1)]
        server.reset()
        account = server.service_account("svc-demo")
        with server.client(account) as http:
            token = server.token(account)
            headers = {"AppKey": account.app_key, "Authorization": f"Bearer {token}"}
            for path in (SOUGHT.partition(" ")[2], *[FUNCTIONAL_PATH] * (entries - 1)):
                assert http.get(path, headers=headers).status_code == 200
        searches = [cost_of(search) for _ in range(calls)]
        advances, resets = [], []
        for _ in range(calls):
            add_fault()
            advances.append(cost_of(advance))
            resets.append(cost_of(server.reset))
    return CallsLife(
        first_fault=first_fault, faults=faults, advances=advances, searches=searches, resets=resets
    )


def cost_of(call: Callable[[], object]) -> float:
    begun = time.thread_time()
    call()
    return time.thread_time() - begun


if __name__ == "__main__":
    json.dump(asdict(live(*map(int, sys.argv[1:]))), sys.stdout)
