"""What a fault does to an exchange: delay it, replace its answer, or break the answer off."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_sei.errors import Refusal, RefusalKind, error_body
from mock_sei.faults.faults import RETRY_LATER, TRANSIENT, FaultRule
from mock_sei.journal.entries import BODY_KEPT
from mock_sei.matching.sent import SentRequest
from mock_sei.matching.targets import Caller
from mock_sei.oauth.token_request import decode_pair
from mock_sei.oauth.tokens import lifetime_of
from mock_sei.values.sendable import WITHOUT_BODY, WITHOUT_LENGTH
from mock_sei.web.exchange import STALLED, Exchange, find_header
from mock_sei.web.heads import only_looks
from mock_sei.web.refusals import JsonResponse

RESET = "mock_sei.reset"
"""The name of the ASGI extension that resets the connection; its value is the function to call."""

CHECK = "fault"

_PIECES_A_SECOND = 10


def caller_of(exchange: Exchange, scope: Scope) -> Caller:
    """Who made an exchange, as its headers, its query string and its form say."""
    form = (exchange.whole_body or b"") if has_form(scope) else b""
    return Caller(
        method=scope["method"],
        path=scope["path"],
        listener=exchange.listener,
        app_key=_app_key(scope, form),
        registry=exchange.platform.state.registry,
        sent=SentRequest(
            raw_query=scope["query_string"],
            raw_headers=scope["headers"],
            body=exchange.whole_body,
        ),
    )


def _app_key(scope: Scope, form: bytes) -> str | None:
    """The AppKey a request names; None if it names none.

    It is in the AppKey header of a functional call. A token request has it in the key pair of the
    Authorization header, or in ``client_id`` of its query string or form.
    """
    headers = scope["headers"]
    named = find_header(headers, b"appkey")
    if named is not None:
        return named.decode("latin-1")
    pair = (find_header(headers, b"authorization") or b"").rpartition(b" ")[2]
    try:
        named_in_pair = decode_pair(pair.decode("latin-1")).partition(":")[0]
    except ValueError:  # it is a token, or unreadable
        named_in_pair = ""
    if named_in_pair:
        return named_in_pair
    texts: tuple[bytes, bytes] = (scope["query_string"], form)
    given = (dict(parse_qsl(each.decode("latin-1"))).get("client_id") for each in texts)
    return next(filter(None, given), None)


def needs_body(exchange: Exchange, scope: Scope) -> bool:
    """Whether the body decides which fault or scripted answer the exchange gets.

    A small form is read for all of them: it may name the AppKey.
    """
    state = exchange.platform.state
    operation = f"{scope['method']} {scope['path']}"
    return (
        has_form(scope) or state.faults.need_body(operation) or state.scripts.need_body(operation)
    )


def has_form(scope: Scope) -> bool:
    """Whether the request has a form small enough to be read before the request is handled."""
    headers = scope["headers"]
    content_type = find_header(headers, b"content-type") or b""
    length = find_header(headers, b"content-length") or b""
    is_form = content_type.lower().startswith(b"application/x-www-form-urlencoded")
    return is_form and length.isdigit() and int(length) <= BODY_KEPT


class FaultyExchange:
    """One exchange that meets a fault, and what the fault does to it."""

    def __init__(self, fault: FaultRule, exchange: Exchange, scope: Scope) -> None:
        self._fault = fault
        self._exchange = exchange
        self._scope = scope
        self._reset: Callable[[], object] | None = scope.get("extensions", {}).get(RESET)
        self._start: Message | None = None
        self._body = bytearray()

    async def answer(self, app: ASGIApp, receive: Receive, send: Send) -> None:
        """Answers the exchange as the fault demands, with or without calling ``app``."""
        fault = self._fault
        self._exchange.entry.fault = str(fault)
        await asyncio.sleep(await self._delay())
        if fault.stall:
            self._scope[STALLED] = True
            await self._until_gone(receive)
            self._exchange.end_unanswered()
            return
        if fault.cut == "before-headers":
            await self._break_off(receive)
            return
        try:
            if fault.status is not None:
                await self._refuse(self._scope, receive, self._collect)
            else:
                with lifetime_of(fault.token_lifetime):
                    await app(self._scope, receive, self._collect)
        finally:  # if ``app`` has a bug, its answer is sent before the bug is reported
            await self._send(receive, send)

    async def _delay(self) -> float:
        fault, platform = self._fault, self._exchange.platform
        if not fault.spread or only_looks(self._scope):
            return fault.latency
        # A random value that repeats is counted in the state, which needs a unit of work.
        jitter = await platform.units.run_on_loop(lambda: platform.faults.jitter())
        return max(0, fault.latency + fault.spread * jitter)

    async def _collect(self, message: Message) -> None:
        """Keeps the answer instead of sending it: to break it off, its full length is needed."""
        if message["type"] == "http.response.start":
            self._start = dict(message)
        else:
            self._body += message.get("body", b"")

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault, status = self._fault, self._fault.status or 500
        kind = RefusalKind(
            status=status,
            code="gateway.fault" if status >= 500 else "gateway.access.failure",
            message="The service is not available" if status >= 500 else "The request is refused",
        )
        refusal = Refusal(
            kind,
            check=CHECK,
            because="A fault is armed for this call; the call did not reach the operation.",
            actual=str(fault),
        )
        self._exchange.entry.refuse(refusal.why)
        body = error_body(refusal, self._exchange.tracking_id)
        body["transient"] = status in TRANSIENT
        headers: dict[str, str] = {}
        wait = fault.retry_after
        if wait is None and status in RETRY_LATER:
            wait = 1
        if wait is not None:
            headers["Retry-After"] = str(wait)
        answer = Response(status_code=status, headers=headers)
        if status not in WITHOUT_BODY:
            answer = JsonResponse(body, status, headers)
        await answer(scope, receive, send)

    async def _send(self, receive: Receive, send: Send) -> None:
        fault = self._fault
        if self._start is None:
            return
        has_body = self._start["status"] not in WITHOUT_BODY
        body = bytes(self._body) if has_body else b""
        if fault.malformed:
            body = body[: max(1, len(body) // 2)]
        await send({**self._start, "headers": self._headers(len(body), has_body=has_body)})
        if fault.cut == "after-headers":
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            await self._break_off(receive)
        elif fault.cut == "in-body":
            half = body[: len(body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await self._break_off(receive)
        elif fault.drip and body and not only_looks(self._scope):
            await self._drip(body, fault.drip, send)
        else:
            await send({"type": "http.response.body", "body": body})

    def _headers(self, size: int, *, has_body: bool) -> list[tuple[bytes, bytes]]:
        """The headers of the answer, changed to fit the body that is really sent."""
        start, fault = self._start or {}, self._fault
        headers: list[tuple[bytes, bytes]] = list(start["headers"])
        if fault.content_type is not None and has_body:
            headers = _without(headers, b"content-type")
            headers.append((b"content-type", fault.content_type.encode()))
        headers = _without(headers, b"content-length")
        if start["status"] not in WITHOUT_LENGTH:
            headers.append((b"content-length", str(size).encode()))
        return headers

    async def _drip(self, body: bytes, rate: int, send: Send) -> None:
        size = max(1, rate // _PIECES_A_SECOND)
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            more = start + size < len(body)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
            await asyncio.sleep(size / rate if more else 0)

    async def _break_off(self, receive: Receive) -> None:
        self._exchange.end_unanswered()
        if self._reset is not None:
            self._reset()
        await self._until_gone(receive)

    async def _until_gone(self, receive: Receive) -> None:
        """Waits until the client has left. If this returned earlier, uvicorn would answer."""
        gone = False
        while not gone:
            with contextlib.suppress(Refusal):  # the request is too large; no answer is sent here
                gone = (await receive())["type"] == "http.disconnect"


def _without(headers: list[tuple[bytes, bytes]], name: bytes) -> list[tuple[bytes, bytes]]:
    return [each for each in headers if each[0].lower() != name]


def as_head(caller: Caller) -> Caller:
    return replace(caller, method="HEAD")


def fault_of(exchange: Exchange, scope: Scope) -> FaultRule | None:
    """The fault an exchange meets; None if it meets none.

    A HEAD meets a fault that is armed for HEAD. Otherwise it meets the fault of the next GET, which
    is not used up by it. The journal entry then names the application.
    """
    caller, faults = caller_of(exchange, scope), exchange.platform.faults
    if only_looks(scope):
        fault = faults.meet_named(as_head(caller))
        if fault is None:
            fault = faults.foresee(caller)
            if fault is not None:
                note = "met the fault of the next GET; a HEAD does not count as a use of the fault"
                exchange.entry.findings.notes.append(note)
    else:
        fault = faults.meet(caller)
    if fault is not None and caller.application is not None:
        exchange.entry.findings.application = caller.application.name
    return fault
