"""Clients that return exactly what a listener sends, including the TLS alert."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from mock_sei import MockSei
from mock_sei.journal.entries import Entry
from tests.e2e.serving import wait_for
from tests.patience import PATIENCE

HOST = "127.0.0.1"
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
NAMES = {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}

both_versions = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=NAMES.get)


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def only(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    """The same context, limited to one TLS version."""
    context.minimum_version = context.maximum_version = version
    return context


@contextlib.contextmanager
def tcp(url: str) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, port_of(url)), timeout=PATIENCE) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a body waits 40 ms
        yield raw


@contextlib.contextmanager
def tls(
    url: str,
    context: ssl.SSLContext,
    *,
    name: str = "localhost",
    session: ssl.SSLSession | None = None,
) -> Iterator[ssl.SSLSocket]:
    with (
        tcp(url) as raw,
        context.wrap_socket(raw, server_hostname=name, session=session) as connected,
    ):
        yield connected


def alert(url: str, context: ssl.SSLContext, *, session: ssl.SSLSession | None = None) -> str:
    """The alert a refused client is sent, in the words of Python's ``ssl``.

    The client asks nothing: under TLS 1.3 it believes the handshake done before the server has
    judged its certificate, and learns the truth when it first reads.
    """
    try:
        with tls(url, context, session=session) as connected:
            heard = connected.recv(1)
    except ssl.SSLError as error:
        return str(error.reason)
    raise AssertionError("the server answered" if heard else "it closed without an alert")


def status(connected: ssl.SSLSocket, path: str = "/v1/order/tradetickets") -> int:
    """The status of a request that does not close its connection."""
    connected.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return answer(connected)[0]


def answer(connected: socket.socket) -> tuple[int, dict[str, Any]]:
    """Status and JSON body of the next answer. Raises ``ConnectionError`` without an answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connected)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [
        int(value)
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        if name.lower() == b"content-length"
    ]
    while len(body) < lengths[0]:
        body += _more(connected)
    return int(head.split()[1]), json.loads(body)


def _more(connected: socket.socket) -> bytes:
    piece = connected.recv(65536)
    if not piece:
        raise ConnectionResetError("closed without an answer")
    return piece


def everything_from(connected: socket.socket) -> bytes:
    """The bytes that come until the server closes the connection in any way."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connected.recv(65536):
            received += piece
    return received


def client_hello(version: bytes) -> bytes:
    """The first message of a client whose newest version is this (RFC 5246 section 7.4.1.2)."""
    suites = b"\xc0\x2b\xc0\x2f\xc0\x09\xc0\x13\x00\x2f"
    hello = version + bytes(32) + b"\x00" + len(suites).to_bytes(2, "big") + suites + b"\x01\x00"
    message = b"\x01" + len(hello).to_bytes(3, "big") + hello
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


def is_let_in(url: str, context: ssl.SSLContext) -> bool:
    """Whether an HTTP answer comes; without a token it is the gateway's 401."""
    try:
        with tls(url, context) as connected:
            return status(connected) == 401
    except OSError:
        return False


def handshake_entry(server: MockSei, wanted: Callable[[Entry], object] = lambda _: True) -> Entry:
    """The only failed handshake in the journal. Waits, as the server may be late."""

    def find() -> list[Entry]:
        return [each for each in server.journal.entries if each.kind == "handshake"]

    wait_for(lambda: any(wanted(each) for each in find()))
    (entry,) = find()
    return entry
