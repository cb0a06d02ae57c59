"""A server with a shared state stops while a request waits for the state."""

from __future__ import annotations

import contextlib
import logging
import ssl
from pathlib import Path

import pytest

from mock_sei.runtime.launch import launch
from mock_sei.runtime.server import ServerThread
from mock_sei.settings import Settings
from tests.e2e.handshakes import tls
from tests.e2e.serving import wait_for

REQUEST = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_a_stop_cuts_a_request_that_waits_for_the_state_and_logs_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    settings = Settings(
        certs_dir=tmp_path / "certs",
        state=f"sqlite:{tmp_path / 'platform.db'}",
        one_way_port=0,
        two_way_port=0,
        control_port=0,
    )
    launched = launch(settings)
    server, platform = ServerThread(launched.server), launched.platform
    requests = launched.server._state.tasks  # noqa: SLF001  # sees that the request has come
    server.start()
    try:
        context = ssl.create_default_context(cafile=platform.store.ca_file)
        with tls(platform.addresses.one_way, context) as connected:
            with platform.units._lock:  # type: ignore[attr-defined]  # noqa: SLF001  # as a thread's unit has it
                connected.sendall(REQUEST)
                wait_for(lambda: requests)
                server.stop()
            with contextlib.suppress(OSError):  # the server may reset the connection
                assert connected.recv(1) == b""
    finally:
        server.stop()
        platform.units.close()
    assert [each.getMessage() for each in caplog.records] == []
