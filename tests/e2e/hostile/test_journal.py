"""Any input can be logged, stored, searched and shown without stopping the server."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from mock_sei import Attached
from tests.e2e.handshakes import tls
from tests.e2e.serving import Serving

NOISE = base64.b64encode(random.Random(1).randbytes(60_000))  # noqa: S311  # repeatable
PIECES = (
    b"eyJ",
    b"eyJabcdefgh.",
    b"&",
    b"a=&",
    b"%41",
    b"%2541",
    b"%25",
    b"code=&",
    b"%22code%22:",
    b"\\u0041",
    b'\\"',
    b"hunt",
    b"/portal/certificates/",
    b"+",
    b"+%2B",
    b"68756e74",
    b"a" * 43 + b".",
    b"/",
    b"PRIVATE-KEY-----",
    NOISE,
)
SIZE = 60_000
"""Bytes of a hostile path, query, header or body: a head may have 64 KiB."""


def repeated(piece: bytes, size: int = SIZE) -> bytes:
    return (piece * (size // len(piece) + 1))[:size]


def head(target: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: localhost", b"Connection: close"]
    return b"\r\n".join([*lines, *headers, b"", b""])


def requests(piece: bytes) -> Iterator[bytes]:
    """One piece as path, query, one header, many headers, and body."""
    text = repeated(piece)
    yield head(b"/" + text)
    yield head(b"/v1/investors?" + text)
    for name in (b"X-Own", b"Authorization", b"AppKey", b"Referer"):
        yield head(b"/v1/investors", name + b": " + text)
    yield head(b"/v1/investors", *[b"a%d: " % each + piece[:20] for each in range(1800)])
    for kind in (b"application/x-www-form-urlencoded", b"application/json"):
        body = b"[" + repeated(piece, 15 * SIZE)
        announced = (b"Content-Type: " + kind, b"Content-Length: %d" % len(body))
        yield head(b"/v2/oauthtoken", *announced, method=b"POST") + body


def send(url: str, context: ssl.SSLContext, request: bytes) -> None:
    """Sends it and reads the answer to its end, whatever it is."""
    with tls(url, context) as connection, contextlib.suppress(ConnectionError, ssl.SSLError):
        connection.sendall(request)
        while connection.recv(65536):
            pass


@pytest.fixture(scope="module", params=[pytest.param("text", marks=pytest.mark.nightly), "json"])
def attacked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Serving, Attached]]:
    """A server that was sent everything there is above."""
    folder = tmp_path_factory.mktemp("serving")
    with (
        Serving.start(folder, "--log-format", request.param) as serving,
        Attached(serving.ready["control_url"]) as attached,
    ):
        context = attached.ssl_context()
        for piece in PIECES:
            for each in requests(piece):
                send(attached.url, context, each)
        yield serving, attached


def control(attached: Attached) -> httpx2.Client:
    return httpx2.Client(base_url=attached.control_url, trust_env=False)


def test_every_call_is_kept_and_the_server_is_well(attacked: tuple[Serving, Attached]) -> None:
    serving, attached = attacked
    with control(attached) as http:
        told = http.get("/journal").json()
        assert http.get("/health").json()["status"] == "ok"
        assert http.get("/check").json()["bugs"] == []
    exchanges = [each for each in told["entries"] if each["kind"] == "exchange"]
    assert told["last"] - told["dropped"] == len(told["entries"])
    assert len(exchanges) >= 9 * len(PIECES)
    assert len(json.dumps(told)) < 40 * 1024 * 1024
    assert "Traceback" not in serving.errors


def test_others_are_answered_while_the_journal_is_read(
    attacked: tuple[Serving, Attached],
) -> None:
    _, attached = attacked
    for path in ("/journal", "/portal/journal"):
        done = threading.Event()
        found: list[int] = []

        def read(path: str = path, found: list[int] = found, done: threading.Event = done) -> None:
            with attached.client() if "portal" in path else control(attached) as http:
                found.append(http.get(path).status_code)
            done.set()

        reader = threading.Thread(target=read)
        answered = 0
        with control(attached) as http:
            http.get("/health")
            reader.start()
            while not done.is_set():
                assert http.get("/health").status_code == 200
                answered += not done.is_set()
        reader.join()
        assert found == [200]
        assert answered > 3, path


def test_what_is_not_wanted_is_not_read(attacked: tuple[Serving, Attached]) -> None:
    """A reader who follows gets what is new and no more."""
    _, attached = attacked
    with control(attached) as http:
        last = http.get("/journal", params={"limit": 1}).json()["last"]
        assert http.get("/journal", params={"after": last}).json()["entries"] == []
        send(attached.url, attached.ssl_context(), head(b"/new"))
        new = http.get("/journal", params={"after": last}).json()
        assert [each["request"]["path"] for each in new["entries"]] == ["/new"]
        found = http.get("/journal", params={"operation": "GET /new", "limit": 1}).json()
        assert len(found["entries"]) == 1


def test_a_failed_assertion_shows_the_nearest_of_them(attacked: tuple[Serving, Attached]) -> None:
    _, attached = attacked
    with pytest.raises(AssertionError, match="the nearest recorded") as caught:
        attached.journal.assert_called("GET /v1/investor")
    assert "GET /v1/investors" in str(caught.value)
    assert len(str(caught.value)) < 20_000


def test_the_lines_of_the_log_have_a_bounded_size(attacked: tuple[Serving, Attached]) -> None:
    serving, _ = attacked
    lines = serving.errors.splitlines()
    assert len(lines) >= 9 * len(PIECES)
    assert max(map(len, lines)) < 100_000


@pytest.mark.nightly  # 35 megabytes; tests/journal/ fills smaller journals
def test_a_journal_that_is_full_says_what_it_let_go(tmp_path: Path) -> None:
    body = b"a" * 20_000
    announced = (b"Content-Type: text/plain", b"Content-Length: %d" % len(body))
    request = head(b"/v2/oauthtoken", *announced, method=b"POST").replace(b"close", b"keep-alive")
    with (
        Serving.start(tmp_path, "--journal-size", "1000000") as serving,
        Attached(serving.ready["control_url"]) as attached,
        tls(attached.url, attached.ssl_context()) as connection,
    ):
        for number in range(1750):
            connection.sendall(request + body)
            answered = b""
            while b"}" not in answered:
                answered += connection.recv(65536)
            assert answered.startswith(b"HTTP/1.1 4"), number
        entries = attached.journal.entries
        assert [each.operation for each in entries] == ["POST /v2/oauthtoken"] * 1750
        assert attached.journal.dropped == 0
        oldest, newest = entries[0], entries[-1]
        assert oldest.request
        assert newest.request
        assert "let go" in oldest.request.body
        assert newest.request.body == "<20000 bytes of text/plain>"
