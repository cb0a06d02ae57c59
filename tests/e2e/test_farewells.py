"""The end of a TLS connection: ``close_notify`` before the answer, and bytes that are not TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from mock_sei import MockSei
from tests.e2e.handshakes import both_versions, handshake_entry, only, tcp
from tests.e2e.serving import wait_for
from tests.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("either_loop")

KEYS = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
NO_RECORD = b"\x17\x03\x03\x00\x20" + b"\xff" * 32
"""Of a connection's data by its form; nothing decrypts it."""


@pytest.fixture(scope="module")
def server(mock_sei_server: MockSei) -> MockSei:
    return mock_sei_server


@pytest.fixture(autouse=True)
def _fresh(server: MockSei) -> Iterator[None]:
    server.reset()
    yield
    server.check()


class Client:
    """A client that can end TLS and keep TCP open."""

    def __init__(self, raw: socket.socket, context: ssl.SSLContext) -> None:
        self._raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self._incoming.write(raw.recv(65536))
        self.flush()

    def flush(self, more: bytes = b"") -> None:
        self._raw.sendall(self._outgoing.read() + more)

    def say(self, data: bytes, *, farewell: bool = False) -> None:
        """Sends data in one packet with ``close_notify``, if that is sent."""
        if data:
            self._tls.write(data)
        if farewell:
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.unwrap()
        self.flush()

    def hear_a_piece(self) -> bytes:
        while True:
            try:
                return self._tls.read(65536)
            except ssl.SSLWantReadError:
                self._incoming.write(self._raw.recv(65536))

    def wait_for_the_end(self) -> None:
        """Closes the sending side, and reads until the server closes or resets TCP."""
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_WR)
            while self._raw.recv(65536):
                pass

    def hear(self) -> bytes:
        """Reads until the server ends TLS. Raises ``ssl.SSLError`` for its alert."""
        heard = b""
        while True:
            try:
                piece = self._tls.read(65536)
                if not piece:
                    return heard
                heard += piece
            except ssl.SSLZeroReturnError:
                return heard
            except ssl.SSLWantReadError:
                received = self._raw.recv(65536)
                if not received:
                    raise ConnectionResetError(f"TCP ended before TLS; heard {heard!r}") from None
                self._incoming.write(received)


@contextlib.contextmanager
def connected(server: MockSei, version: ssl.TLSVersion) -> Iterator[Client]:
    context = only(server.ssl_context("svc-demo"), version)
    with tcp(server.two_way_url) as raw:
        yield Client(raw, context)


@both_versions
@pytest.mark.parametrize("count", [1, 500])
def test_what_was_asked_before_a_farewell_is_answered(
    server: MockSei, version: ssl.TLSVersion, count: int
) -> None:
    """RFC 8446 section 6.1: the other direction stays open."""
    with connected(server, version) as client:
        client.say(KEYS * count, farewell=True)
        heard = client.hear()

    assert heard.count(b"HTTP/1.1 200 ") == count
    assert heard.endswith(b"}")


@both_versions
def test_a_farewell_may_come_while_the_answer_is_made(
    server: MockSei, version: ssl.TLSVersion
) -> None:
    server.faults.add("GET /.well-known/jwks.json", latency=0.2)
    with connected(server, version) as client:
        client.say(KEYS)
        client.say(b"", farewell=True)
        assert client.hear().startswith(b"HTTP/1.1 200 ")


@both_versions
@pytest.mark.parametrize("said", [b"", KEYS[:30], KEYS[:-4] + b"\r\nContent-Length: 9\r\n\r\nabc"])
def test_a_farewell_without_a_whole_request_ends_the_connection(
    server: MockSei, version: ssl.TLSVersion, said: bytes
) -> None:
    with connected(server, version) as client:
        client.say(said, farewell=True)
        assert client.hear() == b""


@both_versions
@pytest.mark.parametrize("first", ["client", "server", "client, with TCP"])
def test_a_connection_that_both_end_is_no_failure(
    server: MockSei, version: ssl.TLSVersion, first: str
) -> None:
    with connected(server, version) as client:
        if first == "client":
            client.say(KEYS, farewell=True)
            client.hear()
        elif first == "client, with TCP":  # as Node ends a connection that it kept
            client.say(KEYS)
            client.hear_a_piece()
            client.say(b"", farewell=True)
        else:
            client.say(KEYS.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            client.hear()
            client.say(b"", farewell=True)
        client.wait_for_the_end()

    assert [each.kind for each in server.journal.entries] == ["exchange"]


def test_a_farewell_ends_a_stall(server: MockSei) -> None:
    stall = server.faults.add("GET /.well-known/jwks.json", stall=True)
    begun = time.monotonic()
    with connected(server, ssl.TLSVersion.TLSv1_3) as client:
        client.say(KEYS)
        wait_for(lambda: stall.met)
        client.say(b"", farewell=True)
        assert client.hear() == b""

    assert time.monotonic() - begun < PATIENCE
    wait_for(lambda: server.journal.find("GET /.well-known/jwks.json"))


@both_versions
def test_what_is_no_tls_after_the_handshake_is_refused_with_an_alert(
    server: MockSei, version: ssl.TLSVersion
) -> None:
    """RFC 8446 section 6.2, RFC 5246 section 7.2.2."""
    with connected(server, version) as client:
        client.flush(NO_RECORD)
        with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
            client.hear()

    entry = handshake_entry(server)
    assert entry.refused_by == "TLS handshake"
    assert "bad record mac" in str(entry.refused_because)
