"""A connection without sockets: an event loop whose time a test moves, and a replaced transport."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from mock_sei.runtime.limited import LimitedProtocol

HEAD = b"POST /v2/oauthtoken HTTP/1.1\r\nHost: localhost\r\n"
WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class StillLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still until the test moves it."""

    now = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.state = ServerState()

    def time(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Moves the time; the server checks its connections every second, as usual."""
        self.now += seconds
        for connection in list(self.state.connections):
            if isinstance(connection, LimitedProtocol):
                connection.end_overdue()
        self.settle()

    def settle(self) -> None:
        """Runs everything that is due now."""
        for _ in range(5):
            self.call_soon(self.stop)
            self.run_forever()


class Wire(asyncio.Transport):
    """A transport that keeps what was written, and tells the protocol when it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False
        self.paused = False
        self.unread = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return self.unread

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


def status(wire: Wire) -> int:
    return int(wire.sent.split(b" ", 2)[1])


def configured(application: ASGIApp) -> Config:
    config = Config(application, http="httptools", lifespan="off", log_config=None, ws="none")
    config.load()
    return config
