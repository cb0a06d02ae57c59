"""uvicorn's HTTP protocol, extended by the ASGI TLS extension and by journal entries for refusals.

uvicorn does not fill ``scope["extensions"]["tls"]`` (its pull requests 3132 and 3133 are open). The
field names are those of the ASGI specification, so this class can be removed when uvicorn does it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any, cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mock_sei.certificates.bundles import describe_pem, pem_of
from mock_sei.errors import Refusal, error_body
from mock_sei.journal.diagnosis import HandshakeFailure, find_alert
from mock_sei.journal.entries import Entry, HttpRequest, HttpResponse
from mock_sei.platform import Platform
from mock_sei.rules.connection import TLS_VERSIONS, ClientCertificate, Connection
from mock_sei.rules.standards import Listener
from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.limits import ALERT_LINGER
from mock_sei.runtime.tls import Handshake
from mock_sei.web.exchange import PINNED_KEY, begin, let_go, platform_of
from mock_sei.web.faults import RESET

_WIRE_VERSIONS = {name: number for number, name in TLS_VERSIONS.items()}

_HEAD = b"HTTP/1.1 "
_INTERIM = b"HTTP/1.1 1"
"""The beginning of an interim answer. The final answer follows, and the client may wait for the
interim answer first (RFC 9110 section 15.2)."""

_quiet = logging.getLogger("mock_sei.http")
"""Suppresses uvicorn's warnings. We log the same events with their reason, in our log format."""
_quiet.setLevel(logging.ERROR)


