"""A server stops at each moment of a connection's beginning."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

import pytest

from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.runtime.loops import new_event_loop, new_thread_loop
from mock_sei.runtime.server import PlatformServer, ServerListener
from mock_sei.web.control.app import control_app
from mock_sei.web.control.listener import ControlListener, LazyApp

MOMENTS = 12
"""Steps of the event loop after which the server stops: more than a connection needs to begin."""
IN_A_THREAD = b"GET /applications HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.slow
@pytest.mark.parametrize("new_loop", [new_thread_loop, new_event_loop], ids=["asyncio", "uvloop"])
def test_a_stop_while_a_control_connection_begins_is_no_failure(
    platform: Platform,
    caplog: pytest.LogCaptureFixture,
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    caplog.set_level(logging.WARNING)
    app = LazyApp(control_app)
    app.load()

    async def stop_after(steps: int) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        listener = ServerListener(
            name=Listener.CONTROL, sockets=[listening], app=ControlListener(app, platform)
        )
        server = PlatformServer(platform, [listener])
        await server.start()
        with socket.create_connection(listening.getsockname()) as client:
            client.sendall(IN_A_THREAD)
            for _ in range(steps):
                await asyncio.sleep(0)
            await server.stop()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        for steps in range(MOMENTS):
            runner.run(stop_after(steps))

    assert [each.getMessage() for each in caplog.records] == []
    assert list(platform.state.bugs) == []
