"""``mock-sei record``: which bytes pass, in both directions, and what is recorded of them."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mock_sei.recorder import relay
from mock_sei.recorder.bodies import LARGEST_BODY
from mock_sei.recordings.exchanges import BodyKind, RecordedExchange
from mock_sei.runtime.loops import new_event_loop
from tests.e2e.recorders import (
    Handler,
    RunningRecorder,
    ScriptedPlatform,
    answering,
    exchanges,
    head_of,
    json_of,
    received,
    recording,
    scripted,
)
from tests.patience import PATIENCE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Bench:
    """A recorder in front of a scripted platform."""

    def __init__(self, recorder: RunningRecorder, platform: ScriptedPlatform, out: Path) -> None:
        self.recorder, self.platform, self.out = recorder, platform, out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CAs of all recorders and platforms of this module."""
    return tmp_path_factory.mktemp("record")


class Start:
    """Starts a recorder in front of a platform that does what a function does."""

    def __init__(
        self, folder: Path, out: Path, new_loop: Callable[[], asyncio.AbstractEventLoop]
    ) -> None:
        self._folder, self._out, self._new_loop = folder, out, new_loop
        self._running = contextlib.ExitStack()

    def __call__(self, handle: Handler) -> Bench:
        platform = self._running.enter_context(scripted(self._folder / "theirs", handle))
        recorder = self._running.enter_context(
            recording(
                self._out,
                platform.url,
                cacert=platform.ca_file,
                certs_dir=self._folder / "ours",
                new_loop=self._new_loop,
            )
        )
        return Bench(recorder, platform, self._out)

    def stop(self) -> None:
        """Ends both. Then everything is written."""
        self._running.close()


@pytest.fixture(params=[asyncio.new_event_loop, new_event_loop], ids=["asyncio", "uvloop"])
def start(folder: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Start]:
    started = Start(folder, tmp_path / "out", request.param)
    yield started
    started.stop()


def only(bench: Bench, start: Start) -> RecordedExchange:
    """The one exchange of a recording, after its end."""
    start.stop()
    (found,) = exchanges(bench.out)
    return found


def request(target: str = "/v2/x", *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_headers_keep_their_order_and_case_in_both_directions(start: Start) -> None:
    heads: list[bytes] = []
    answer = (
        b"HTTP/1.1 200 Fine Thanks\r\nX-Z: 1\r\nx-y:  2\r\nX-Z: 3\r\nContent-Length: 2\r\n\r\nok"
    )
    bench = start(answering(answer, heads))
    sent = b"GET /a%20b?x=1&x HTTP/1.1\r\nX-B: 1\r\nhOST: localhost\r\nx-a: 2\r\nX-B: 3\r\n\r\n"
    with bench.recorder.connection() as connection:
        connection.sendall(sent)
        got = b""
        while not got.endswith(b"ok"):
            got += connection.recv(65536)
    found = only(bench, start)

    own_host = f"localhost:{bench.platform.port}".encode()
    assert heads == [sent.replace(b"localhost", own_host)]
    assert got == answer.replace(b"x-y:  2", b"x-y: 2")
    assert found.request.url == f"{bench.platform.url}/a%20b?x=1&x"
    assert found.request.headers == (
        *(("X-B", "1"), ("hOST", own_host.decode()), ("x-a", "2"), ("X-B", "3")),
    )
    assert found.response is not None
    assert (found.response.status, found.response.reason) == (200, "Fine Thanks")
    assert found.response.headers == (
        *(("X-Z", "1"), ("x-y", "2"), ("X-Z", "3"), ("Content-Length", "2")),
    )


def test_headers_of_one_connection_do_not_pass(start: Start) -> None:
    heads: list[bytes] = []
    answer = (
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: 1\r\n"
        b"Content-Length: 2\r\n\r\nok"
    )
    bench = start(answering(answer, heads))
    headers = ("X-Own: 1", "X-Kept: 2", "Keep-Alive: 5", "TE: trailers", "Upgrade: h2c")
    sent = request("/", *headers).replace(
        b"Connection: close", b"Connection: close, X-Own, Upgrade"
    )
    got = bench.recorder.talk(sent)

    assert heads[0].split(b"\r\n")[2:] == [b"X-Kept: 2", b"", b""]
    assert got == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def test_a_chunked_body_and_its_trailers_pass_both_ways(start: Start) -> None:
    seen: list[bytes] = []

    def handle(connection: ssl.SSLSocket) -> None:
        seen.append(head_of(connection))
        body = b""
        while not body.endswith(b"0\r\nX-Sum: 7\r\n\r\n"):
            body += connection.recv(65536)
        seen.append(body)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Last: 1\r\n\r\n"
            b"5\r\nhello\r\n6\r\n world\r\n0\r\nX-Check: 9\r\n\r\n"
        )

    bench = start(handle)
    body = b"3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 7\r\n\r\n"
    headers = ("Transfer-Encoding: chunked", "Content-Type: text/plain")
    got = bench.recorder.talk(request("/", *headers, method="POST", body=body))
    found = only(bench, start)

    assert b"Transfer-Encoding: chunked\r\nContent-Type" in seen[0]
    assert b"abc" in seen[1]
    head, _, rest = got.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[1:3] == [b"Transfer-Encoding: chunked", b"X-Last: 1"]
    assert rest.endswith(b"0\r\nX-Check: 9\r\n\r\n")
    assert found.request.body.data == b"abcdefg"
    assert found.request.find_header("Transfer-Encoding") == "chunked"


