"""Measures the fixture of a Python peer in a process that has just imported it.

It does what the peer's own fixture or documentation does: start, RESETS requests with a reset each,
and stop. Run in the peers' environment as
``python -m performance.benchmarks.peers.fixture_life NAME RESETS``.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict

from performance.benchmarks.fixture_life import FixtureLife


def pytest_httpserver(resets: int) -> FixtureLife:
    begun = time.perf_counter()
    from pytest_httpserver import HTTPServer

    imported = time.perf_counter()
    server = HTTPServer()
    server.start()
    started = time.perf_counter()
    reset_times = []
    for _ in range(resets):
        server.expect_request("/token").respond_with_json({"access_token": "ready-made"})
        _fetch(server.url_for("/token"))
        before = time.perf_counter()
        server.clear()
        reset_times.append(time.perf_counter() - before)
    stopping = time.perf_counter()
    server.stop()
    return FixtureLife(
        imported=imported - begun,
        start=started - imported,
        resets=reset_times,
        stop=time.perf_counter() - stopping,
    )


def oidc_provider_mock(_: int) -> FixtureLife:
    """This peer has no reset."""
    begun = time.perf_counter()
    from oidc_provider_mock import run_server_in_thread

    imported = time.perf_counter()
    with run_server_in_thread() as server:
        started = time.perf_counter()
        _fetch(f"http://localhost:{server.server_port}/.well-known/openid-configuration")
        stopping = time.perf_counter()
    return FixtureLife(
        imported=imported - begun,
        start=started - imported,
        resets=[],
        stop=time.perf_counter() - stopping,
    )


LIVES: dict[str, Callable[[int], FixtureLife]] = {
    "oidc-provider-mock": oidc_provider_mock,
    "pytest-httpserver": pytest_httpserver,
}


def _fetch(url: str) -> None:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310  # a server on this machine
        assert answer.read()


if __name__ == "__main__":
    json.dump(asdict(LIVES[sys.argv[1]](int(sys.argv[2]))), sys.stdout)
