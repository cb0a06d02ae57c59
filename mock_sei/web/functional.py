"""The way to the functional APIs. What answers a call is loaded with the first one: many tests only
need tokens."""

from __future__ import annotations

import functools
from asyncio import Semaphore

from fastapi import Request, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from mock_sei.errors import MethodNotAllowed, Refusal
from mock_sei.rules.machine import real_dates
from mock_sei.web.exchange import SCOPE_KEY
from mock_sei.web.refusals import JsonResponse, functional_refusal
from mock_sei.web.requests import exchange_of
from mock_sei.web.routing import AnyMethod, Handler

LARGE_AT_ONCE = 2
"""Most large bodies parsed at once: parsing takes several times their size in memory."""


def functional_routes() -> list[BaseRoute]:
    """The routes of all functional APIs. The catalogue finds the operation of a path."""
    # Plain routes: FastAPI's own routes read parameters and models, a third of a call's cost.
    return [
        BundledPath("/{path:path}", call),
        AnyMethod("/openapi/{product}.json", document),
        AnyMethod("/{path:path}", call),
    ]


def large_bodies() -> Semaphore:
    """The semaphore that limits the large bodies. One application has one for all listeners."""
    return Semaphore(LARGE_AT_ONCE)


class BundledPath(AnyMethod):
    """A path without parameters in one of our documents; tried before all other routes."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"] in scope[SCOPE_KEY].platform.catalogue.bundled_paths:
            return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}
        return Match.NONE, {}


async def document(request: Request) -> Response:
    """A product's OpenAPI document. It needs no token: the vendor's portal publishes them too."""
    exchange = exchange_of(request)
    try:
        product = exchange.platform.catalogue.require_product(request.path_params["product"])
        if request.method != "GET":
            raise MethodNotAllowed(request.method, request.scope["path"], ("GET",))
    except Refusal as refusal:
        return functional_refusal(exchange, refusal)
    return JsonResponse(product.content)


async def call(request: Request) -> Response:
    """A functional call: the operation's answer, or the refusal in the platform's form."""
    return await load_calls()(request)


@functools.cache
def load_calls() -> Handler:
    """What answers a functional call, which this loads."""
    with real_dates():
        from mock_sei.web import apis
    return apis.call
