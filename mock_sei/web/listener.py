"""The door of a platform listener: an exchange is opened around every request."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections import deque

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_sei.errors import Refusal
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.web.exchange import REFUSED, REFUSED_HEAD, SCOPE_KEY, Exchange
from mock_sei.web.faults import RESET, Trouble, fault_of, has_form
from mock_sei.web.heads import as_get, without_body
from mock_sei.web.refusals import functional_refusal

DISCARDING_PATIENCE = 1.0
"""Seconds for the next of them."""


class PlatformListener:
    """The ASGI application of one platform listener: opens an exchange around the platform's."""

    def __init__(self, app: ASGIApp, platform: Platform, listener: Listener) -> None:
        self._app = app
        self._platform = platform
        self._listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = Exchange(self._platform, self._listener, scope)
        scope[SCOPE_KEY] = exchange
        refused: Refusal | None = scope.pop(REFUSED_HEAD, None)

        early: deque[Message] = deque()
        """What was read to know the caller, for the application to read again."""

        async def receiving() -> Message:
            if early:
                return early.popleft()
            message = await receive()
            if REFUSED in scope:  # taken out, or it would hold its frame, and that the scope
                raise scope.pop(REFUSED)
            if message["type"] == "http.request":
                exchange.received(message)
            return message

        async def sending_all(message: Message) -> None:
            exchange.sending(message)
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if last and exchange.leaves_client_sending:
                await send({**message, "more_body": True})
                without_end = await _discard_body(receive, exchange.most_read_on)
                await send({"type": "http.response.body", "body": b""})
                if without_end and (reset := scope.get("extensions", {}).get(RESET)):
                    reset()  # uvloop would go on reading while it waits for the client's farewell
                return
            await send(message)

        sending = without_body(scope, sending_all)
        if refused is not None:
            await functional_refusal(exchange, refused)(scope, receiving, sending)
            return
        if exchange.passes_preflight:
            await sending({"type": "http.response.start", "status": 204, "headers": []})
            await sending({"type": "http.response.body", "body": b""})
            return
        asked = as_get(scope)
        fault = None
        if not exchange.platform.faults.is_quiet:
            form = b""
            if has_form(scope):
                read = await _read_all(receiving)
                form = b"".join(each.get("body", b"") for each in read)
                early.extend(read)
            fault = fault_of(exchange, asked, form)
        try:
            if fault is None:
                await self._app(asked, receiving, sending)
            else:
                await Trouble(fault, exchange, asked).answer(self._app, receiving, sending)
        except Exception:  # the application has answered; the bug is the test's to see
            exchange.record_bug(traceback.format_exc())


async def _read_all(receive: Receive) -> list[Message]:
    """The messages of a whole body, or of one that the client gave up."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


async def _discard_body(receive: Receive, left: int) -> bool:
    """Reads on, since closing now would reset the connection before a browser reads its answer.

    True where the client sent all that is read, and sends more.
    """
    with contextlib.suppress(TimeoutError):
        while left > 0:
            message = await asyncio.wait_for(receive(), DISCARDING_PATIENCE)
            if not message.get("more_body", False):
                return False
            left -= len(message.get("body", b""))
    return left <= 0
