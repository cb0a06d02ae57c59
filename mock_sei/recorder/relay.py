"""One connection of a client: each request goes to the real platform, and its answer comes back.

Both directions pass at the same time, so that ``100 Continue`` and an answer that comes before the
end of the request work. One connection to the real platform belongs to one of a client: it is kept
alive as long.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import h11

from mock_sei.errors import (
    CERTIFICATE_NAME,
    HEAD_TOO_LARGE,
    METHOD_NOT_ALLOWED,
    NOT_HTTP,
    Refusal,
    RefusalKind,
    error_body,
)
from mock_sei.recorder.bodies import LARGEST_BODY, KeptBody, NotDecoded, codings_of, decoded
from mock_sei.recorder.rewriting import OriginMap, StreamedMap, to_client, to_upstream
from mock_sei.recorder.streams import (
    Event,
    HttpStream,
    RawHeaders,
    as_text,
    end_to_end,
    value_of,
)
from mock_sei.recorder.upstream import Upstream, UpstreamAway, away
from mock_sei.recorder.writing import RecordingThread
from mock_sei.recordings.exchanges import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordedTls,
)
from mock_sei.rules import machine
from mock_sei.runtime.limits import UNREAD_LIMIT, Meter

logger = logging.getLogger("mock_sei")

ANSWER_PATIENCE = 300.0
"""Most seconds between two pieces of the real platform's answer."""
DRAIN_PATIENCE = 5.0
"""Most seconds that a client may go on to send a request that was answered already."""
_LOOKS_AT_CLIENT = 1.0
"""Seconds until it is noticed that a client has gone while it waits for its answer."""
UPSTREAM_AWAY = RefusalKind(
    status=502,
    code="server.upstream.failure",
    message="The recorder cannot call the real platform",
    transient=True,
)
_CHECK = "recorder"
_NO_BODY = frozenset({204, 304})
_CODED: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
}


@dataclass(frozen=True, kw_only=True)
class RelayListener:
    """One listener of the recorder, and the listener of the real platform behind it."""

    name: Literal["one-way", "two-way"]
    upstream: Upstream
    recording: RecordingThread
    to_client: Callable[[str], OriginMap]
    """By the host that a client calls: the real origins become the recorder's."""
    to_upstream: Callable[[str], OriginMap]
    """By the host that a client calls: the recorder's origins become the real ones."""
    hosts: Collection[str]
    """The hosts of the real platform."""


class ClientGone(Exception):
    """The client ended its connection, or stopped sending."""


class Relay:
    """One connection of a client."""

    def __init__(
        self, client: HttpStream, listener: RelayListener, common_name: str | None
    ) -> None:
        self.client, self.listener, self.common_name = client, listener, common_name
        self.upstream: HttpStream | None = None

    async def run(self) -> None:
        """Relays requests until the connection ends."""
        try:
            while await self._relay_one():
                self.client.http.start_next_cycle()
        finally:
            self.drop_upstream()
            with contextlib.suppress(asyncio.CancelledError):
                await self.client.close()

    def drop_upstream(self) -> None:
        """Ends the connection to the real platform, if there is one."""
        if self.upstream is not None:
            self.upstream.abort()
            self.upstream = None

    async def _relay_one(self) -> bool:
        """Relays one request. Returns whether another one may follow."""
        try:
            request = await self.client.next_event()
        except h11.RemoteProtocolError as error:
            return await self._refuse_nonsense(error)
        except (OSError, TimeoutError):
            return False
        if not isinstance(request, h11.Request):
            return False
        await self.listener.recording.room()
        relayed = RelayedExchange(self, request)
        try:
            return await relayed.run()
        finally:
            self.listener.recording.put(relayed.recorded())

    async def _refuse_nonsense(self, error: h11.RemoteProtocolError) -> bool:
        """Answers what is no HTTP. It cannot be recorded as a request."""
        if self.client.http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            kind = HEAD_TOO_LARGE if error.error_status_hint == HEAD_TOO_LARGE.status else NOT_HTTP
            logger.warning("%s listener: a request is not valid HTTP", self.listener.name)
            with contextlib.suppress(OSError, TimeoutError, h11.LocalProtocolError):
                await send_refusal(self.client, Refusal(kind, check=_CHECK, because=kind.message))
        return False


