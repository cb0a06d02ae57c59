"""Whom the control listener lets in: tests, and no web page.

It hands out private keys of a test CA, so a foreign ``Origin`` is refused, and a ``Host`` that may
be a stranger's (DNS rebinding). Only ``Host`` counts, which a page cannot choose, and not
``X-Forwarded-Host``. In a pod the other containers reach it by a name of the server, and over
loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from fastapi import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_sei.errors import Refusal
from mock_sei.journal.observing import Observer
from mock_sei.platform import Platform
from mock_sei.rules import machine
from mock_sei.rules.addresses import find_host, fits_name, is_address, is_loopback, is_under
from mock_sei.rules.machine import real_dates
from mock_sei.values.texts import spelled
from mock_sei.web.control.health import HEALTH, HEALTH_CALLS, health_answer
from mock_sei.web.control.problems import REFUSALS, exhausted, own_failure, problem
from mock_sei.web.exchange import (
    AWAY,
    BODY_LIMIT,
    CONTROL_KEY,
    REFUSED,
    REFUSED_HEAD,
    begin,
    let_go,
    platform_of,
)
from mock_sei.web.exhausted import find_exhaustion
from mock_sei.web.heads import as_get, without_body
from mock_sei.web.requests import announced_size, find_headers

logger = logging.getLogger("mock_sei")


METRICS = "/metrics"
AT_ONCE = frozenset({*HEALTH_CALLS, METRICS})
"""The calls that are answered at once, also while the state cannot be reached."""


class LazyApp:
    """An application made at its first request: most tests never ask the control API."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None
        self._line = Lock()
        self._making: asyncio.Future[ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if app is None:
            try:
                app = await self._made()
            except Exception as error:  # nobody else would hear of it
                missing, platform = find_exhaustion(error), scope[CONTROL_KEY]
                answer = exhausted(platform, missing) if missing else own_failure(platform, error)
                await answer(scope, receive, send)
                return
        await app(scope, receive, send)

    def load(self) -> ASGIApp:
        """The application, made if it was not yet."""
        with self._line:
            if self._app is None:
                with real_dates():
                    self._app = self._make()
            return self._app

    async def _made(self) -> ASGIApp:
        """The application, made in a thread: it takes a fifth of a second, in which the other
        listeners answer. All requests wait for one thread; after a failure the next one tries."""
        if self._making is None:
            pool = ThreadPoolExecutor(1, "mock-sei control")
            try:
                self._making = asyncio.get_running_loop().run_in_executor(pool, self.load)
            except RuntimeError:  # this machine has no more threads
                return self.load()
            finally:
                pool.shutdown(wait=False)
            self._making.add_done_callback(self._end)
        return await asyncio.shield(self._making)

    def _end(self, made: asyncio.Future[ASGIApp]) -> None:
        self._making = None
        if not made.cancelled():
            made.exception()  # seen, even if every client has left


class ControlListener:
    """The door of the control API: keeps web pages and oversized bodies out."""

    def __init__(self, app: ASGIApp, platform: Platform) -> None:
        self._app = app
        self._platform = platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path not in AT_ONCE:
            await begin(scope, self._platform)
        elif path == HEALTH:
            self._platform.units.look_after()  # it does not wait, whatever the store does
        scope[CONTROL_KEY] = platform_of(scope, self._platform)
        send = without_body(scope, send)
        observer, asked = self._platform.observer, as_get(scope)
        if observer is not None:
            send = _counted(asked, send, observer)
        refused: Refusal | None = scope.pop(REFUSED_HEAD, None)
        away: Refusal | None = scope.pop(AWAY, None)
        if away is not None:
            body = problem("StoreAway", away.why.because)
            await JSONResponse(body, 503, {"Retry-After": "1"})(scope, receive, send)
            return
        if refused is not None:
            logger.warning("control call refused: %s", refused)
            status = refused.kind.status
            body = problem(REFUSALS.get(status, "Refused"), str(refused))
            await JSONResponse(body, status)(scope, receive, send)
            return
        refusal = refused_caller(scope, self._platform.server_names)
        if refusal is not None:
            logger.warning("control call refused: %s", refusal)
            await JSONResponse(problem(REFUSALS[403], refusal), 403)(scope, receive, send)
            return
        if path in HEALTH_CALLS and asked["method"] == "GET":
            await health_answer(path, scope[CONTROL_KEY])(asked, receive, send)
            let_go(scope)
            return
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

        if announced_size(scope["headers"]) > BODY_LIMIT:
            body = problem(REFUSALS[413], f"the body is larger than {BODY_LIMIT} bytes")
            await JSONResponse(body, 413, {"Connection": "close"})(scope, receive, send)
            return
        try:
            # The application records its failure, and the framework raises it again.
            with contextlib.suppress(Exception):
                await self._app(asked, receiving, send)
        finally:
            let_go(scope)


def _counted(scope: Scope, send: Send, observer: Observer) -> Send:
    """``send``, which counts the answer at its end."""
    method, began, status = scope["method"], machine.monotonic(), 0

    async def sending(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif not message.get("more_body", False):
            template = getattr(scope.get("route"), "path", "other")
            if scope["path"] in HEALTH_CALLS:  # no route is looked for
                template = scope["path"]
            seconds = machine.monotonic() - began
            observer.control_call(method=method, endpoint=template, status=status, seconds=seconds)
        await send(message)

    return sending


def refused_caller(scope: Scope, names: Collection[str]) -> str | None:
    """Why a caller may be a web page rather than a test, None where it is not.

    ``names`` are those of the server's certificate, every ``--hostname`` among them.
    """
    hosts = find_headers(scope["headers"], b"host")
    if len(hosts) > 1:
        return "there is more than one Host header (RFC 9112 section 3.2)"
    host = hosts[0] if hosts else ""
    names = {each.lower().removesuffix(".") for each in names}
    reason = _refused_origin(scope, host)
    # A browser always sends one; only programs leave it out.
    return reason or (_refused_host(host, scope, names) if host else None)


def _refused_origin(scope: Scope, host: str) -> str | None:
    """Where a browser says that the page is of another origin (RFC 6454, Fetch Metadata)."""
    headers = scope["headers"]
    for origin in find_headers(headers, b"origin"):
        if _plain_origin(origin) != _plain_origin(f"http://{host}"):
            return (
                f"the control API is not for web pages of another origin ({spelled(origin[:100])})"
            )
    for site in find_headers(headers, b"sec-fetch-site"):
        if site not in ("same-origin", "none") and not _is_navigation(scope):
            shown = spelled(site[:20])
            return f"the control API is not for web pages of another origin (a {shown} call)"
    return None


def _plain_origin(origin: str) -> str:
    """An origin as browsers write it: without the port that the scheme has anyway."""
    return origin.lower().removesuffix(":80")


def _is_navigation(scope: Scope) -> bool:
    """Somebody follows a link to here; the page with the link sees nothing of what comes back."""
    wanted = ((b"sec-fetch-mode", "navigate"), (b"sec-fetch-dest", "document"))
    headers = scope["headers"]
    reads = scope["method"] in ("GET", "HEAD")
    return reads and all(find_headers(headers, name) == [value] for name, value in wanted)


PRIVATE_DOMAINS = ("internal", "local", "svc", "cluster.local")
"""Domains that nobody can register: for private networks (ICANN reserved it in 2024), of mDNS (RFC
6762), of Kubernetes."""


def _refused_host(host: str, scope: Scope, names: Collection[str]) -> str | None:
    """A name that its owner can lead to this machine after the page was loaded (DNS rebinding).

    By an IP address no page of another origin gets here: a browser would have loaded the page from
    that address. Any dotted name may be a stranger's. A name without a dot, or in one of
    :data:`PRIVATE_DOMAINS`, is given by the network that the server was put into on purpose.

    On loopback the network is that of somebody's desk, where any other machine can answer for such
    names (mDNS, LLMNR), and no client needs one; only ``.internal`` leads from a container to the
    machine that it runs on (``host.docker.internal``).
    """
    name = find_host(host)
    if name is None:
        return (
            f"Host {spelled(host[:100])} is no host; call the control API by 127.0.0.1 or localhost"
        )
    if is_loopback(name) or is_under(name, ("localhost", "internal")) or name in names:
        return None
    server = scope.get("server")
    if server and is_loopback(server[0]):
        return (
            f"Host {spelled(host[:100])} is not this machine, and a web page could be behind it "
            "(DNS rebinding); call the control API by 127.0.0.1 or localhost, or start the server "
            f"with --hostname {name[:100]}"
        )
    if is_address(name) or "." not in name or is_under(name, PRIVATE_DOMAINS):
        return None
    if any(fits_name(name, each) for each in names):
        return None
    return (
        f"Host {spelled(host[:100])} is not known here, and a web page could be behind it (DNS "
        "rebinding); start the server with "
        f"--hostname {name[:100]}, or call the control API by an IP address or a name without a dot"
    )
