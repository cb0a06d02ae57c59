"""Everything a client sends has a limit, which does not depend on the pieces in which it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator

import pytest
from starlette.types import Receive, Scope, Send

from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.limits import (
    FRAMING_A_BYTE,
    FRAMING_LIMIT,
    HEAD_LIMIT,
    HEADER_LIMIT,
    PATIENCE,
    SLICE,
    UNREAD_LIMIT,
)
from mock_sei.runtime.protocol import PlatformProtocol
from mock_sei.web.app import platform_app
from mock_sei.web.exchange import REFUSED
from mock_sei.web.listener import PlatformListener
from tests.operations import arm_fault
from tests.runtime.still import HEAD, WHOLE, StillLoop, Wire, configured, status

CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
READ = 256 * 1024
"""The largest number of bytes that the event loop reads at once."""

Cut = Callable[[bytes], Iterator[bytes]]


def cut(size: int) -> Cut:
    def pieces(data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), size):
            yield data[start : start + size]

    return pieces


arrivals = pytest.mark.parametrize(
    "pieces", [cut(READ), cut(SLICE + 1), cut(1000), cut(7)], ids=["at once", "4097", "1000", "7"]
)


@pytest.fixture
def served(loop: StillLoop, wire: Wire, platform: Platform) -> PlatformProtocol:
    """A connection of the whole platform, without TLS."""
    listener = PlatformListener(platform_app(), platform, Listener.ONE_WAY)
    protocol = PlatformProtocol(configured(listener), loop.state, {}, loop)
    protocol.platform, protocol.listener = platform, Listener.ONE_WAY
    protocol.connection_made(wire)
    return protocol


class Application:
    """Reads each request and answers 204; ``gate`` holds its answers back."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.bodies: list[bytes] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if REFUSED in scope or not message["more_body"]:
                break
        self.bodies.append(body)
        await self.gate.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def protocol(loop: StillLoop, wire: Wire, application: Application) -> LimitedProtocol:
    protocol = LimitedProtocol(configured(application), loop.state, {}, loop)
    protocol.connection_made(wire)
    return protocol


def feed(protocol: LimitedProtocol, loop: StillLoop, data: Iterator[bytes], wire: Wire) -> int:
    """Sends until the connection is closed or not read. Returns how many bytes were accepted."""
    taken = 0
    for piece in data:
        if wire.is_closing():
            break
        protocol.data_received(piece)
        taken += len(piece)
        if wire.paused:
            loop.settle()
    loop.settle()
    return taken


def settling(loop: StillLoop, wire: Wire) -> Iterator[None]:
    """Waits until the server reads again, and then until nothing is due."""
    while wire.paused:
        loop.settle()
        yield
    loop.settle()


def head_of(size: int) -> bytes:
    """A request of ``size`` bytes with one long header."""
    start, end = b"GET /x HTTP/1.1\r\nHost: localhost\r\nX-More: ", b"\r\n\r\n"
    return start + b"x" * (size - len(start) - len(end)) + end


@arrivals
def test_the_head_limit_is_one_number_however_the_bytes_arrive(
    protocol: LimitedProtocol, loop: StillLoop, wire: Wire, pieces: Cut
) -> None:
    feed(protocol, loop, pieces(head_of(HEAD_LIMIT)), wire)
    assert status(wire) == 204
    assert not wire.is_closing()
    wire.sent = b""

    feed(protocol, loop, pieces(head_of(HEAD_LIMIT + 1)), wire)
    assert status(wire) == 431
    assert wire.is_closing()


