"""The door of a platform listener: an exchange is opened around every request."""

from __future__ import annotations

import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_sei.sandbox import Sandbox
from mock_sei.standards import Listener
from mock_sei.web.exchange import SCOPE_KEY, Exchange
from mock_sei.web.trouble import Trouble, fault_of


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
