"""A real ``redis-server`` for tests: on a free port of the loopback, with its data in a folder."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from uuid import uuid4

import pytest
import redis

from mock_sei.state.redis import RedisStore
from mock_sei.state.urls import RedisAddress, read_state_url
from tests.e2e.containers import free_port
from tests.patience import PATIENCE

_TRIES = 20
"""So often another port is tried, if another program took the free one meanwhile."""


class RedisServer:
    """A Redis server that a test can stop, freeze and start again."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        password: str | None = None,
        first: Sequence[str] = (),
    ) -> None:
        """``first`` are the arguments that come before all options, such as a file of settings."""
        self.folder, self.options, self.password, self._first = folder, options, password, first
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        for _ in range(_TRIES):
            self.port = free_port()
            if self.start():
                return self
        raise AssertionError(f"redis-server does not start: {self.log}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def log(self) -> str:
        return (self.folder / "redis.log").read_text()

    def start(self) -> bool:
        """Starts it on its port. False if the port is taken."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("needs redis-server")
        secret = () if self.password is None else ("--requirepass", self.password)
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(program, *self._first, "--port", str(self.port), "--bind", "127.0.0.1"),
                    *("--dir", str(self.folder), "--save", "", "--daemonize", "no"),
                    *self.options,
                    *secret,
                ],
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + PATIENCE
        with self.client() as client:
            while self._process.poll() is None and time.monotonic() < until:
                try:
                    client.ping()
                except redis.ConnectionError:
                    time.sleep(0.01)
                except redis.AuthenticationError:
                    return True
                else:
                    return True
        return False

    def client(self) -> redis.Redis:
        """A connection of the test's own, for what a store cannot do."""
        return redis.Redis(
            port=self.port, host="127.0.0.1", password=self.password, decode_responses=True
        )

    def stop(self) -> None:
        """Ends it with SIGTERM, as an orchestrator does."""
        self._signal(signal.SIGTERM)
        assert self._process is not None
        self._process.wait(PATIENCE)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def url(self, namespace: str | None = None, *, password: str | None = None) -> str:
        """The URL of a state that no other test has."""
        secret = password or self.password
        before = f":{secret}@" if secret else ""
        return f"redis://{before}127.0.0.1:{self.port}/0?namespace={namespace or uuid4().hex}"


def address_of(url: str) -> RedisAddress:
    address = read_state_url(url, source="--state").redis
    assert address is not None
    return address


def open_redis(url: str, *, journal_size: int = 1000) -> RedisStore:
    return RedisStore(address_of(url), journal_size=journal_size)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server for all tests of this process. Each test takes a namespace of its own."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server