@pytest.mark.long
@arrivals
@pytest.mark.parametrize(
    "endless",
    [
        b"GET /" + b"a" * (2 * HEAD_LIMIT),
        b"GET /a#" + b"f" * (2 * HEAD_LIMIT),
        b"GET /?" + b"q=1&" * (HEAD_LIMIT // 2),
        b"GET / HTTP/1.1\r\n" + b"n" * (2 * HEAD_LIMIT),
        b"GET / HTTP/1.1\r\nA:" + b" " * (2 * HEAD_LIMIT),
        b"GET / HTTP/1.1\r\nA: b" + b"\t" * (2 * HEAD_LIMIT),
        b"GET / HTTP/1.1\r\n" + b"a:\r\n" * HEAD_LIMIT,
        b"GET / HTTP/1.1\r\nExpect: 100-continue\r\nA: " + b"e" * (2 * HEAD_LIMIT),
    ],
    ids=["path", "fragment", "query", "name", "spaces", "tabs", "many", "expect"],
)
def test_a_head_without_an_end_is_refused_wherever_it_grows(
    protocol: LimitedProtocol, loop: StillLoop, wire: Wire, pieces: Cut, endless: bytes
) -> None:
    taken = feed(protocol, loop, pieces(endless), wire)

    assert wire.is_closing()
    assert status(wire) == 431
    assert taken <= max(READ, HEAD_LIMIT + 2 * SLICE)


@pytest.mark.parametrize(("count", "expected"), [(HEADER_LIMIT, 204), (HEADER_LIMIT + 1, 431)])
def test_a_message_has_so_many_headers(
    protocol: LimitedProtocol, loop: StillLoop, wire: Wire, count: int, expected: int
) -> None:
    data = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * count + b"\r\n"

    feed(protocol, loop, cut(READ)(data), wire)

    assert status(wire) == expected


def test_the_second_request_of_a_read_is_not_charged_for_the_first(
    protocol: LimitedProtocol, loop: StillLoop, wire: Wire
) -> None:
    body = b"x" * (READ - 200)
    posted = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    feed(protocol, loop, iter([posted + WHOLE[:20], WHOLE[20:]]), wire)
    for _ in range(30):
        loop.settle()

    assert wire.sent.count(b" 204 ") == 2
    assert not wire.is_closing()


class TestAfterTheHead:
    @arrivals
    @pytest.mark.parametrize(
        "endless",
        [
            b"0\r\n" + (b"X-T: " + b"a" * 100 + b"\r\n") * 2000,
            b"0\r\nX-T: " + b"a" * (3 * HEAD_LIMIT),
            b"0\r\n" + b"t" * (3 * HEAD_LIMIT),
            b"0\r\n" + b"t: \r\n" * HEAD_LIMIT,
            b"1;x=" + b"e" * (3 * HEAD_LIMIT),
            (b"1;x=" + b"e" * 1000 + b"\r\nb\r\n") * 200,
            b"0" * (3 * HEAD_LIMIT),
        ],
        ids=["trailers", "trailer", "name", "many", "extension", "extensions", "zeros"],
    )
    def test_what_grows_is_refused_in_the_platform_s_words(
        self,
        served: PlatformProtocol,
        loop: StillLoop,
        wire: Wire,
        platform: Platform,
        pieces: Cut,
        endless: bytes,
    ) -> None:
        feed(
            served,
            loop,
            pieces(CHUNKED.replace(b"/v2/oauthtoken", b"/v2/oauth/token") + endless),
            wire,
        )
        for _ in range(5):
            loop.pass_seconds(1)

        assert status(wire) in (400, 431)
        assert wire.is_closing()
        (entry,) = platform.journal.entries
        assert entry.status == status(wire)
        body = json.loads(wire.sent.partition(b"\r\n\r\n")[2])
        assert body["trackingId"] == entry.tracking_id
        assert entry.request is not None
        assert sum(len(n) + len(v) for n, v in entry.request.raw_headers) < 200

    def test_head_and_trailers_have_one_limit_together(
        self, protocol: LimitedProtocol, loop: StillLoop, wire: Wire, application: Application
    ) -> None:
        head = CHUNKED[:-2] + b"X-A: " + b"a" * (HEAD_LIMIT // 2) + b"\r\n\r\n"
        small = b"0\r\nX-B: " + b"b" * (HEAD_LIMIT // 2 - 1000) + b"\r\n\r\n"
        feed(protocol, loop, cut(1000)(head + small), wire)
        assert status(wire) == 204
        assert not wire.is_closing()

        large = b"0\r\nX-B: " + b"b" * (HEAD_LIMIT // 2 + 1000) + b"\r\n\r\n"
        feed(protocol, loop, cut(1000)(head + large), wire)
        assert wire.is_closing()
        assert application.scopes[1][REFUSED].kind.status == 431

    def test_trailers_are_no_headers(
        self, protocol: LimitedProtocol, loop: StillLoop, wire: Wire, application: Application
    ) -> None:
        """A trailer must not be a header: a client could identify itself too late (RFC 9110,
        6.5.1)."""
        feed(protocol, loop, iter([CHUNKED + b"1\r\nb\r\n0\r\nAppKey: demo\r\n\r\n"]), wire)

        assert status(wire) == 204
        assert application.bodies == [b"b"]
        names = [name for name, _ in application.scopes[0]["headers"]]
        assert names == [b"host", b"transfer-encoding"]

    @arrivals
    def test_a_body_in_chunks_of_one_byte_is_read(
        self,
        protocol: LimitedProtocol,
        loop: StillLoop,
        wire: Wire,
        application: Application,
        pieces: Cut,
    ) -> None:
        count = FRAMING_LIMIT // FRAMING_A_BYTE
        feed(protocol, loop, pieces(CHUNKED + b"1\r\nx\r\n" * count + b"0\r\n\r\n"), wire)
        for _ in range(100):
            loop.settle()

        assert status(wire) == 204
        assert application.bodies == [b"x" * count]

    def test_an_answered_request_may_not_go_on_for_good(self, loop: StillLoop, wire: Wire) -> None:
        async def hasty(_: Scope, __: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        protocol = LimitedProtocol(configured(hasty), loop.state, {}, loop)
        protocol.connection_made(wire)
        protocol.data_received(HEAD + b"Content-Length: 99999999999\r\n\r\n")
        loop.settle()
        sent = 0
        while not wire.is_closing() and sent < 2 * UNREAD_LIMIT:
            protocol.data_received(b"x" * READ)
            sent += READ

        assert UNREAD_LIMIT <= sent <= UNREAD_LIMIT + 2 * READ


@pytest.mark.parametrize("endless", [b"100000\r\n" + b"x" * 0x100000, b"1;" + b"e" * READ])
def test_a_stalled_exchange_stays_stalled_whatever_is_sent(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform, endless: bytes
) -> None:
    arm_fault(platform, {"operation": "POST /v2/oauthtoken", "stall": True})
    feed(served, loop, cut(READ)(CHUNKED + endless + b"\r\n" + endless), wire)
    list(settling(loop, wire))

    assert wire.sent == b""
    served.connection_lost(None)
    loop.settle()
    assert not platform.bugs
    assert not loop.state.tasks


@pytest.mark.parametrize(
    ("path", "named"),
    [("/v2/oauthtoken", b'"error_description"'), ("/v1/order/tradetickets", b'"message"')],
)
def test_a_body_that_is_read_for_a_fault_and_is_wrong_is_refused_as_without_the_fault(
    served: PlatformProtocol,
    loop: StillLoop,
    wire: Wire,
    platform: Platform,
    path: str,
    named: bytes,
) -> None:
    arm_fault(platform, {"operation": f"POST {path}", "status": 503, "body": "gromp"})
    head = HEAD.replace(b"/v2/oauthtoken", path.encode())
    served.data_received(head + b"Transfer-Encoding: chunked\r\n\r\nnot a size\r\n")
    loop.settle()

    assert status(wire) == 400
    assert named in wire.sent
    assert not platform.bugs
    assert platform.journal.entries[-1].refused_by == "HTTP"


class TestPipelines:
    @pytest.mark.long
    @pytest.mark.parametrize("request_", [b"GET / HTTP/1.1\r\n\r\n", WHOLE], ids=["bare", "whole"])
    def test_a_flood_is_answered_in_order_and_few_are_under_way(
        self,
        protocol: LimitedProtocol,
        loop: StillLoop,
        wire: Wire,
        application: Application,
        request_: bytes,
    ) -> None:
        count = READ // 4 // len(request_)
        application.gate.clear()
        protocol.data_received(request_ * count)
        loop.settle()
        assert wire.paused
        assert len(protocol.pipeline) <= SLICE // 18

        application.gate.set()
        most = max(len(protocol.pipeline) for _ in settling(loop, wire))

        assert wire.sent.count(b" 204 ") == count == len(application.scopes)
        assert most <= SLICE // 18
        assert not wire.is_closing()
        protocol.data_received(WHOLE)
        loop.settle()
        assert len(application.scopes) == count + 1

    def test_a_body_that_nobody_reads_waits_outside(self, loop: StillLoop, wire: Wire) -> None:
        reading = asyncio.Event()
        sizes = []

        async def late(_: Scope, receive: Receive, send: Send) -> None:
            await reading.wait()
            total, more = 0, True
            while more:
                message = await receive()
                total += len(message["body"])
                more = message["more_body"]
                sizes.append(len(message["body"]))
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        protocol = LimitedProtocol(configured(late), loop.state, {}, loop)
        protocol.connection_made(wire)
        size = READ - 200
        protocol.data_received(HEAD + b"Content-Length: %d\r\n\r\n" % size + b"x" * size)
        loop.pass_seconds(2 * PATIENCE)
        assert wire.paused
        assert not wire.is_closing(), "it is we who do not read"

        reading.set()
        list(settling(loop, wire))

        assert sum(sizes) == size
        assert max(sizes) <= 64 * 1024 + SLICE
        assert status(wire) == 204

    def test_a_bad_request_behind_a_good_one_is_not_its_answer(
        self, protocol: LimitedProtocol, loop: StillLoop, wire: Wire
    ) -> None:
        protocol.data_received(WHOLE + b"\x00\x01\r\n\r\n" + WHOLE)
        loop.settle()

        assert wire.sent.startswith(b"HTTP/1.1 204")
        assert wire.sent.count(b"HTTP/1.1 ") == 1
        assert wire.is_closing()

    def test_who_leaves_is_missed_by_the_request_under_way_and_not_by_the_last(
        self, loop: StillLoop, wire: Wire
    ) -> None:
        ended = []

        async def until_gone(_: Scope, receive: Receive, __: Send) -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            ended.append(True)

        protocol = LimitedProtocol(configured(until_gone), loop.state, {}, loop)
        protocol.connection_made(wire)
        protocol.data_received(WHOLE * 3)
        loop.settle()

        protocol.connection_lost(None)
        loop.settle()

        assert ended == [True]
        assert not protocol.pipeline
        assert not loop.state.tasks


class TestOtherProtocols:
    @pytest.mark.parametrize(
        "said",
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
            b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n c\x00\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"\x16\x03\x01\x00\xc8\x01",
        ],
        ids=["2", "fold", "lengths", "negative", "digits", "both", "tls"],
    )
    def test_what_is_no_http_1_1_is_refused_once(
        self,
        served: PlatformProtocol,
        loop: StillLoop,
        wire: Wire,
        platform: Platform,
        said: bytes,
    ) -> None:
        served.data_received(said)
        loop.settle()
        served.data_received(said)
        loop.settle()

        assert status(wire) == 400
        assert wire.sent.count(b"HTTP/1.1 ") == 1
        assert wire.is_closing()
        assert len(platform.journal.entries) == 1

    @pytest.mark.parametrize("protocol_name", [b"websocket", b"h2c", b"TLS/1.0", b"x" * 9000])
    def test_an_upgrade_is_passed_over_and_what_follows_is_read(
        self,
        protocol: LimitedProtocol,
        loop: StillLoop,
        wire: Wire,
        application: Application,
        protocol_name: bytes,
    ) -> None:
        upgrade = b"Connection: Upgrade\r\nUpgrade: " + protocol_name + b"\r\n"
        get = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n"
        post = HEAD + upgrade + b"Content-Length: 3\r\n\r\nabc"
        protocol.data_received(get + post + WHOLE)
        for _ in range(10):
            loop.settle()

        assert wire.sent.count(b" 204 ") == 3
        assert application.bodies == [b"", b"abc", b""]
        assert not wire.is_closing()

    def test_an_upgrade_with_a_body_in_chunks_has_the_same_limits(
        self, protocol: LimitedProtocol, loop: StillLoop, wire: Wire, application: Application
    ) -> None:
        head = CHUNKED[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        feed(protocol, loop, cut(1000)(head + b"3\r\nabc\r\n0\r\n\r\n"), wire)
        assert application.bodies == [b"abc"]
        assert not wire.is_closing()

        feed(protocol, loop, cut(1000)(head + b"1;" + b"e" * (2 * HEAD_LIMIT)), wire)
        assert wire.is_closing()

    def test_the_oldest_http_is_answered_once(
        self, protocol: LimitedProtocol, loop: StillLoop, wire: Wire
    ) -> None:
        protocol.data_received(b"GET /\r\n\r\n")
        loop.settle()

        assert wire.sent.count(b"HTTP/1.1 ") == 1

    def test_garbage_in_a_body_is_answered_by_its_own_request(
        self, served: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform
    ) -> None:
        served.data_received(CHUNKED + b"1\r\nb\r\nnonsense\r\n")
        loop.settle()

        assert status(wire) == 400
        (entry,) = platform.journal.entries
        assert entry.request is not None
        assert entry.request.method == "POST"
        assert "not HTTP/1.1" in str(entry.refused_because)


class TestAnswersThatNobodyReads:
    def test_they_are_kept_for_so_long(
        self, protocol: LimitedProtocol, loop: StillLoop, wire: Wire
    ) -> None:
        protocol.data_received(WHOLE)
        loop.settle()
        wire.unread = 1_000_000
        loop.pass_seconds(1)
        protocol._unset_keepalive_if_required()  # noqa: SLF001  # the other limit
        loop.pass_seconds(PATIENCE - 1)
        assert not wire.is_closing()

        loop.pass_seconds(1)

        assert wire.is_closing()

    def test_who_reads_on_is_waited_for(
        self, protocol: LimitedProtocol, loop: StillLoop, wire: Wire
    ) -> None:
        protocol.data_received(WHOLE)
        loop.settle()
        protocol._unset_keepalive_if_required()  # noqa: SLF001  # the other limit
        for left in range(1000, 990, -1):
            wire.unread = left
            loop.pass_seconds(PATIENCE - 1)

        assert not wire.is_closing()


def test_line_breaks_between_requests_hold_no_connection(
    protocol: LimitedProtocol, loop: StillLoop, wire: Wire
) -> None:
    protocol.data_received(WHOLE)
    loop.settle()
    protocol.data_received(b"\r\n")

    loop.pass_seconds(PATIENCE)

    assert wire.is_closing()