def test_100_continue_comes_from_the_platform(start: Start) -> None:
    asked = threading.Event()

    def handle(connection: ssl.SSLSocket) -> None:
        assert b"Expect: 100-continue" in head_of(connection)
        assert asked.wait(PATIENCE)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert connection.recv(4) == b"body"
        connection.sendall(OK)

    bench = start(handle)
    with bench.recorder.connection() as connection:
        connection.sendall(request("/", "Expect: 100-continue", "Content-Length: 4", method="PUT"))
        asked.set()
        assert head_of(connection) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"body")
        assert received(connection).endswith(b"ok")
    assert only(bench, start).request.body.size == 4


def test_an_answer_may_come_before_the_end_of_the_request(start: Start) -> None:
    refused = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"

    def handle(connection: ssl.SSLSocket) -> None:
        head_of(connection)
        connection.sendall(refused)

    bench = start(handle)
    with bench.recorder.connection() as connection:
        connection.sendall(request("/", "Content-Length: 900000", method="POST"))
        assert head_of(connection).startswith(b"HTTP/1.1 413 Too Large")
        with contextlib.suppress(OSError):
            connection.sendall(b"x" * 900_000)
    found = only(bench, start)

    assert found.response is not None
    assert found.response.status == 413


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n"),
        ("GET", b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 99\r\n'),
    ],
)
def test_an_answer_without_a_body_has_none(start: Start, method: str, answer: bytes) -> None:
    bench = start(answering(answer + b"\r\n"))
    got = bench.recorder.talk(request("/", method=method))

    assert got == answer + b"Connection: close\r\n\r\n"
    found = only(bench, start)
    assert found.response is not None
    assert found.response.body.kind is BodyKind.NONE


def test_a_body_that_ends_with_its_connection_is_chunked_for_the_client(start: Start) -> None:
    def handle(connection: ssl.SSLSocket) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it")
        connection.unwrap()

    bench = start(handle)
    with bench.recorder.client() as http:
        answer = http.get("/v2/x")
    found = only(bench, start)

    assert (answer.text, answer.headers["transfer-encoding"]) == ("all of it", "chunked")
    assert found.response is not None
    assert found.response.body.data == b"all of it"


def test_an_old_client_gets_no_chunks(start: Start) -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    bench = start(answering(answer))

    assert bench.recorder.talk(b"GET / HTTP/1.0\r\n\r\n") == (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"
    )


@pytest.mark.parametrize("media_type", ["text/plain", "application/json"])
def test_the_client_gets_bytes_as_they_come(start: Start, media_type: str) -> None:
    was_read = threading.Event()

    def handle(connection: ssl.SSLSocket) -> None:
        head_of(connection)
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        connection.sendall(head.encode() + b"5\r\n[1,2,\r\n")
        assert was_read.wait(PATIENCE)
        connection.sendall(b"2\r\n3]\r\n0\r\n\r\n")

    bench = start(handle)
    with bench.recorder.connection() as connection:
        connection.sendall(request())
        got = b""
        while b"[1,2," not in got:
            got += connection.recv(65536)
        was_read.set()
        got += received(connection)

    assert got.endswith(b"2\r\n3]\r\n0\r\n\r\n")


