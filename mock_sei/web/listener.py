"""The door of a platform listener: an exchange is opened around every request."""

from __future__ import annotations

import asyncio
import contextlib
import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_sei.sandbox import Sandbox
from mock_sei.standards import Listener
from mock_sei.web.exchange import BODY_LIMIT, SCOPE_KEY, Exchange
from mock_sei.web.trouble import Trouble, fault_of

DISCARDED_LIMIT = 32 * BODY_LIMIT
"""Bytes of a body too large that are read on after its answer."""
DISCARDING_PATIENCE = 1.0
"""Seconds for the next of them."""


class PlatformListener:
    """The ASGI application of one platform listener: opens an exchange around the platform's."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox, listener: Listener) -> None:
        self._app = app
        self._sandbox = sandbox
        self._listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = Exchange(self._sandbox, self._listener, scope)
        scope[SCOPE_KEY] = exchange

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                exchange.received(message)
            return message

        async def sending(message: Message) -> None:
            exchange.sending(message)
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if last and exchange.leaves_client_sending:
                await send({**message, "more_body": True})
                await _discard_body(receive)
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        if exchange.passes_preflight:
            await sending({"type": "http.response.start", "status": 204, "headers": []})
            await sending({"type": "http.response.body", "body": b""})
            return
        fault = fault_of(exchange, scope)
        try:
            if fault is None:
                await self._app(scope, receiving, sending)
            else:
                await Trouble(fault, exchange, scope).answer(self._app, receiving, sending)
        except Exception:  # the application has answered; the bug is the test's to see
            exchange.record_bug(traceback.format_exc())


async def _discard_body(receive: Receive) -> None:
    """Reads on, since closing now would reset the connection before a browser reads its answer."""
    left = DISCARDED_LIMIT
    with contextlib.suppress(TimeoutError):
        while left > 0:
            message = await asyncio.wait_for(receive(), DISCARDING_PATIENCE)
            if not message.get("more_body", False):
                return
            left -= len(message.get("body", b""))
