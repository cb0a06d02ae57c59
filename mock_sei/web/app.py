"""The FastAPI application of the platform, shared by both platform listeners."""

from __future__ import annotations

import traceback
from dataclasses import replace

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from mock_sei.web.authorize import authorize_routes
from mock_sei.web.exhausted import KINDS, find_exhaustion
from mock_sei.web.functional import BundledPath, functional_routes, large_bodies
from mock_sei.web.oauth import oauth_routes
from mock_sei.web.portal.entrance import portal_routes
from mock_sei.web.refusals import functional_refusal, used_up
from mock_sei.web.requests import exchange_of
from mock_sei.web.telemetry import NO_TELEMETRY


def platform_app() -> FastAPI:
    """The application with all routes. Each request's exchange holds the platform that answers."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY)
    app.state.large_bodies = large_bodies()
    for routes in (oauth_routes(), authorize_routes(), portal_routes(), functional_routes()):
        # include_router would dispatch each request twice, which is 3% of a token request.
        app.router.routes.extend(routes)
    # BundledPath comes first: matching the other patterns would be a tenth of a functional call.
    app.router.routes.sort(key=lambda route: not isinstance(route, BundledPath))
    app.add_exception_handler(HTTPException, _unroutable)
    app.add_exception_handler(ClientDisconnect, _left)
    for kind in KINDS:
        app.add_exception_handler(kind, _exhausted)
    app.add_exception_handler(Exception, _bug)
    return app


async def _unroutable(request: Request, _: Exception) -> Response:
    """Answers a path without a leading slash or with a line break: no route matches it."""
    exchange = exchange_of(request)
    refusal = exchange.platform.catalogue.miss(request.method, request.scope["path"])
    rule = "A resource's path begins with a slash and holds no line break; this one does not."
    refusal.why = replace(refusal.why, because=f"{rule} {refusal.why.because}")
    return functional_refusal(exchange, refusal)


async def _left(request: Request, _: Exception) -> Response:
    """Notes that the client left. FastAPI needs a response, but nobody reads this one."""
    exchange_of(request).client_left()
    return Response()


async def _exhausted(request: Request, error: Exception) -> Response:
    """Reports which resource of this machine is used up. Raises any other error: it is a bug."""
    missing = find_exhaustion(error)
    if missing is None:
        raise error
    return used_up(exchange_of(request), missing)


async def _bug(request: Request, error: Exception) -> Response:
    """Reports a bug of mock-sei with its traceback; it must not look like the platform's answer.

    The bug is recorded before the answer is sent, so that a test that has its answer finds it.
    """
    trace = "".join(traceback.format_exception(error))
    exchange_of(request).record_bug(trace)
    return PlainTextResponse(f"mock-sei failed, please report this:\n\n{trace}", status_code=500)
