"""HTTP/1.1 over asyncio streams, with the headers as they are: their order and their case stay.

h11 reads messages and keeps the state of a connection. The heads that it would write have another
order of headers, so they are written here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

import h11

from mock_sei.runtime.limits import HEAD_LIMIT, PATIENCE

RawHeaders = list[tuple[bytes, bytes]]
Event = (
    h11.Request
    | h11.InformationalResponse
    | h11.Response
    | h11.Data
    | h11.EndOfMessage
    | h11.ConnectionClosed
    | type[h11.PAUSED]
)

PIECE = 64 * 1024
"""Bytes that are read at a time."""
_HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"),
        *(b"proxy-authorization", b"proxy-authenticate", b"transfer-encoding"),
    }
)
"""Headers of one connection (RFC 9110 section 7.6.1); ``Transfer-Encoding`` is written anew."""


class HttpStream:
    """One side of an HTTP/1.1 connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        role: type[h11.CLIENT | h11.SERVER],
        *,
        inside: asyncio.StreamWriter | None = None,
    ) -> None:
        """``inside`` is the writer of a connection that this one is inside of: some versions of
        Python close its transport when it is freed."""
        self.reader, self.writer, self._inside = reader, writer, inside
        self.http = h11.Connection(role, max_incomplete_event_size=HEAD_LIMIT)
        self._unsent: list[bytes] = []
        self._unsent_size = 0

    async def next_event(self, patience: float | None = PATIENCE) -> Event:
        """The next part of a message.

        Raises ``h11.RemoteProtocolError``, ``OSError``, which may be an ``ssl.SSLError``, and
        ``TimeoutError`` if nothing comes for ``patience`` seconds.
        """
        while (event := self.http.next_event()) is h11.NEED_DATA:
            async with asyncio.timeout(patience):
                self.http.receive_data(await self.reader.read(PIECE))
        return event  # type: ignore[return-value]  # NEED_DATA is handled above

    async def send_request(self, request: h11.Request) -> None:
        """Sends a head. As all that is sent, it may wait for the next :meth:`flush`."""
        self.http.send(request)
        await self._put(request_head(request))

    async def send_response(self, response: h11.Response | h11.InformationalResponse) -> None:
        self.http.send(response)
        await self._put(response_head(response))

    async def send(self, event: h11.Data | h11.EndOfMessage) -> None:
        await self._put(self.http.send(event) or b"")

    async def _put(self, data: bytes) -> None:
        if data:
            self._unsent.append(data)
            self._unsent_size += len(data)
            if self._unsent_size >= PIECE:
                await self.flush()

    async def flush(self) -> None:
        """Writes what was sent, and waits while the other side reads too slowly.

        Raises ``OSError`` and ``TimeoutError``.
        """
        if self._unsent:
            self.writer.write(b"".join(self._unsent))
            self._unsent.clear()
            self._unsent_size = 0
            async with asyncio.timeout(PATIENCE):
                await self.writer.drain()

    def abort(self) -> None:
        """Ends the connection at once, without the end of TLS."""
        self.writer.transport.abort()

    async def close(self) -> None:
        """Ends the connection after everything was sent."""
        self.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self.writer.wait_closed()


def request_head(request: h11.Request) -> bytes:
    """The bytes of a request up to its body."""
    line = b"%s %s HTTP/1.1\r\n" % (request.method, request.target)
    return line + _lines(request.headers.raw_items())


def response_head(response: h11.Response | h11.InformationalResponse) -> bytes:
    """The bytes of an answer up to its body."""
    line = b"HTTP/1.1 %d %s\r\n" % (response.status_code, response.reason)
    return line + _lines(response.headers.raw_items())


def _lines(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join([*(b"%s: %s\r\n" % each for each in headers), b"\r\n"])


def end_to_end(headers: Iterable[tuple[bytes, bytes]], *, is_chunked: bool) -> RawHeaders:
    """Headers without those of one connection, in their order.

    With ``is_chunked``, ``Transfer-Encoding: chunked`` is at its place, or at the end.
    """
    all_headers = list(headers)
    named = {
        each.strip().lower()
        for name, value in all_headers
        if name.lower() == b"connection"
        for each in value.split(b",")
    }
    dropped = _HOP_BY_HOP | (named - {b"content-length", b"host"})
    made: RawHeaders = []
    for name, value in all_headers:
        if name.lower() == b"transfer-encoding":
            if is_chunked:
                made.append((name, b"chunked"))
                is_chunked = False
        elif name.lower() not in dropped and not (is_chunked and name.lower() == b"content-length"):
            made.append((name, value))
    if is_chunked:
        made.append((b"Transfer-Encoding", b"chunked"))
    return made


def value_of(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """The first value of a header, whose name is in lower case; empty if there is none."""
    return next((value.decode("latin-1") for each, value in headers if each.lower() == name), "")


def as_text(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """Headers as a recording has them."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