async def send_refusal(client: HttpStream, refusal: Refusal) -> tuple[h11.Response, bytes]:
    """Answers a request in the platform's shape of errors, and returns the answer."""
    tracking_id = str(uuid4())
    body = json.dumps(error_body(refusal, tracking_id)).encode()
    response = h11.Response(
        status_code=refusal.kind.status,
        reason=_REASONS.get(refusal.kind.status, b""),
        headers=[
            (b"Content-Type", b"application/json"),
            (b"Content-Length", b"%d" % len(body)),
            (b"RequestTrackingId", tracking_id.encode()),
            (b"Connection", b"close"),
        ],
    )
    await client.send_response(response)
    await client.send(h11.Data(data=body))
    await client.send(h11.EndOfMessage())
    await client.flush()
    return response, body


def _excess_of(request: h11.Request) -> Refusal | None:
    """A refusal if the head of a request is larger than the mock's own listeners allow."""
    meter = Meter()
    meter.add_request_line(len(request.method) + len(request.target))
    for name, value in request.headers:
        meter.add_header(name, value)
    return meter.find_excess()


_REASONS = {
    400: b"Bad Request",
    403: b"Forbidden",
    405: b"Method Not Allowed",
    431: b"Request Header Fields Too Large",
    502: b"Bad Gateway",
}


