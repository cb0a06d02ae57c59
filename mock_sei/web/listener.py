"""The ASGI application of a platform listener: it opens an exchange around each request."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections import deque
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_sei.errors import NOT_FOUND, Refusal
from mock_sei.matching.parts import BODY_COMPARED
from mock_sei.oauth.metadata import REVOKE_PATH, TOKEN_PATHS
from mock_sei.platform import Platform
from mock_sei.rules import checks
from mock_sei.rules.addresses import LIVE_PATH, is_of_portal
from mock_sei.rules.standards import Listener
from mock_sei.web.exchange import AWAY, REFUSED, REFUSED_HEAD, SCOPE_KEY, Exchange, begin
from mock_sei.web.exhausted import find_exhaustion, report
from mock_sei.web.faults import RESET, FaultyExchange, fault_of, needs_body
from mock_sei.web.heads import as_get, without_body
from mock_sei.web.portal.entrance import portal_refusal
from mock_sei.web.refusals import (
    functional_refusal,
    oauth_refusal,
    revocation_refusal,
    used_up,
)

_NOT_COMPARED = (
    "the body is not complete or has more than "
    f"{BODY_COMPARED} bytes, so faults and answers that look at bodies do not fit this call"
)
DISCARDING_PATIENCE = 1.0
"""Seconds to wait for the next piece of a body that is read and dropped."""


class PlatformListener:
    """Opens an exchange for each request and passes the request to the platform's application."""

    def __init__(self, app: ASGIApp, platform: Platform, listener: Listener) -> None:
        self._app = app
        self._platform = platform
        self._listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await begin(scope, self._platform)
        exchange = Exchange(self._platform, self._listener, scope)
        scope[SCOPE_KEY] = exchange
        refused: Refusal | None = scope.pop(REFUSED_HEAD, None)
        away: Refusal | None = scope.pop(AWAY, None)

        early: deque[Message] = deque()
        """Messages that were read to find out the caller; the application reads them again."""

        async def receiving() -> Message:
            if early:
                exchange.refuse_large_body()
                return early.popleft()
            message = await receive()
            if REFUSED in scope:  # removed: its traceback would keep the frame and the scope alive
                raise scope.pop(REFUSED)
            if message["type"] == "http.request":
                exchange.received(message)
            return message

        async def sending_all(message: Message) -> None:
            exchange.sending(message)
            await exchange.platform.units.flush()
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if last and exchange.leaves_client_sending:
                await send({**message, "more_body": True})
                without_end = await _discard_body(receive, exchange.most_read_on)
                await send({"type": "http.response.body", "body": b""})
                if without_end and (reset := scope.get("extensions", {}).get(RESET)):
                    reset()  # uvloop would read on while it waits for the client to close TLS
                return
            await send(message)

        sending = without_body(scope, sending_all)
        try:
            if refused is not None:
                await functional_refusal(exchange, refused)(scope, receiving, sending)
            elif away is not None:
                await _refusal_of_endpoint(exchange, scope, away)(scope, receiving, sending)
            else:
                await self._answer(exchange, scope, receiving, sending, early)
        except Refusal as refusal:  # of what was read, or of the state, before a fault was found
            await _refusal_of_endpoint(exchange, scope, refusal)(scope, receiving, sending)
        except Exception as error:  # the application has answered, unless it was not reached
            missing = find_exhaustion(error)
            if missing is None:  # the test's check reports the bug
                exchange.record_bug(traceback.format_exc())
            elif exchange.has_answered:
                report(exchange.platform, missing)
            else:
                await used_up(exchange, missing)(scope, receiving, sending)

    async def _answer(
        self,
        exchange: Exchange,
        scope: Scope,
        receive: Receive,
        send: Send,
        early: deque[Message],
    ) -> None:
        """Answers a request whose head is right. What is read of its body to find its fault is put
        into ``early``. Raises :class:`Refusal` before that."""
        if exchange.moved_to is not None:
            await functional_refusal(exchange, _refusal_of_moved(exchange))(scope, receive, send)
            return
        if exchange.passes_preflight:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        asked = as_get(scope)
        fault, state = None, exchange.platform.state
        faults_wait = not state.faults.is_quiet and scope["path"] != LIVE_PATH
        if (faults_wait or not state.scripts.is_quiet) and needs_body(exchange, asked):
            with exchange.reading_ahead():
                early.extend(await _read_ahead(receive, BODY_COMPARED))
            exchange.whole_body = _whole_body(early)
            if exchange.whole_body is None:
                exchange.entry.findings.notes.append(_NOT_COMPARED)
        if faults_wait:
            fault = await exchange.work(lambda: fault_of(exchange, asked))
        if fault is None:
            await self._app(asked, receive, send)
        else:
            await FaultyExchange(fault, exchange, asked).answer(self._app, receive, send)


def _refusal_of_moved(exchange: Exchange) -> Refusal:
    """The refusal of a path that the platform served if an assumption had not moved it."""
    return Refusal(
        NOT_FOUND,
        check=checks.PATH,
        because=f"This platform does not have {exchange.called_path}; it is at "
        f"{exchange.moved_to}.",
        expected=exchange.moved_to,
        actual=exchange.called_path,
    )


_SHAPES = {**dict.fromkeys(TOKEN_PATHS, oauth_refusal), REVOKE_PATH: revocation_refusal}
"""How the endpoints refuse whose refusals are not those of a functional API."""


def _refusal_of_endpoint(exchange: Exchange, scope: Scope, refusal: Refusal) -> Response:
    """The answer to a request that does not come to its endpoint, in the endpoint's shape."""
    path = scope["path"]
    if exchange.listener is Listener.ONE_WAY and is_of_portal(path):
        return portal_refusal(Request(scope), refusal)
    return _SHAPES.get(path, functional_refusal)(exchange, refusal)


async def _read_ahead(receive: Receive, most: int) -> list[Message]:
    """The messages of a body, until it ends, the client leaves, or ``most`` bytes have come."""
    messages = [await receive()]
    size = len(messages[0].get("body", b""))
    while messages[-1].get("more_body", False) and size <= most:
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
    return messages


def _whole_body(messages: Iterable[Message]) -> bytes | None:
    """The body of these messages; None if they are not all of it, or more than is compared."""
    pieces = [each.get("body", b"") for each in messages]
    ended = all(each["type"] == "http.request" for each in messages) and not any(
        each.get("more_body", False) for each in deque(messages, maxlen=1)
    )
    whole = b"".join(pieces)
    return whole if ended and len(whole) <= BODY_COMPARED else None


async def _discard_body(receive: Receive, left: int) -> bool:
    """Reads and drops at most ``left`` bytes of a body, so that a browser can read its answer.

    Closing the connection at once would reset it, and the browser would lose the answer. Returns
    True if the client sent ``left`` bytes and still has not finished.
    """
    with contextlib.suppress(TimeoutError):
        while left > 0:
            message = await asyncio.wait_for(receive(), DISCARDING_PATIENCE)
            if not message.get("more_body", False):
                return False
            left -= len(message.get("body", b""))
    return left <= 0
