"""Servers and workers on one Redis server: they are one platform, and say when it is away."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

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


HEALTH = {"/health": 200, "/health/live": 200, "/health/ready": 503}
"""The calls about health, and their statuses while the store is away."""
AT_ONCE = 0.1
"""Seconds within which they are answered, while the store hangs too."""


def ask(serving: Serving, path: str) -> tuple[int, dict[str, str], float]:
    """The status and the JSON of a control call, and the seconds that the server took.

    They are without those in which the server or this test wanted a processor, and other programs
    had all of them: a busy machine is not what is measured. A new client of a library would load
    its CAs first, so this is a plain connection.
    """
    connection = http.client.HTTPConnection(
        urlsplit(serving.ready["control_url"]).netloc, timeout=PATIENCE
    )
    began, waited = time.monotonic(), waits(serving.process.pid)
    connection.request("GET", path)
    answer = connection.getresponse()
    content = answer.read()
    took = time.monotonic() - began - (waits(serving.process.pid) - waited)
    connection.close()
    return answer.status, json.loads(content), took


def waits(pid: int) -> float:
    """Seconds that a process and this thread have waited for a processor (Linux, schedstat)."""
    files = [*Path(f"/proc/{pid}/task").glob("*/schedstat"), Path("/proc/thread-self/schedstat")]
    return sum(int(each.read_text().split()[1]) for each in files) / 1e9


def state_of(serving: Serving) -> str:
    """What ``/health`` says of the state."""
    return ask(serving, "/health")[1]["state"]


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
    assert ask(other, "/health/ready")[0] == 200
    redis.freeze()
    try:
        early = [ask(other, path)[-1] for _ in range(10) for path in HEALTH]
        wait_for(lambda: "does not answer" in state_of(other))
        wait_for(lambda: ask(other, "/health/ready")[0] == 503)
        answers = [(path, *ask(other, path)) for _ in range(20) for path in HEALTH]
        refused = run_mock_sei("clock", "show", "--control-url", other.ready["control_url"])
    finally:
        redis.thaw()

    assert {path: status for path, status, _, _ in answers} == HEALTH
    assert [each for each in answers if each[-1] >= AT_ONCE] == []
    assert [each for each in early if each >= AT_ONCE] == []
    reasons = {told["reason"] for path, _, told, _ in answers if path == "/health/ready"}
    assert all("does not answer" in each for each in reasons)
    assert refused.returncode
    assert "does not answer within" in refused.stderr
    wait_for(lambda: state_of(other) == "ok")
    wait_for(lambda: ask(other, "/health/ready")[0] == 200)


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