class RelayedExchange:
    """One request and its answer, while they pass."""

    def __init__(self, relay: Relay, request: h11.Request) -> None:
        self._relay, self._request = relay, request
        self._client, self._listener = relay.client, relay.listener
        self._started, self._began = machine.now(), machine.monotonic()
        self._host = value_of(request.headers, b"host")
        self._sent, self._got = KeptBody(), KeptBody()
        self._response: h11.Response | None = None
        """The real platform's answer, or the recorder's own."""
        self._is_begun = False
        """True after the client got a part of the answer."""
        self._pump: asyncio.Task[None] | None = None
        self._client_gone = False
        self._failure: str | None = None
        self._recorder_answered: str | None = None
        self._alert: str | None = None
        self._tls_version: str | None = None

    async def run(self) -> bool:
        """Relays the exchange. Returns whether the client's connection stays open."""
        try:
            refusal = self._find_refusal()
            if refusal is not None:
                await self._answer_instead(refusal)
                return False
            return await self._relay_or_explain()
        except (ClientGone, TimeoutError, OSError):
            self._failure = "the client ended the connection before it had the answer"
            self._relay.drop_upstream()
            return False
        finally:
            if self._pump is not None:
                self._pump.cancel()

    def recorded(self) -> RecordedExchange:
        """The exchange as it was on the wire to the real platform, with its secrets."""
        request, response = self._request, self._response
        sent = to_upstream(request.headers.raw_items(), self._authority, self._mapped_back)
        return RecordedExchange(
            started=self._started,
            milliseconds=(machine.monotonic() - self._began) * 1000,
            listener=self._listener.name,
            request=RecordedRequest(
                method=request.method.decode("latin-1"),
                url=self._url(),
                headers=as_text(sent),
                body=self._sent.recorded(
                    value_of(request.headers, b"content-type"),
                    value_of(request.headers, b"content-encoding"),
                ),
            ),
            response=None if response is None else self._recorded_answer(response),
            tls=RecordedTls(
                client_common_name=self._relay.common_name,
                version=self._tls_version,
                alert=self._alert,
            ),
            failure=self._failure,
            recorder_answered=self._recorder_answered,
        )

    def _recorded_answer(self, response: h11.Response) -> RecordedResponse:
        return RecordedResponse(
            status=response.status_code,
            reason=response.reason.decode("latin-1"),
            headers=as_text(response.headers.raw_items()),
            body=self._got.recorded(
                value_of(response.headers, b"content-type"),
                value_of(response.headers, b"content-encoding"),
            ),
        )

    @property
    def _account(self) -> str | None:
        """Whose identity the real platform sees."""
        return None if self._listener.name == "one-way" else self._relay.common_name

    @property
    def _authority(self) -> str:
        return self._listener.upstream.target.authority

    @property
    def _mapped_back(self) -> OriginMap:
        return self._listener.to_upstream(self._host)

    def _url(self) -> str:
        """The address at the real platform. A target may be a whole address, or ``*``."""
        target = self._request.target.decode("latin-1")
        if "://" in target.partition("?")[0]:
            target = "/" + target.partition("://")[2].partition("/")[2]
        origin = self._listener.upstream.target.origin
        return origin + (target if target.startswith("/") else f"/{target}")

    def _find_refusal(self) -> Refusal | None:
        """Why the recorder does not call the real platform; None if it does."""
        excess = _excess_of(self._request)
        if excess is not None:
            return excess
        if self._request.method == b"CONNECT":
            because = "The recorder is no proxy: the client must call its address directly."
            return Refusal(METHOD_NOT_ALLOWED, check=_CHECK, because=because)
        if self._account in self._listener.upstream.contexts:
            return None
        name = self._relay.common_name
        named = "no client certificate" if name is None else f"the CN {name}"
        return Refusal(
            CERTIFICATE_NAME,
            check=_CHECK,
            because=f"The client shows {named}, and no --identity has this name.",
        )

    async def _answer_instead(self, refusal: Refusal) -> None:
        """The recorder's own answer, in the platform's words."""
        self._recorder_answered = refusal.why.because
        logger.warning("%s listener: %s", self._listener.name, refusal.why.because)
        await self._stop_pump()
        if self._is_begun:
            self._client.abort()
            return
        if not self._client.http.they_are_waiting_for_100_continue:
            await self._drain()  # before the answer, after which many clients close at once
        self._response, body = await send_refusal(self._client, refusal)
        self._got = KeptBody()
        self._got.add(body)
        self._got.is_whole = True
        await self._drain()

    async def _relay_or_explain(self) -> bool:
        try:
            return await self._relay_again_if_stale()
        except UpstreamAway as error:
            self._relay.drop_upstream()
            if self._client_gone:
                raise ClientGone from None
            self._failure, self._alert = str(error), error.alert
            if self._is_begun or error.alert is not None:
                # Nothing sends an alert within a connection that was accepted: it is cut off.
                logger.warning("%s listener: %s", self._listener.name, error)
                self._client.abort()
                return False
            self._response = None
            await self._answer_instead(Refusal(UPSTREAM_AWAY, check=_CHECK, because=str(error)))
            return False

    async def _relay_again_if_stale(self) -> bool:
        """Relays; a request without a body again, if a kept connection has just been closed."""
        upstream = self._relay.upstream
        if upstream is not None and upstream.writer.transport.is_closing():
            self._relay.drop_upstream()
        is_reused = self._relay.upstream is not None
        try:
            return await self._relay_once()
        except UpstreamAway:
            is_whole = self._sent.is_whole and not self._sent.size
            if not is_reused or self._response is not None or not is_whole or self._client_gone:
                raise
            self._relay.drop_upstream()
            return await self._relay_once()

    async def _relay_once(self) -> bool:
        if self._relay.upstream is None:
            self._relay.upstream = await self._listener.upstream.connect(self._account)
        upstream = self._relay.upstream
        found = upstream.writer.get_extra_info("ssl_object")
        self._tls_version = found.version() if found is not None else None
        with contextlib.suppress(OSError, TimeoutError):  # the first read tells the reason
            await upstream.send_request(self._outgoing())
        await self._begin_to_pump(upstream)
        await self._answer(upstream)
        return await self._finish(upstream)

    def _outgoing(self) -> h11.Request:
        headers = self._request.headers.raw_items()
        is_chunked = bool(value_of(headers, b"transfer-encoding"))
        made = end_to_end(headers, is_chunked=is_chunked)
        made = to_upstream(made, self._authority, self._mapped_back)
        if not self._host:
            made.insert(0, (b"Host", self._authority.encode("latin-1")))
        return h11.Request(method=self._request.method, target=self._request.target, headers=made)

    async def _begin_to_pump(self, upstream: HttpStream) -> None:
        """Sends the body of the request; a task does that if the body is not there yet."""
        if self._sent.is_whole:  # a request without a body, which is sent again
            await self._pass_on(upstream, h11.EndOfMessage())
            return
        event = self._client.http.next_event()
        if isinstance(event, h11.EndOfMessage):
            self._sent.is_whole = True
            await self._pass_on(upstream, event)
            return
        first = event if isinstance(event, h11.Data) else None
        with contextlib.suppress(OSError, TimeoutError):
            await upstream.flush()
        self._pump = asyncio.create_task(self._send_body(upstream, first))

    async def _send_body(self, upstream: HttpStream, event: Event | None) -> None:
        """Sends the body of the request while it comes."""
        while True:
            if event is None:
                try:
                    event = await self._client.next_event()
                except (OSError, TimeoutError, h11.RemoteProtocolError):
                    event = h11.ConnectionClosed()
            if not isinstance(event, h11.Data | h11.EndOfMessage):
                self._client_gone = True
                upstream.abort()
                return
            if isinstance(event, h11.Data):
                self._sent.add(event.data)
            else:
                self._sent.is_whole = True
            await self._pass_on(upstream, event)
            if self._sent.is_whole:
                return
            event = None

    async def _pass_on(self, upstream: HttpStream, event: h11.Data | h11.EndOfMessage) -> None:
        """Sends a part of the request. If the real platform has gone, its answer says why."""
        with contextlib.suppress(OSError, TimeoutError, h11.LocalProtocolError):
            await upstream.send(event)
            await upstream.flush()

    async def _answer(self, upstream: HttpStream) -> None:
        """Passes the answer on, while it comes. Raises :class:`UpstreamAway`, ClientGone."""
        while isinstance(event := await self._from(upstream), h11.InformationalResponse):
            if self._client.http.their_http_version != b"1.0":
                await self._client.send_response(event)
        if not isinstance(event, h11.Response):
            raise UpstreamAway(f"{self._origin} ended the connection without an answer")
        self._response = event
        passing = _PassingAnswer(self._client, self._request, event, self._mapped_on())
        self._is_begun = await passing.begin(self._listener.hosts)
        while isinstance(event := await self._from(upstream), h11.Data):
            self._got.add(event.data)
            self._is_begun = True
            await passing.add(bytes(event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise UpstreamAway(f"{self._origin} ended the connection in the middle of its answer")
        self._got.is_whole = True
        self._is_begun = True
        await passing.end(event)
        await self._client.flush()

    @property
    def _origin(self) -> str:
        return self._listener.upstream.target.origin

    def _mapped_on(self) -> OriginMap:
        return self._listener.to_client(self._host)

    async def _from(self, upstream: HttpStream) -> Event:
        """The next part of the answer."""
        waited = 0.0
        while True:
            try:
                event = upstream.http.next_event()
                if event is not h11.NEED_DATA:
                    return event  # type: ignore[return-value]  # NEED_DATA is none of it
                await self._flush_client()
                return await upstream.next_event(_LOOKS_AT_CLIENT)
            except TimeoutError:
                waited += _LOOKS_AT_CLIENT
                if self._client.writer.transport.is_closing():
                    raise ClientGone from None
                if waited >= ANSWER_PATIENCE:
                    raise UpstreamAway(f"{self._origin} does not go on to answer") from None
            except OSError as error:  # with TLS 1.3, an alert comes with the first read
                raise away(error, self._origin) from None
            except h11.RemoteProtocolError:
                is_ended = upstream.reader.at_eof()
                problem = "ended the connection" if is_ended else "answers what is not HTTP"
                when = "in the middle of its answer" if self._response else "without an answer"
                said = f"{problem} {when}" if is_ended else problem
                raise UpstreamAway(f"{self._origin} {said}") from None

    async def _flush_client(self) -> None:
        try:
            await self._client.flush()
        except (OSError, TimeoutError):
            raise ClientGone from None

    async def _finish(self, upstream: HttpStream) -> bool:
        """Both connections after the answer. Returns whether the client's stays open."""
        if not self._sent.is_whole:  # the answer came before the end of the request
            await self._stop_pump()
            self._relay.drop_upstream()
            await self._drain()
            return False
        states = (upstream.http.our_state, upstream.http.their_state)
        if states == (h11.DONE, h11.DONE):
            upstream.http.start_next_cycle()
        else:
            self._relay.drop_upstream()
        http = self._client.http
        return bool(http.our_state is h11.DONE and http.their_state is h11.DONE)

    async def _stop_pump(self) -> None:
        """Ends the task that sends the body of the request: it reads from the client, too."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])

    async def _drain(self) -> None:
        """Reads the rest of a request that was answered, so that no reset drops the answer."""
        left = UNREAD_LIMIT
        with contextlib.suppress(OSError, TimeoutError, h11.RemoteProtocolError):
            async with asyncio.timeout(DRAIN_PATIENCE):
                while left > 0 and not self._sent.is_whole:
                    event = await self._client.next_event()
                    if not isinstance(event, h11.Data):
                        self._sent.is_whole = isinstance(event, h11.EndOfMessage)
                        return
                    self._sent.add(event.data)
                    left -= len(event.data)


class _PassingAnswer:
    """An answer on its way to the client. Addresses in JSON become the recorder's."""

    def __init__(
        self, client: HttpStream, request: h11.Request, response: h11.Response, origins: OriginMap
    ) -> None:
        self._client, self._origins = client, origins
        self._response = response
        headers = response.headers.raw_items()
        self._length = value_of(headers, b"content-length")
        self._coding = value_of(headers, b"content-encoding")
        self._has_body = request.method != b"HEAD" and response.status_code not in _NO_BODY
        self._old_client = request.http_version < b"1.1"
        connection = value_of(request.headers, b"connection").lower()
        self._closes = self._old_client or "close" in connection
        self._held: list[bytes] | None = None
        """A body that is rewritten whole: its length is known, or it is compressed."""
        self._size = 0
        self._mapped: StreamedMap | None = None
        self._hosts: Collection[str] = ()
        if self._has_body and _is_json(value_of(headers, b"content-type")):
            is_small = bool(self._length) and int(self._length) <= LARGEST_BODY
            if is_small or codings_of(self._coding):
                self._held = []
            else:
                self._mapped = StreamedMap(origins)
                self._length = ""

    async def begin(self, hosts: Collection[str]) -> bool:
        """Sends the head, if it does not depend on the body. Returns whether it was sent."""
        self._hosts = hosts
        if self._held is not None:
            return False
        await self._send_head(self._length)
        return True

    async def add(self, data: bytes) -> None:
        if self._held is not None:
            self._size += len(data)
            self._held.append(data)
            if self._size > LARGEST_BODY:
                await self._give_up()
            return
        await self._send(self._mapped.feed(data) if self._mapped else data)

    async def end(self, event: h11.EndOfMessage) -> None:
        if self._held is not None:
            body = self._rewritten(b"".join(self._held))
            await self._send_head(str(len(body)) if self._length else "")
            await self._send(body)
        elif self._mapped is not None:
            await self._send(self._mapped.end())
        is_chunked = self._has_body and not self._length and not self._old_client
        await self._client.send(h11.EndOfMessage(headers=event.headers if is_chunked else []))

    async def _give_up(self) -> None:
        """The body is too large to be rewritten, so it passes as it is."""
        held, self._held = self._held or [], None
        await self._send_head(self._length)
        for each in held:
            await self._send(each)

    def _rewritten(self, body: bytes) -> bytes:
        """A whole body with the recorder's addresses, in its encoding."""
        codings = codings_of(self._coding)
        try:
            plain = decoded(body, self._coding)
        except NotDecoded:
            return body
        made = self._origins.replace(plain)
        if made == plain or (codings and (len(codings) > 1 or codings[0] not in _CODED)):
            return body
        return _CODED[codings[0]](made) if codings else made

    async def _send_head(self, length: str) -> None:
        raw = self._response.headers.raw_items()
        is_chunked = self._has_body and not length and not self._old_client
        headers: RawHeaders = end_to_end(raw, is_chunked=is_chunked)
        headers = to_client(headers, self._origins, self._hosts)
        if self._has_body:
            headers = [
                (name, length.encode() if name.lower() == b"content-length" else value)
                for name, value in headers
                if length or name.lower() != b"content-length"
            ]
        if self._closes:
            headers.append((b"Connection", b"close"))
        response = h11.Response(
            status_code=self._response.status_code, headers=headers, reason=self._response.reason
        )
        await self._client.send_response(response)

    async def _send(self, data: bytes) -> None:
        if data:
            await self._client.send(h11.Data(data=data))


def _is_json(media_type: str) -> bool:
    name = media_type.partition(";")[0].strip().lower()
    return name.endswith(("/json", "+json"))
