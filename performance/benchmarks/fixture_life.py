"""Measures the server of the pytest fixture: start, resets and stop, after the import.

The fixture ``mock_sei_server`` enters and leaves :class:`MockSei`, and ``mock_sei`` calls ``reset``
before each test. The seconds of each step are printed as JSON. Before each reset there is a token
request and a call, and at the stop a client is still connected, as in a user's test suite.

Run as ``python -m performance.benchmarks.fixture_life RESETS``.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass

from performance.benchmarks.requests import FUNCTIONAL_PATH


@dataclass(frozen=True, kw_only=True)
class FixtureLife:
    """The measured times in seconds."""

    imported: float
    start: float
    resets: list[float]
    stop: float


def live(resets: int) -> FixtureLife:
    begun = time.perf_counter()
    from mock_sei.testing.in_process import MockSei

    imported = time.perf_counter()
    server = MockSei().start()
    started = time.perf_counter()
    reset_times = []
    account = server.service_account("svc-demo")
    with server.client(account) as http:
        for _ in range(resets):
            token = server.token(account)
            headers = {"AppKey": account.app_key, "Authorization": f"Bearer {token}"}
            assert http.get(FUNCTIONAL_PATH, headers=headers).status_code == 200
            before = time.perf_counter()
            server.reset()
            reset_times.append(time.perf_counter() - before)
        stopping = time.perf_counter()
        server.stop()
        stopped = time.perf_counter()
    return FixtureLife(
        imported=imported - begun,
        start=started - imported,
        resets=reset_times,
        stop=stopped - stopping,
    )


if __name__ == "__main__":
    json.dump(asdict(live(int(sys.argv[1]))), sys.stdout)
