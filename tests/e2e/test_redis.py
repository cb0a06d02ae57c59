"""Servers and workers on one Redis server: they are one platform, and say when it is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx2
import pytest

from mock_sei.state import redis_line
from tests.e2e.serving import Serving, environment, run_mock_sei, wait_for
from tests.patience import PATIENCE
from tests.redis_server import RedisServer

PASSWORD = "hidden-word"  # of a Redis server of this test


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis"), password=PASSWORD) as server:
        yield server


@pytest.fixture(scope="module")
def servers(
    redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Serving, Serving]]:
    """A server of two workers and one of one, each with a certs folder of its own."""
    environ = {**environment(), "MOCK_SEI_STATE": redis.url("e2e")}
    folders = [tmp_path_factory.mktemp(each) for each in ("one", "other")]
    with (
        Serving.start(folders[0], "--workers", "2", environ=environ) as one,
        Serving.start(folders[1], environ=environ) as other,
    ):
        yield one, other


def state_of(serving: Serving) -> tuple[str, float]:
    """What ``/health`` says of the state, and the seconds that it took."""
    began = time.monotonic()
    answer = httpx2.get(f"{serving.ready['control_url']}/health", timeout=PATIENCE)
    state: str = answer.json()["state"]
    return state, time.monotonic() - began


def test_two_servers_have_one_ca_and_one_clock(servers: tuple[Serving, Serving]) -> None:
    one, other = servers

    moved = run_mock_sei("clock", "advance", "31m", "--control-url", one.ready["control_url"])
    shown = run_mock_sei("clock", "show", "--control-url", other.ready["control_url"])

    assert moved.returncode == 0, moved.stderr
    assert _time(shown.stdout) >= _time(moved.stdout)
    assert len({Path(each.ready["ca_file"]).read_text() for each in servers}) == 1


def _time(shown: str) -> datetime:
    return datetime.fromisoformat(shown.split()[0])


def test_a_frozen_redis_server_is_reported_at_once_and_heals(
    servers: tuple[Serving, Serving], redis: RedisServer
) -> None:
    _, other = servers
    redis.freeze()
    try:
        times = [state_of(other)[1] for _ in range(10)]
        wait_for(lambda: "does not answer" in state_of(other)[0])
        refused = run_mock_sei("clock", "show", "--control-url", other.ready["control_url"])
    finally:
        redis.thaw()

    assert min(times) < redis_line.PATIENCE  # the others may have met a busy machine
    assert refused.returncode
    assert "does not answer within" in refused.stderr
    wait_for(lambda: state_of(other)[0] == "ok")


def test_the_password_is_nowhere(servers: tuple[Serving, Serving], redis: RedisServer) -> None:
    one, other = servers
    processes = "".join(
        path.read_text(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists() and b"mock_sei.commands.worker" in path.read_bytes()
    )  # fmt: skip

    assert processes
    for text in (processes, one.output, one.errors, other.output, other.errors):
        assert PASSWORD not in text
    shown = run_mock_sei("state", "show", redis.url("e2e"))
    assert "in use by a server: yes" in shown.stdout
    assert PASSWORD not in shown.stdout
