"""Hostile traffic by the megabyte, of kinds that fill a memory where nothing limits them."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlsplit

PATIENCE = 30.0
PIECE = 64 * 1024
MEGABYTE = 1024 * 1024

POST = b"POST /v2/oauthtoken HTTP/1.1\r\nHost: localhost\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = POST + FORM + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One listener as its attacker sees it."""

    url: str
    context: ssl.SSLContext | None

    @contextlib.contextmanager
    def connection(self) -> Iterator[socket.socket]:
        port = urlsplit(self.url).port or 0
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
            if self.context is None:
                yield raw
            else:
                with self.context.wrap_socket(raw, server_hostname="localhost") as connected:
                    yield connected


def send_until_closed(connected: socket.socket, start: bytes, piece: bytes, most: int) -> int:
    """Returns how many bytes were sent before the server had enough."""
    sent = 0
    with contextlib.suppress(OSError):
        connected.sendall(start)
        while sent < most:
            connected.sendall(piece)
            sent += len(piece)
    return sent + len(start)


def trailers(target: Target) -> int:
    line = b"X-T: " + b"t" * 1000 + b"\r\n"
    with target.connection() as connected:
        return send_until_closed(connected, CHUNKED + b"0\r\n", line * 64, 4 * MEGABYTE)


def endless_trailer(target: Target) -> int:
    with target.connection() as connected:
        start = CHUNKED + b"1\r\nx\r\n0\r\nX-T: "
        return send_until_closed(connected, start, b"t" * PIECE, 4 * MEGABYTE)


def endless_head(target: Target) -> int:
    with target.connection() as connected:
        return send_until_closed(connected, POST + b"X-H: ", b"h" * PIECE, 4 * MEGABYTE)


def extensions(target: Target) -> int:
    chunk = b"1;" + b"e" * 4000 + b"\r\nx\r\n"
    with target.connection() as connected:
        return send_until_closed(connected, CHUNKED, chunk * 16, 4 * MEGABYTE)


def large_heads(target: Target) -> int:
    """Each within the limit: the journal keeps them."""
    filler = b"".join(b"X-%d: %s\r\n" % (number, b"f" * 100) for number in range(500))
    request = b"GET /x HTTP/1.1\r\nHost: localhost\r\n" + filler + b"\r\n"
    return _asked(target, request, 40)


def many_headers(target: Target) -> int:
    request = b"GET /x HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 990 + b"\r\n"
    return _asked(target, request, 100)


def uploads(target: Target) -> int:
    """Each within the limit."""
    body = b"grant_type=" + b"g" * (MEGABYTE - 100)
    request = POST + FORM + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return _asked(target, request, 4)


def too_large(target: Target) -> int:
    """Goes on after its 413."""
    chunk = b"%x\r\n" % MEGABYTE + b"x" * MEGABYTE + b"\r\n"
    with target.connection() as connected:
        return send_until_closed(connected, CHUNKED, chunk, 8 * MEGABYTE)


def pipelines(target: Target) -> int:
    """Sent at once; the answers are read by nobody."""
    with target.connection() as connected:
        connected.settimeout(0.5)
        return send_until_closed(connected, b"", b"GET /x HTTP/1.1\r\n\r\n" * 4000, 2 * MEGABYTE)


def unread_answers(target: Target) -> int:
    request = b"GET /portal/apps HTTP/1.1\r\nHost: localhost\r\n\r\n"
    if target.context is None:
        request = b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with target.connection() as connected:
        connected.settimeout(0.5)
        return send_until_closed(connected, b"", request * 20, len(request) * 100)


def garbage(target: Target) -> int:
    with target.connection() as connected:
        return send_until_closed(connected, b"", bytes(range(256)) * 256, MEGABYTE)


Kind = Callable[[Target], int]
"""Returns about how many bytes it sent."""

KINDS: tuple[Kind, ...] = (
    trailers,
    endless_trailer,
    endless_head,
    extensions,
    large_heads,
    many_headers,
    uploads,
    too_large,
    pipelines,
    unread_answers,
    garbage,
)


def flood(target: Target, size: int, kinds: Sequence[Kind] = KINDS) -> None:
    """Sends about ``size`` bytes, a kind after the other."""
    sent = 0
    for kind in cycle(kinds):
        with contextlib.suppress(OSError):  # who is cut off comes again
            sent += kind(target)
        sent += PIECE  # a kind that is cut off at once costs too
        if sent >= size:
            return


def _asked(target: Target, request: bytes, times: int) -> int:
    """Asks and reads the answers."""
    with target.connection() as connected:
        for _ in range(times):
            connected.sendall(request)
            if not _read_answer(connected):
                break
    return len(request) * times


def _read_answer(connected: socket.socket) -> bool:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connected.recv(PIECE)
        if not piece:
            return False
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    left = (lengths[0] if lengths else 0) - len(body)
    while left > 0:
        piece = connected.recv(PIECE)
        if not piece:
            return False
        left -= len(piece)
    return True