def test_both_connections_are_kept_and_a_closed_one_is_replaced(start: Start) -> None:
    served = []
    closed = threading.Event()

    def handle(connection: ssl.SSLSocket) -> None:
        served.append(connection)
        for _ in range(2):
            head_of(connection)
            connection.sendall(OK)
        if len(served) == 1:
            connection.unwrap()
            closed.set()

    bench = start(handle)
    with bench.recorder.client() as http:
        for number in range(4):
            assert http.get(f"/{number}").text == "ok"
            if number == 1:
                assert closed.wait(PATIENCE)
    start.stop()

    assert bench.platform.connections == 2
    assert [each.request.path for each in exchanges(bench.out)] == ["/0", "/1", "/2", "/3"]


def test_requests_that_are_sent_ahead_are_answered_in_their_order(start: Start) -> None:
    heads: list[bytes] = []
    bench = start(answering(OK, heads))
    first = b"GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    got = bench.recorder.talk(first + request("/2"))

    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert [each.split(b" ")[1] for each in heads] == [b"/1", b"/2"]
    assert bench.platform.connections == 1


def hang_up(connection: ssl.SSLSocket) -> None:
    head_of(connection)


def talk_nonsense(connection: ssl.SSLSocket) -> None:
    head_of(connection)
    connection.sendall(b"SSH-2.0-OpenSSH_9.2 secret-banner\r\n\r\n")
    received(connection)


@pytest.mark.parametrize(
    ("handle", "said"),
    [
        (hang_up, "ended the connection without an answer"),
        (talk_nonsense, "answers what is not HTTP"),
    ],
)
def test_a_platform_that_does_not_answer_is_a_502(start: Start, handle: Handler, said: str) -> None:
    bench = start(handle)
    got = bench.recorder.talk(request())
    found = only(bench, start)

    assert got.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    body = json_of(got)
    assert body["code"] == "server.upstream.failure"
    assert body["transient"] is True
    assert found.recorder_answered == f"{bench.platform.url} {said}"
    assert found.response is not None
    assert found.response.status == 502


def test_an_answer_that_is_cut_is_cut_for_the_client_too(start: Start) -> None:
    def handle(connection: ssl.SSLSocket) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    bench = start(handle)
    got = bench.recorder.talk(request())
    found = only(bench, start)

    assert got.endswith(b"\r\n\r\nhalf")
    assert found.failure == (
        f"{bench.platform.url} ended the connection in the middle of its answer"
    )
    assert found.response is not None
    assert found.response.body.left_out == "the connection ended in the middle of it"


def test_a_platform_that_is_silent_for_too_long_is_a_502(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "ANSWER_PATIENCE", 0.2)
    monkeypatch.setattr(relay, "_LOOKS_AT_CLIENT", 0.1)
    bench = start(received)

    assert bench.recorder.talk(request()).startswith(b"HTTP/1.1 502 ")


def test_a_client_that_leaves_is_recorded_and_the_platform_s_connection_ends(start: Start) -> None:
    came, ended = threading.Event(), threading.Event()

    def handle(connection: ssl.SSLSocket) -> None:
        head_of(connection)
        came.set()
        received(connection)
        ended.set()

    bench = start(handle)
    with bench.recorder.connection() as connection:
        connection.sendall(request())
        assert came.wait(PATIENCE)
    assert ended.wait(PATIENCE)
    found = only(bench, start)

    assert found.failure == "the client ended the connection before it had the answer"
    assert found.response is None


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
    ],
)
def test_what_cannot_be_relayed_is_refused(start: Start, sent: bytes, status: bytes) -> None:
    bench = start(answering(OK))
    got = bench.recorder.talk(sent)

    assert got.split(b" ")[1] == status
    assert json_of(got)["errors"] == []
    assert bench.platform.connections == 0


def test_addresses_and_cookies_of_the_platform_become_the_recorder_s(start: Start) -> None:
    where: dict[str, str] = {}

    def handle(connection: ssl.SSLSocket) -> None:
        head = head_of(connection)
        assert f"Origin: {where['theirs']}\r\n".encode() in head
        assert f"Referer: {where['theirs']}/page\r\n".encode() in head
        connection.sendall(
            f"HTTP/1.1 303 See Other\r\nLocation: {where['theirs']}/cb?code=abc-123\r\n"
            "Set-Cookie: a=1234567890; Path=/; Domain=localhost; Secure\r\n"
            "Set-Cookie: b=2; Domain=other.example.com\r\nContent-Length: 0\r\n\r\n".encode()
        )

    bench = start(handle)
    where["theirs"], ours = bench.platform.url, bench.recorder.url
    port = ours.rpartition(":")[2]
    sent = request("/", f"Origin: {ours}", f"Referer: {ours}/page")
    got = bench.recorder.talk(sent.replace(b"Host: localhost", f"Host: localhost:{port}".encode()))
    found = only(bench, start)

    assert f"Location: {ours}/cb?code=abc-123\r\n".encode() in got
    assert b"Set-Cookie: a=1234567890; Path=/; Secure\r\n" in got
    assert b"Set-Cookie: b=2; Domain=other.example.com\r\n" in got
    assert found.response is not None
    assert found.response.headers[:2] == (
        ("Location", f"{where['theirs']}/cb?code={{{{code-1}}}}"),
        ("Set-Cookie", "a={{cookie-1}}; Path=/; Domain=localhost; Secure"),
    )


