"""How long a request may take to come, and how large its head may be.

uvicorn with httptools knows neither: a connection that says nothing after its handshake would stay
for good, so would one whose request never ends, and a head without an end would fill the memory.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_sei.errors import HEAD_TOO_LARGE, REQUEST_STALLED, Refusal

KEEP_ALIVE = 65
"""Seconds an idle connection stays open; more than the 60 of common clients and proxies."""
PATIENCE = float(KEEP_ALIVE)
"""Seconds for a connection's first request to begin, for the head of each to be whole, and for each
further piece of a body."""
HEAD_LIMIT = 64 * 1024
"""Bytes of a head that comes in several pieces; a piece is what one read takes from the socket."""

CHECK = "request"


class LimitedProtocol(HttpToolsProtocol):
    """One connection whose client has to get on with it."""

    _deadline: float | None = None
    """On the loop's clock; None while no request is awaited or under way to us."""
    _in_head = False
    _head_size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in its base
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT:
                self._refuse_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline = None
        self._unset_keepalive_if_required()  # or a connection that broke lives on in its timer
        super().connection_lost(exc)

    def end_overdue(self) -> None:
        """Ends the connection if its time is over; to be called every second or so."""
        if self._deadline is None or self.loop.time() < self._deadline:
            return
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._in_head:
            because = f"Its head was not whole after {PATIENCE:g} seconds."
            self.refuse(Refusal(REQUEST_STALLED, check=CHECK, because=because))
        else:  # an idle connection; or the rest of a body, which its reader misses and records
            self.transport.close()

    def refuse(self, refusal: Refusal) -> None:
        """Ends the connection; who speaks the platform's language says why."""
        del refusal
        self.transport.close()

    # The parser's callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_size = True, 0
        self._expect()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._expect()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._expect()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._deadline = None
        super().on_message_complete()

    def _expect(self) -> None:
        self._deadline = self.loop.time() + PATIENCE

    def _refuse_head(self) -> None:
        self._in_head, self._deadline = False, None
        self.refuse(
            Refusal(
                HEAD_TOO_LARGE,
                check=CHECK,
                because="Request line and headers are too large.",
                expected=f"at most {HEAD_LIMIT} bytes",
                actual=f"{self._head_size} bytes, and more to come",
            )
        )
