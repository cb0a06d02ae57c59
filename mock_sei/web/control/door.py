"""Whom the control listener lets in: tests, and no web page.

It hands out private keys of a test CA, so a foreign ``Origin`` is refused, and on loopback a
``Host`` that is neither this machine nor a name of the server (DNS rebinding). In a pod the other
containers reach it by such a name, and over loopback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_sei.addresses import host_name, is_loopback
from mock_sei.errors import Refusal
from mock_sei.sandbox import Sandbox
from mock_sei.web.exchange import (
    BODY_LIMIT,
    CONTROL_KEY,
    REFUSED,
    find_header,
    let_go,
    sandbox_of,
)
from mock_sei.web.forms import origin_host


class LazyApp:
    """An application made at its first request: most tests never ask the control API."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.load()(scope, receive, send)

    def load(self) -> ASGIApp:
        """The application, made if it was not yet."""
        if self._app is None:
            self._app = self._make()
        return self._app


class ControlListener:
    """The door of the control API: keeps web pages and oversized bodies out."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope[CONTROL_KEY] = sandbox_of(scope, self._sandbox)
        refusal = _refused_caller(scope, self._sandbox.server_names)
        if refusal is not None:
            await JSONResponse({"detail": refusal}, 403)(scope, receive, send)
            return
        announced = find_header(scope["headers"], b"content-length") or b"0"
        size = 0

        async def receiving() -> Message:
            nonlocal size
            message = await receive()
            refusal: Refusal | None = scope.get(REFUSED)
            if refusal is not None:
                raise HTTPException(refusal.kind.status, refusal.why.because)
            size += len(message.get("body", b""))
            if size > BODY_LIMIT:
                raise HTTPException(413, f"the body is larger than {BODY_LIMIT} bytes")
            return message

        if announced.isdigit() and int(announced) > BODY_LIMIT:
            detail = {"detail": f"the body is larger than {BODY_LIMIT} bytes"}
            await JSONResponse(detail, 413, {"Connection": "close"})(scope, receive, send)
            return
        try:
            await self._app(scope, receiving, send)
        finally:
            let_go(scope)


def _refused_caller(scope: Scope, names: Sequence[str]) -> str | None:
    """Why a caller is a web page rather than a test, None where it is not."""
    host = (find_header(scope["headers"], b"host") or b"").decode("latin-1")
    origin = (find_header(scope["headers"], b"origin") or b"").decode("latin-1")
    if origin and origin_host(origin) != host:
        return f"the control API is not for web pages of another origin ({origin[:100]})"
    server = scope.get("server")
    name = host_name(host)
    if host and server and is_loopback(server[0]) and not (is_loopback(name) or name in names):
        return (
            f"Host {host[:100]} is not this machine; call the control API by 127.0.0.1 or localhost"
        )
    return None