@pytest.mark.parametrize("how", ["length", "chunked", "gzip", "deflate"])
def test_links_in_json_lead_to_the_recorder_and_the_original_is_recorded(
    start: Start, how: str
) -> None:
    theirs: dict[str, bytes] = {}

    def handle(connection: ssl.SSLSocket) -> None:
        head_of(connection)
        body = theirs["body"]
        coding = b"Content-Encoding: %s\r\n" % how.encode() if how in ("gzip", "deflate") else b""
        if coding:
            body = gzip.compress(body) if how == "gzip" else zlib.compress(body)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + coding
        if how == "chunked":
            connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
            for each in body:  # an address that is cut anywhere
                connection.sendall(b"1\r\n%c\r\n" % each)
            connection.sendall(b"0\r\n\r\n")
        else:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    bench = start(handle)
    origin = bench.platform.url
    text = json.dumps({"next": f"{origin}/v2/x?offset=5", "other": f"{origin}0/", "n": 1.10})
    theirs["body"] = text.replace(f"{origin}0/", f"{origin}0\\/").encode()
    theirs["body"] += f'\n["{origin}", "{origin.replace("/", chr(92) + "/")}"]'.encode()
    theirs["body"] = b"[" + theirs["body"].replace(b"\n", b",") + b"]"
    with bench.recorder.client() as http:
        answer = http.get("/v2/x")
    found = only(bench, start)

    assert answer.json() == [
        {"next": f"{bench.recorder.url}/v2/x?offset=5", "other": f"{origin}0/", "n": 1.1},
        [bench.recorder.url, bench.recorder.url],
    ]
    assert found.response is not None
    assert found.response.body.data == theirs["body"]


def test_a_body_in_an_encoding_that_is_not_known_passes_and_is_left_out(start: Start) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: br\r\n"
        b"Content-Length: 4\r\n\r\n\x0b\x00\x80\x03"
    )
    heads: list[bytes] = []
    bench = start(answering(answer, heads))
    got = bench.recorder.talk(request("/", "Accept-Encoding: br, gzip"))
    found = only(bench, start)

    assert got.endswith(b"\x0b\x00\x80\x03")
    assert b"Accept-Encoding: br, gzip\r\n" in heads[0]
    assert found.response is not None
    assert found.response.body.left_out == "its Content-Encoding is not decoded here"


@pytest.mark.parametrize("media_type", ["application/octet-stream", "application/json"])
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_large_body_passes_whole_and_is_left_out(
    start: Start, media_type: str, coding: str
) -> None:
    data = b"[" + b"1," * (LARGEST_BODY // 2) + b"1]"
    packed = gzip.compress(data, 1) if coding else data
    named = f"Content-Encoding: {coding}\r\n" if coding else ""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n{named}Content-Length: {len(packed)}"
    bench = start(answering(f"{head}\r\n\r\n".encode() + packed))
    with bench.recorder.client() as http:
        assert http.get("/big").content == data
        assert http.post("/big", content=b"").content == data
    start.stop()

    for found in exchanges(bench.out):
        assert found.response is not None
        body = found.response.body
        assert body.left_out == f"larger than {LARGEST_BODY} bytes"
        assert body.size == len(packed)


def test_a_bomb_is_not_unpacked(start: Start) -> None:
    packed = gzip.compress(b"0" * (LARGEST_BODY * 5))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    bench = start(answering(head + b"Content-Length: %d\r\n\r\n" % len(packed) + packed))
    got = bench.recorder.talk(request())

    assert got.endswith(packed)
    found = only(bench, start)
    assert found.response is not None
    assert found.response.body.kind is BodyKind.LEFT_OUT
