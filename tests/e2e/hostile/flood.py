"""Megabytes of hostile traffic, which would fill the memory of a server without limits."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit

from tests.patience import PATIENCE

UNREAD_PATIENCE = 0.5
"""Seconds of an attacker that reads no answer, until the listener reads nothing more of it."""
PIECE = 64 * 1024
MEGABYTE = 1024 * 1024

POST = b"POST /v2/oauthtoken HTTP/1.1\r\nHost: localhost\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = POST + FORM + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A listener that is attacked."""

    url: str
    context: ssl.SSLContext | None
    statuses: Counter[int] = field(default_factory=Counter)
    """What it answered."""
    silent: Counter[str] = field(default_factory=Counter)
    """The number of requests, by kind, that were neither answered nor closed in time."""

    @contextlib.contextmanager
    def connection(self) -> Iterator[socket.socket]:
        port = urlsplit(self.url).port or 0
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
            if self.context is None:
                yield raw
            else:
                with self.context.wrap_socket(raw, server_hostname="localhost") as connected:
                    yield connected


def send_until_closed(target: Target, start: bytes, piece: bytes, most: int) -> int:
    """Returns how many bytes were sent before the server had enough."""
    with target.connection() as connected:
        sent = _pour(connected, start, piece, most)
        _read_answer(target, connected)
    return sent


def send_and_never_read(target: Target, piece: bytes, most: int) -> int:
    """Returns how many bytes were sent before the server read no more."""
    with target.connection() as connected:
        connected.settimeout(UNREAD_PATIENCE)
        with contextlib.suppress(TimeoutError):
            return _pour(connected, b"", piece, most)
    return most


def _pour(connected: socket.socket, start: bytes, piece: bytes, most: int) -> int:
    sent = len(start)
    try:
        connected.sendall(start)
        while sent < most:
            connected.sendall(piece)
            sent += len(piece)
    except TimeoutError:
        raise
    except OSError:
        pass  # the server has closed it
    return sent


def trailers(target: Target) -> int:
    line = b"X-T: " + b"t" * 1000 + b"\r\n"
    return send_until_closed(target, CHUNKED + b"0\r\n", line * 64, 4 * MEGABYTE)


def endless_trailer(target: Target) -> int:
    start = CHUNKED + b"1\r\nx\r\n0\r\nX-T: "
    return send_until_closed(target, start, b"t" * PIECE, 4 * MEGABYTE)


def endless_head(target: Target) -> int:
    return send_until_closed(target, POST + b"X-H: ", b"h" * PIECE, 4 * MEGABYTE)


def extensions(target: Target) -> int:
    chunk = b"1;" + b"e" * 4000 + b"\r\nx\r\n"
    return send_until_closed(target, CHUNKED, chunk * 16, 4 * MEGABYTE)


def large_heads(target: Target) -> int:
    """Each within the limit: the journal keeps them."""
    filler = b"".join(b"X-%d: %s\r\n" % (number, b"f" * 100) for number in range(500))
    request = b"GET /x HTTP/1.1\r\nHost: localhost\r\n" + filler + b"\r\n"
    return ask(target, request, 40)


def many_headers(target: Target) -> int:
    request = b"GET /x HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 990 + b"\r\n"
    return ask(target, request, 100)


def uploads(target: Target) -> int:
    """Each within the limit."""
    body = b"grant_type=" + b"g" * (MEGABYTE - 100)
    request = POST + FORM + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return ask(target, request, 4)


def too_large(target: Target) -> int:
    """Goes on after its 413."""
    chunk = b"%x\r\n" % MEGABYTE + b"x" * MEGABYTE + b"\r\n"
    return send_until_closed(target, CHUNKED, chunk, 8 * MEGABYTE)


def pipelines(target: Target) -> int:
    """Sent at once; the answers are read by nobody."""
    return send_and_never_read(
        target, b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4000, 2 * MEGABYTE
    )


def unread_answers(target: Target) -> int:
    request = b"GET /portal/apps HTTP/1.1\r\nHost: localhost\r\n\r\n"
    if target.context is None:
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    return send_and_never_read(target, request * 20, len(request) * 100)


def garbage(target: Target) -> int:
    return send_until_closed(target, b"", bytes(range(256)) * 256, MEGABYTE)


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
    """Sends about ``size`` bytes, one kind after the other."""
    sent = 0
    for kind in cycle(kinds):
        try:
            if kind.__name__ not in target.silent:  # once is enough to know
                sent += kind(target)
        except TimeoutError:
            target.silent[kind.__name__] += 1
        except OSError:
            pass  # who is cut off comes again
        sent += PIECE  # a kind that is cut off at once costs too
        if sent >= size:
            return


def ask(target: Target, request: bytes, times: int) -> int:
    """Asks and reads the answers; returns how many bytes it sent."""
    sent = 0
    with target.connection() as connected:
        for _ in range(times):
            sent += _pour(connected, b"", request, len(request))
            if not _read_answer(target, connected):
                break
    return sent


def _read_answer(target: Target, connected: socket.socket) -> bool:
    """Whether a whole answer came; otherwise the connection is closed. Notes its status.

    Raises ``TimeoutError`` where neither happens.
    """
    answer = http.client.HTTPResponse(connected)
    try:
        answer.begin()
        target.statuses[answer.status] += 1
        answer.read()
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException):
        return False
    finally:
        answer.close()
    return not answer.will_close
