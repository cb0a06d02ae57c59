"""A server with a shared state: its answers and its end do not overtake the state."""

from __future__ import annotations

import contextlib
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_sei.runtime.launch import Launch, launch
from mock_sei.runtime.server import ServerThread
from mock_sei.settings import Settings
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.store import StoreBusy
from mock_sei.state.unit_of_work import SharedUnits
from tests.e2e.handshakes import tls
from tests.e2e.serving import wait_for

REQUEST = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
NOT_HTTP = b"\x16\x03 this is no HTTP\r\n\r\n"


class Running:
    """A server in a thread of this process."""

    def __init__(self, launched: Launch) -> None:
        self.platform = launched.platform
        self.server = ServerThread(launched.server)
        self.requests = launched.server._state.tasks  # noqa: SLF001  # sees that a request has come

    @property
    def units(self) -> SharedUnits:
        units = self.platform.units
        assert isinstance(units, SharedUnits)
        return units

    @contextlib.contextmanager
    def connected(self) -> Iterator[ssl.SSLSocket]:
        context = ssl.create_default_context(cafile=self.platform.store.ca_file)
        with tls(self.platform.addresses.one_way, context) as connection:
            yield connection


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    settings = Settings(
        certs_dir=tmp_path / "certs",
        state=f"sqlite:{tmp_path / 'platform.db'}",
        one_way_port=0,
        two_way_port=0,
        control_port=0,
    )
    running = Running(launch(settings))
    running.server.start()
    yield running
    running.server.stop()
    running.units.close()


def test_a_stop_cuts_a_request_that_waits_for_the_state_and_logs_no_error(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    with running.connected() as connection:
        with running.units._lock:  # noqa: SLF001  # as a thread's unit has it
            connection.sendall(REQUEST)
            wait_for(lambda: running.requests)
            running.server.stop()
        with contextlib.suppress(OSError):  # the server may reset the connection
            assert connection.recv(1) == b""
    assert [each.getMessage() for each in caplog.records] == []


@pytest.mark.parametrize("request_", [REQUEST, NOT_HTTP], ids=["request", "no HTTP"])
def test_an_answer_is_sent_when_its_journal_entry_is_in_the_state(
    running: Running, monkeypatch: pytest.MonkeyPatch, request_: bytes
) -> None:
    """Otherwise another server would not show it, and a kill would lose it."""
    add, tries = SqliteStore.add_entries, iter(range(3))

    def busy_at_first(store: SqliteStore, entries: Any) -> None:
        if next(tries, None) is not None:
            raise StoreBusy
        add(store, entries)

    monkeypatch.setattr(SqliteStore, "add_entries", busy_at_first)
    with running.connected() as connection:
        connection.sendall(request_)
        assert connection.recv(8) == b"HTTP/1.1"
        with running.units._lock:  # noqa: SLF001  # the store is used by one thread at a time
            assert running.units._store.begin().recorded == 1  # noqa: SLF001  # writes nothing itself
