"""The connection of a client that is too slow, or sends without end, is closed."""

from __future__ import annotations

import asyncio
import json

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config

from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.limits import HEAD_LIMIT, PATIENCE
from mock_sei.runtime.protocol import PlatformProtocol
from tests.runtime.still import HEAD, WHOLE, StillLoop, Wire, configured, status

pytestmark = pytest.mark.long


async def application(_: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole request, then answers."""
    while (message := await receive()).get("more_body", False):
        pass
    if message["type"] == "http.request":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def config() -> Config:
    return configured(application)


@pytest.fixture
def protocol(loop: StillLoop, wire: Wire, config: Config, platform: Platform) -> PlatformProtocol:
    protocol = PlatformProtocol(config, loop.state, {}, loop)
    protocol.platform, protocol.listener = platform, Listener.TWO_WAY
    protocol.connection_made(wire)
    return protocol


@pytest.mark.usefixtures("protocol")
def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(
    loop: StillLoop, wire: Wire, platform: Platform
) -> None:
    loop.pass_seconds(PATIENCE - 1)
    assert not wire.is_closing()

    loop.pass_seconds(1)

    assert wire.is_closing()
    assert wire.sent == b""
    assert not platform.journal.entries


def test_a_head_that_comes_drop_by_drop_must_be_whole_in_time(
    protocol: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform
) -> None:
    for byte in HEAD[:40]:
        protocol.data_received(bytes([byte]))
        loop.pass_seconds(1)
    assert not wire.is_closing()

    loop.pass_seconds(PATIENCE - 40)

    assert wire.is_closing()
    assert status(wire) == 408
    entry = platform.journal.last
    assert (entry.status, entry.refused_by) == (408, "request")
    assert json.loads(wire.sent.partition(b"\r\n\r\n")[2])["trackingId"] == entry.tracking_id


def test_a_body_may_come_slowly_but_must_go_on(
    protocol: PlatformProtocol, loop: StillLoop, wire: Wire
) -> None:
    protocol.data_received(HEAD + b"Content-Length: 9\r\n\r\n")
    for _ in range(8):
        loop.pass_seconds(PATIENCE - 1)
        protocol.data_received(b"x")
    assert not wire.is_closing()

    loop.pass_seconds(PATIENCE)

    assert wire.is_closing()


def test_whoever_waits_for_an_answer_is_waited_for(loop: StillLoop, wire: Wire) -> None:
    answering = asyncio.Event()

    async def slow(_: Scope, __: Receive, ___: Send) -> None:
        await answering.wait()

    config = Config(slow, http="httptools", lifespan="off", log_config=None, ws="none")
    protocol = LimitedProtocol(config, loop.state, {}, loop)
    protocol.connection_made(wire)
    protocol.data_received(WHOLE)

    loop.pass_seconds(10 * PATIENCE)

    assert not wire.is_closing()
    answering.set()
    protocol.connection_lost(None)
    loop.settle()


def test_each_request_of_a_kept_connection_has_its_own_time(
    protocol: PlatformProtocol, loop: StillLoop, wire: Wire
) -> None:
    for _ in range(3):
        protocol.data_received(WHOLE[:20])
        loop.pass_seconds(PATIENCE - 1)
        protocol.data_received(WHOLE[20:])
        loop.settle()
    assert not wire.is_closing()
    assert wire.sent.count(b"HTTP/1.1 204") == 3

    protocol.data_received(WHOLE[:20])
    loop.pass_seconds(PATIENCE)

    assert wire.is_closing()


def test_a_head_without_an_end_is_refused(
    protocol: PlatformProtocol, wire: Wire, platform: Platform
) -> None:
    line = b"X-More: " + b"x" * 1000 + b"\r\n"
    protocol.data_received(HEAD)
    for _ in range(HEAD_LIMIT // len(line) + 1):
        assert not wire.is_closing()
        protocol.data_received(line)

    assert wire.is_closing()
    assert status(wire) == 431
    assert platform.journal.last.expected == f"at most {HEAD_LIMIT} bytes"


def test_a_large_body_is_no_large_head(
    protocol: PlatformProtocol, loop: StillLoop, wire: Wire
) -> None:
    size = 4 * HEAD_LIMIT
    protocol.data_received(HEAD + f"Content-Length: {size}\r\n\r\n".encode())
    for _ in range(4):
        protocol.data_received(b"x" * HEAD_LIMIT)
        loop.settle()

    assert status(wire) == 204
    assert not wire.is_closing()


@pytest.mark.parametrize("broke", [None, ConnectionResetError()])
@pytest.mark.parametrize("said", [b"", WHOLE[:20]], ids=["idle", "in a request"])
def test_a_connection_that_is_gone_leaves_no_timer(
    protocol: PlatformProtocol, loop: StillLoop, broke: Exception | None, said: bytes
) -> None:
    protocol.data_received(WHOLE)
    loop.settle()
    if said:
        protocol.data_received(said)

    protocol.connection_lost(broke)

    assert timers(loop) == 0


def timers(loop: StillLoop) -> int:
    scheduled: list[asyncio.TimerHandle] = loop._scheduled  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way
    return sum(not each.cancelled() for each in scheduled)
