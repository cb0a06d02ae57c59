"""An HTTP connection that enforces the limits of ``limits.py``: it refuses or closes the excess."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import cast

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from mock_sei.errors import NOT_HTTP, REQUEST_STALLED, Refusal
from mock_sei.rules.checks import PROXY_HEADER
from mock_sei.runtime import limits
from mock_sei.runtime.heads import (
    VERSION_CHECK,
    find_absolute,
    find_authority_problem,
    find_head_problem,
    open_request,
)
from mock_sei.runtime.limits import Meter
from mock_sei.runtime.proxy_header import ProxyOpening, names_a_client, not_expected
from mock_sei.web.exchange import REFUSED, REFUSED_HEAD, STALLED

logger = logging.getLogger("mock_sei")

_FRAMING = (b"content-length", b"transfer-encoding")
_TLS_HANDSHAKE = b"\x16\x03"
"""The first bytes of a client that speaks TLS (RFC 8446 section 5.1)."""
_NOT_VALID = "Invalid HTTP request received."
_TLS_TO_HTTP = "The client speaks TLS on a plain HTTP port; use http:// in the URL."


class PatientFlow(FlowControl):
    """Flow control that resumes reading only after everything read so far was answered."""

    def __init__(self, transport: asyncio.Transport, go_on: Callable[[], None]) -> None:
        super().__init__(transport)
        self._go_on = go_on

    def resume_reading(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self._go_on()

    def forget(self) -> None:
        """Drops the reference to the closed connection, which would form a reference cycle."""
        self._go_on = _nothing


def _nothing(*_: object) -> None: ...


def _make_last(cycle: RequestResponseCycle) -> None:
    """Ends the connection with this answer, which says so if its head is not sent yet."""
    if cycle.keep_alive and not cycle.response_started:
        cycle.default_headers = [*cycle.default_headers, (b"connection", b"close")]
    cycle.keep_alive = False


class LimitedProtocol(HttpToolsProtocol):
    """One connection whose client must send in time and cannot fill the server's memory."""

    flow: PatientFlow
    opening: ProxyOpening | None = None
    """How the connection began, if it comes from a trusted proxy."""
    target_names_host = False
    """Whether the host of an absolute target replaces ``Host`` (RFC 9112 section 3.2.2)."""
    unread_limit = limits.UNREAD_LIMIT
    """Most bytes of a body that are read if its request was answered before the body ended."""
    _deadline: float | None = None
    """The time on the loop's clock until which the client must send more.

    None while the server answers and expects nothing from the client."""
    _held = b""
    """Bytes that were read but not parsed yet, because earlier requests must be answered first."""
    _in_head = False
    _in_message = False
    _waiting = b""
    """Bytes of a method that is not complete yet."""
    _method = b""
    """The request's method, if the parser was given another one in its place."""
    _good_hosts: Sequence[bytes] = ()
    """The last valid ``Host`` header. Most clients send the same one again, so it is not checked
    twice."""
    _begun = 0
    """Number of messages that began in the slice being parsed."""
    _heard_body = False
    """Whether the slice being parsed held a piece of a body."""
    _repeating = False
    """Whether a head that was already handled is given to a new parser."""
    _deaf = False
    """Whether everything that still comes is dropped, because its message was refused."""
    _unread = 0
    """Bytes of answers that the client had not read at the last check."""
    _unread_since: float | None = None
    """The time on the loop's clock at which the client last read a part of its answers."""
    _ended_at: float | None = None
    """The time on the loop's clock at which the client closed its sending side."""
    _answering: RequestResponseCycle | None = None
    """The request that is being answered, or else the last one that was answered."""
    is_last = False
    """Whether the connection ends with its next answer, because the server ends."""
    _made_at = 0.0
    """The time on the loop's clock at which the connection was made."""
    meter: Meter
    """How much of its limits the current message has used."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in its base
        super().connection_made(transport)
        self.flow = PatientFlow(self.transport, self._go_on_reading)
        self._made_at = self.loop.time()
        self._expect()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._held:
            self._held += data
        else:
            self._parse(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline, self._held = None, b""
        self._unset_keepalive_if_required()  # its timer would keep this connection in memory
        for cycle, _ in self.pipeline:
            cycle.on_response = _nothing  # it refers to this connection: breaks the cycle
        self.pipeline.clear()
        super().connection_lost(exc)
        self.flow.forget()
        # uvicorn informs only the last request it read; an earlier one may still be answered.
        answering = self._answering
        if answering is not None and answering is not self.cycle:
            answering.disconnected = not answering.response_complete
            answering.message_event.set()
        self._answering = None

    def client_ended(self) -> None:
        """The client closed its sending side. Its requests are answered before the connection ends.

        This is called while data is being read, so earlier bytes are still to be parsed.
        """
        if self._ended_at is None:
            self._ended_at = self.loop.time()
            self.loop.call_soon(self._close_when_answered)

    def _close_when_answered(self) -> None:
        if self.transport.is_closing():
            return
        answering = self._answering
        in_vain = answering is not None and STALLED in answering.scope
        if self._held and not in_vain:
            return  # not all of its requests are parsed yet
        is_cut = self._in_head or self._in_message
        if in_vain or is_cut or not (self._is_answering or self.pipeline):
            self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._ended_at is not None:
            self.loop.call_soon(self._close_when_answered)

    def end_with_answer(self) -> None:
        """The server ends: this connection ends with the answer to the last request that came."""
        self.is_last = True
        if self._is_answering:
            _make_last(self.cycle)

    @property
    def is_in_use(self) -> bool:
        """Whether a request is being received or answered, or may come, as the connection is new.
        A request that is never answered on purpose does not count."""
        if self._is_answering:
            return STALLED not in cast("RequestResponseCycle", self._answering).scope
        if self._in_head or self._in_message or self._held or self.pipeline:
            return True
        is_new = self.loop.time() - self._made_at < limits.BEGINNING
        return is_new and self._answering is None

    def end_overdue(self) -> None:
        """Ends the connection if its client took too long. The server calls this every second."""
        self._end_unread()
        if self.transport.is_closing():
            return
        if self._ended_at is not None and self.loop.time() - self._ended_at >= limits.END_PATIENCE:
            self.transport.close()
            return
        if self._deadline is None or self.loop.time() < self._deadline:
            return
        if self.flow.read_paused:  # the client is not late: this server does not read
            self._expect()
            return
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._in_head:
            because = f"Its head was not complete after {limits.PATIENCE:g} seconds."
            self._end(Refusal(REQUEST_STALLED, check=limits.CHECK, because=because))
        else:  # an idle connection, or one whose body stopped: the body's reader records that
            self.transport.close()

    def refuse(self, refusal: Refusal, *, answer: bool = True) -> None:
        """Refuses bytes that never became a complete request, and closes the connection.

        ``answer`` is false while an earlier request is being answered: then nothing is sent.
        """
        logger.warning("request refused before it was complete: %s", refusal.why.because)
        if not answer:
            return
        body = json.dumps({"detail": refusal.why.because}).encode()
        self.transport.write(
            STATUS_LINE[refusal.kind.status]
            + b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
            + b"connection: close\r\n\r\n"
            + body
        )
        self.transport.close()

    def _refuse_other_protocol(self, first: bytes) -> None:
        """``first`` is what came in place of a request; empty if it was within one, or in TLS."""
        if names_a_client(first):
            address = self.client[0] if self.client else ""
            why = not_expected(address, self.opening.proxy if self.opening else None)
            self._end(Refusal(NOT_HTTP, check=PROXY_HEADER, because=why.because))
        else:
            is_tls = first.startswith(_TLS_HANDSHAKE)
            self.send_400_response(_TLS_TO_HTTP if is_tls else _NOT_VALID)

    def send_400_response(self, msg: str) -> None:
        because = f"{msg} The request is not HTTP/1.1."
        self._end(Refusal(NOT_HTTP, check="HTTP", because=because))

    # Parsing, one slice at a time

    def _parse(self, data: bytes) -> None:
        """Parses as many requests as may be answered at once, and keeps the rest for later."""
        position = 0
        while position < len(data) and not self._deaf and not self.transport.is_closing():
            if self.flow.read_paused or self.pipeline:
                self._held = data[position:]
                self.flow.pause_reading()
                return
            position += self._parse_slice(data[position : position + limits.SLICE])
        if self._deadline is None and not self._is_answering:
            self._expect()  # line breaks between requests do not begin a request

    def _parse_slice(self, piece: bytes) -> int:
        """Parses one slice. Returns how many of its bytes were parsed."""
        within, in_head = self._in_message, self._in_head
        self._begun, self._heard_body = 0, False
        parsed = len(piece)
        ready = piece if within else self._open_request(piece)
        try:
            self.parser.feed_data(ready)
        except httptools.HttpParserUpgrade as upgrade:  # to a protocol that is not supported here
            rest = len(ready) - (int(upgrade.args[0]) or len(ready))
            parsed -= rest
            if self._in_message and not self._deaf:
                self._read_on_without_upgrade()
        except httptools.HttpParserError:
            if not self._deaf:
                self._refuse_other_protocol(b"" if within or self.scheme != "http" else piece)
            return parsed
        if self._deaf or not self._in_message:
            return parsed
        if not self._heard_body and self._begun == (0 if within else 1):
            self.meter.add_line(parsed)  # the whole slice is a part of one line without an end
        if within and not in_head and not self._begun:
            self.meter.add_after_head(parsed)
        self._end_excess()
        return parsed

    def _open_request(self, piece: bytes) -> bytes:
        """The bytes for the parser, made from bytes that were read between two requests."""
        opening = open_request(self._waiting + piece)
        self._method, self._waiting = opening.method, opening.waiting
        if opening.waiting and not self._in_head:
            self._in_head = True
            self._expect()
        return opening.ready

    def _read_on_without_upgrade(self) -> None:
        """Reads the body of a request with ``Upgrade`` with a new parser.

        httptools ends such a message after its head.
        """
        framing = [each for each in self.headers if each[0] in _FRAMING]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in framing)
        self.parser = httptools.HttpRequestParser(self)
        self._repeating = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n" + lines + b"\r\n")

    def _go_on_reading(self) -> None:
        if self._held or self.pipeline:
            self.loop.call_soon(self._parse_held)
        else:
            self.transport.resume_reading()

    def _parse_held(self) -> None:
        if self.transport.is_closing() or self.parser is None:
            return
        if self.pipeline:
            self.flow.read_paused = True  # reading stays paused until these requests are answered
            return
        self._unset_keepalive_if_required()
        held, self._held = self._held, b""
        self._parse(held)
        if not self.flow.read_paused:
            self.transport.resume_reading()
        if self._ended_at is not None:
            self.loop.call_soon(self._close_when_answered)

    # The parser's callbacks

    def on_message_begin(self) -> None:
        if self._repeating:
            return
        super().on_message_begin()
        if not self._in_head:  # it is already set if the method came in pieces
            self._expect()
        self._in_head = self._in_message = True
        self._begun += 1
        self.meter = Meter()

    def on_url(self, url: bytes) -> None:
        if self._repeating:
            return
        self.meter.add_request_line(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Stores a header. A trailer is only counted: it is not a header (RFC 9110, 6.5.1)."""
        if self._repeating:
            return
        self.meter.add_header(name, value)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._repeating:
            self._repeating = False
            return
        self.meter.add_request_line(len(self._method or self.parser.get_method()))
        self._end_excess()
        self._in_head = False
        if self._deaf:
            return
        self._expect()
        self._read_target()
        super().on_headers_complete()
        if self._method:
            self.scope["method"] = self._method.decode()
            self._method = b""
        if self.is_last:
            _make_last(self.cycle)
        refusal = self.scope.get(REFUSED_HEAD)
        if isinstance(refusal, Refusal) and refusal.why.check == VERSION_CHECK:
            self.cycle.keep_alive = False  # uvicorn before 0.53 waits for a next request

    def _read_target(self) -> None:
        """Checks the request's target and ``Host``.

        A problem is left in the scope for the application, which refuses the request, so that the
        journal holds its whole head.
        """
        hosts = [value for name, value in self.headers if name == b"host"]
        version, refusal = self.parser.get_http_version(), None
        if hosts != self._good_hosts or version != "1.1":
            refusal = find_head_problem(hosts, version)
        target = None if self.url.startswith(b"/") else find_absolute(self.url)
        if target is not None:
            self.url = target.path
            refusal = refusal or find_authority_problem(target.authority)
            if self.target_names_host:
                others = [each for each in self.headers if each[0] != b"host"]
                self.headers[:] = [(b"host", target.authority), *others]
        if refusal is not None:
            self.scope[REFUSED_HEAD] = refusal  # type: ignore[literal-required]  # our own key
        elif len(hosts) == 1:
            self._good_hosts = hosts

    def on_body(self, body: bytes) -> None:
        if self._deaf:
            return
        self._heard_body = True
        self.meter.add_body(len(body))
        self._expect()
        super().on_body(body)
        if self.cycle.response_complete and self.meter.body > self.unread_limit:
            self.transport.abort()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade() and any(name in _FRAMING for name, _ in self.headers):
            return  # the request's body is still to come
        self._in_message = False
        if self._deaf:
            return
        self._deadline = None
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: object) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)  # type: ignore[arg-type]  # passed on unchanged

    # The connection's end

    @property
    def _is_answering(self) -> bool:
        answering = self._answering
        return answering is not None and not answering.response_complete

    def _expect(self) -> None:
        self._deadline = self.loop.time() + limits.PATIENCE

    def _end_excess(self) -> None:
        refusal = self.meter.find_excess()
        if refusal is not None:
            self._end(refusal)

    def _end(self, refusal: Refusal) -> None:
        """Refuses the current message and reads nothing more.

        If the application already handles the request, the refusal is handed to the application.
        """
        if self._deaf:
            return
        self._deaf, self._deadline, self._held = True, None, b""
        cycle = self.cycle
        if self._in_head or not self._in_message:
            if self._is_answering:
                cycle.keep_alive = False
            self.refuse(refusal, answer=not self._is_answering)
        elif cycle.response_complete:
            self.transport.close()
        else:
            cycle.keep_alive = False
            cycle.scope[REFUSED] = refusal  # type: ignore[literal-required]  # our own key
            cycle.message_event.set()

    def _end_unread(self) -> None:
        """Aborts the connection of a client that does not read, and so keeps answers in memory."""
        unread = self.transport.get_write_buffer_size()
        now = self.loop.time()
        if not unread:
            self._unread_since = None
        elif self._unread_since is None or unread < self._unread:
            self._unread_since = now
        elif now - self._unread_since >= limits.PATIENCE:
            logger.warning(
                "connection closed: its client read nothing of an answer for %g seconds",
                limits.PATIENCE,
            )
            self._unread_since = None
            self.transport.abort()
        self._unread = unread
