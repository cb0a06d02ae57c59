"""The head of an answer is sent with the first piece of its body, and is never lost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.runtime.protocol import (
    JoinedWrites,
    OpenWrites,
    PinnedProtocol,
    PlatformProtocol,
)
from tests.runtime.still import WHOLE, StillLoop, configured

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Recorder(asyncio.Transport):
    """A transport that records the calls of its methods."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes | str] = []
        self.socket, self.peer = socket.socketpair()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_closing(), "CPython 3.11 fails at what is written after an end"
        self.done.append(bytes(data))

    def is_closing(self) -> bool:
        return bool({"close", "abort"} & set(self.done))

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self.socket if name == "socket" else default


@pytest.fixture
def transport() -> Iterator[Recorder]:
    transport = Recorder()
    with transport.socket, transport.peer:
        yield transport


def test_a_head_leaves_with_the_first_piece_of_its_body(transport: Recorder) -> None:
    joined = JoinedWrites(transport)
    joined.write(HEAD)
    assert transport.done == []
    joined.write(b"body")
    assert transport.done == [HEAD + b"body"]


@pytest.mark.long
def test_further_pieces_leave_at_once(transport: Recorder) -> None:
    joined = JoinedWrites(transport)
    for piece in (HEAD, b"one", b"two"):
        joined.write(piece)
    assert transport.done == [HEAD + b"one", b"two"]


def test_an_interim_answer_leaves_at_once(transport: Recorder) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    JoinedWrites(transport).write(interim)
    assert transport.done == [interim]


def test_a_head_alone_leaves_at_a_flush_and_once(transport: Recorder) -> None:
    joined = JoinedWrites(transport)
    joined.write(HEAD)
    joined.flush()
    joined.flush()
    assert transport.done == [HEAD]


def test_heads_of_pipelined_requests_keep_their_order(transport: Recorder) -> None:
    joined = JoinedWrites(transport)
    joined.write(HEAD)
    joined.write(HEAD)
    joined.write(b"body")
    assert transport.done == [HEAD, HEAD + b"body"]


@pytest.mark.parametrize(("end", "ended"), [("close", "close"), ("reset", "abort")])
def test_what_was_written_goes_before_the_end(transport: Recorder, end: str, ended: str) -> None:
    joined = JoinedWrites(transport)
    joined.write(HEAD)
    getattr(joined, end)()
    assert transport.done == [HEAD, ended]


@pytest.mark.parametrize("end", ["close", "abort"])
def test_nothing_is_written_or_closed_after_the_end(transport: Recorder, end: str) -> None:
    writes = OpenWrites(transport)
    writes.write(HEAD)
    getattr(writes, end)()
    writes.write(b"body")
    writes.close()
    assert transport.done == [HEAD, end]


@pytest.mark.parametrize("kind", [PinnedProtocol, PlatformProtocol], ids=["control", "platform"])
def test_an_answer_that_is_ready_after_the_abort_is_dropped(
    kind: type[PinnedProtocol], loop: StillLoop, transport: Recorder, platform: Platform
) -> None:
    """uvicorn learns of the abort a few steps of the loop later, and would write."""
    ready = asyncio.Event()
    ended = []

    async def slow(_: Scope, __: Receive, send: Send) -> None:
        await ready.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"body"})
        ended.append("well")

    protocol = kind(configured(slow), loop.state, {}, loop)
    protocol.platform = platform
    if isinstance(protocol, PlatformProtocol):
        protocol.listener = Listener.ONE_WAY
    protocol.connection_made(transport)
    protocol.data_received(WHOLE)
    loop.settle()
    transport.abort()
    ready.set()
    loop.settle()
    assert (transport.done, ended) == (["abort"], ["well"])
    protocol.connection_lost(None)
    loop.settle()


@pytest.mark.parametrize("ended", ["close", "abort"])
def test_nothing_reaches_a_transport_that_has_ended(transport: Recorder, ended: str) -> None:
    joined = JoinedWrites(transport)
    joined.write(HEAD)
    getattr(transport, ended)()
    joined.write(b"body")
    joined.write(HEAD)
    joined.flush()
    joined.close()
    joined.close()
    assert transport.done == [ended]