class PinnedProtocol(LimitedProtocol):
    """One connection of a listener. Each request works on the state in which it began."""

    platform: Platform
    listener: Listener

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in its base
        super().connection_made(self.writes_of(transport))  # type: ignore[arg-type]  # it delegates to a transport
        self.logger = _quiet
        self.is_last = self.platform.readiness.is_ending  # its handshake may have begun before
        if self.platform.observer is not None:
            self.platform.observer.connections(self.listener, 1)
        if self.opening is not None:
            self.client = self.opening.client or self.client
            if self.opening.unread:
                self.data_received(self.opening.unread)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.platform.observer is not None:
            self.platform.observer.connections(self.listener, -1)

    @staticmethod
    def writes_of(transport: asyncio.Transport) -> OpenWrites:
        """What this connection writes to."""
        return OpenWrites(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self.platform.units.is_shared:  # otherwise the request waits for the store first
            self.request_scope[PINNED_KEY] = self.platform.pinned()

    @property
    def request_scope(self) -> Scope:
        """The scope of the latest request; empty before the first request."""
        return cast("Scope | None", self.scope) or {}


class PlatformProtocol(PinnedProtocol):
    """One connection of a platform listener."""

    target_names_host = True  # not at the control listener, where Host keeps web pages out
    certificate: ClientCertificate | None = None
    tls_version: str | None = None
    _tls: Handshake | None = None
    """The connection's TLS, while it reports to this object."""
    _recording: asyncio.Task[None] | None = None
    """Sends the last answer; kept here, since the loop holds tasks weakly."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in its base
        super().connection_made(transport)
        joined = cast("JoinedWrites", self.transport)
        ssl_object = transport.get_extra_info("ssl_object")
        if ssl_object is None:
            return
        if isinstance(ssl_object, Handshake):
            ssl_object.watch(self)
            self._tls = ssl_object
        self.tls_version = ssl_object.version()
        extension = tls_extension(ssl_object)
        chain = extension["client_cert_chain"]
        if chain:
            self.certificate = describe_pem(chain[0])
        inner = self.app

        async def with_tls(scope: Scope, receive: Receive, send: Send) -> None:
            # A stop cancels it. uvicorn would log that with its traceback, and try to answer.
            with contextlib.suppress(asyncio.CancelledError):
                await on_state(scope, receive, send)

        async def on_state(scope: Scope, receive: Receive, send: Send) -> None:
            await begin(scope, self.platform)
            platform = platform_of(scope, self.platform)
            why = self.certificate and platform.judge_certificate(self.certificate)
            if why:
                platform.record_handshake(self._connection(), why, self.tls_version)
                transport.abort()
                while (await receive())["type"] != "http.disconnect":
                    pass
                return
            scope["extensions"] = {"tls": extension, RESET: joined.reset}
            try:
                await inner(scope, receive, send)
            finally:
                joined.flush()
                let_go(scope)

        self.app = with_tls

    @staticmethod
    def writes_of(transport: asyncio.Transport) -> JoinedWrites:
        return JoinedWrites(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        del self.app  # it refers to this connection: breaks the cycle
        if self._tls is not None:
            self._tls.watch(None)
            self._tls = None

    def tls_failed(self, failure: HandshakeFailure) -> None:
        """Records a TLS failure, and ends the connection after the client could read the alert."""
        why = self.platform.explain_handshake(failure, self.certificate)
        alert = find_alert(failure, self.tls_version)
        self.platform.record_handshake(self._connection(), why, self.tls_version, alert=alert)
        self.loop.call_later(ALERT_LINGER, self.transport.abort)

    def refuse(self, refusal: Refusal, *, answer: bool = True) -> None:
        """Refuses bytes that never became a request: with a platform error and a journal entry."""
        # The state in which the request began, or the present state if no request began.
        platform = platform_of(self.request_scope, self.platform)
        words = platform.state.assumptions.refusal.words
        status = words.of(refusal).status
        tracking_id = platform.new_tracking_id()
        body = json.dumps(error_body(refusal, tracking_id, words)).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (platform.state.tracking.name, tracking_id.encode()),
        ]
        entry = Entry(
            kind="exchange",
            timestamp=platform.clock.timestamp(),
            connection=self._connection(),
            tls_version=self.tls_version,
            tracking_id=tracking_id,
            request=HttpRequest(method="?", path="?"),
            response=HttpResponse(status=status, raw_headers=headers, raw_body=body)
            if answer
            else HttpResponse(),
        )
        entry.refuse(refusal.why)
        platform.record(entry, code=refusal.kind.code)
        if not answer:
            return
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        answer_bytes = STATUS_LINE[status] + lines + b"\r\n" + body
        if platform.units.is_shared:
            self._recording = self.loop.create_task(self._end_when_recorded(answer_bytes))
        else:
            self._end_with(answer_bytes)

    async def _end_when_recorded(self, answer: bytes) -> None:
        """Sends the last answer when its journal entry is in the state, as for every request."""
        await self.platform.units.flush()
        self._end_with(answer)

    def _end_with(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()

    def _connection(self) -> Connection:
        return Connection(
            listener=self.listener,
            source_address=self.client[0] if self.client else "",
            certificate=self.certificate,
        )


class OpenWrites:
    """A transport for which a write or a second close does nothing after it began to close.

    Between the abort of a connection and ``connection_lost``, uvicorn still writes an answer that
    is ready. uvloop's TCP transport fails at such a write. CPython 3.11's TLS transport drops its
    protocol at a second close, and fails at any later call.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        if not self._transport.is_closing():
            self._transport.close()


class JoinedWrites(OpenWrites):
    """Sends the head of an answer together with the first piece of its body.

    uvicorn writes them separately, as two TLS records and two packets, which is 10% of the cost of
    a small call.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        if data.startswith(_HEAD) and not data.startswith(_INTERIM):
            self.flush()
            self._head = data
        else:
            self._transport.write(self._head + data)
            self._head = b""

    def flush(self) -> None:
        """Sends a head that still waits for a body: the answer has none."""
        if self._head and not self._transport.is_closing():
            self._transport.write(self._head)
        self._head = b""

    def close(self) -> None:
        self.flush()
        super().close()

    def reset(self) -> None:
        """Resets the connection (TCP RST) without closing TLS, as a crashed server does."""
        self.flush()
        connected = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


def tls_extension(ssl_object: ssl.SSLObject) -> dict[str, Any]:
    """The ASGI TLS extension, version 0.2: what a handler can learn about the connection."""
    der = ssl_object.getpeercert(binary_form=True)
    cipher = ssl_object.cipher()
    return {
        "server_cert": None,
        "client_cert_chain": [pem_of(der)] if der else [],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": _WIRE_VERSIONS.get(ssl_object.version() or ""),
        "cipher_suite": cipher[0] if cipher else None,
    }


ProtocolFactory = Callable[[], PinnedProtocol]
