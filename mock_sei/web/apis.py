"""The functional APIs over HTTP: find the operation, pass the gateway, answer."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match, Route
from starlette.types import Scope

from mock_sei.apis.answering import ApiRequest
from mock_sei.errors import Refusal
from mock_sei.gateway import Call
from mock_sei.sendable import WITHOUT_BODY
from mock_sei.web.exchange import SCOPE_KEY, Exchange
from mock_sei.web.misses import with_other_listener
from mock_sei.web.refusals import JsonResponse, functional_refusal
from mock_sei.web.requests import EVERY_METHOD, exchange_of, header_text, refuse_announced_size
from mock_sei.web.stray_tokens import find_stray_token
from mock_sei.web.trouble import caller_of, scripted_answer


def functional_routes() -> APIRouter:
    """One route for all: the catalogue knows the paths, the methods and the nearest misses."""
    router = APIRouter(include_in_schema=False)
    router.routes.append(BundledPath("/{path:path}", call, methods=EVERY_METHOD))
    router.add_route("/openapi/{product}.json", document, methods=["GET"])
    # Not an API route: what FastAPI adds for parameters and models is a third of a call's cost.
    router.add_route("/{path:path}", call, methods=EVERY_METHOD)
    return router


class BundledPath(Route):
    """A path that one of our documents spells out; tried before the patterns of other routes."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"] in scope[SCOPE_KEY].sandbox.catalogue.bundled_paths:
            return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}
        return Match.NONE, {}


async def document(request: Request) -> Response:
    """A product's OpenAPI document, for everybody: the vendor's portal hands them out too."""
    exchange = exchange_of(request)
    try:
        product = exchange.sandbox.catalogue.require_product(request.path_params["product"])
    except Refusal as refusal:
        return functional_refusal(exchange, refusal)
    return JsonResponse(product.content)


async def call(request: Request) -> Response:
    exchange = exchange_of(request)
    try:
        return await _answer(request, exchange)
    except Refusal as refusal:
        return functional_refusal(exchange, refusal)


async def _answer(request: Request, exchange: Exchange) -> Response:
    sandbox, scope = exchange.sandbox, request.scope
    headers, findings = scope["headers"], exchange.entry.findings
    refuse_announced_size(headers)
    try:
        operation, path_values = sandbox.catalogue.find(scope["method"], _path_of(scope))
    except Refusal as refusal:
        raise with_other_listener(refusal, exchange, scope["path"]) from None
    admitted = sandbox.admit(
        Call(
            connection=exchange.connection,
            app_key=header_text(headers, b"appkey"),
            authorization=header_text(headers, b"authorization"),
            token_elsewhere=await find_stray_token(request),
            product=operation.product,
            findings=findings,
        )
    )
    token, scripts = admitted.token, sandbox.scripts
    scripted = None if scripts.is_quiet else scripts.take(caller_of(exchange, scope))
    if scripted is not None:
        findings.notes.append("answered from a script")
        return scripted_answer(scripted)
    called = sandbox.addresses.called(exchange.listener, header_text(headers, b"host"))
    body = b"" if scope["method"] == "GET" else await request.body()
    asked = ApiRequest(
        operation=operation,
        path={name: each.replace(_SLASH, "/") for name, each in path_values.items()},
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in headers},
        body=body,
        url=f"{called}{scope['raw_path'].decode('latin-1')}",
        user=token.user or token.service_account or token.app_key,
        findings=findings,
    )
    if len(body) <= ON_THE_LOOP:
        answer = sandbox.answer(asked)
    else:
        answer = await run_in_threadpool(sandbox.answer, asked)
    if answer.status in WITHOUT_BODY:  # whatever the document's rule makes of it
        return Response(status_code=answer.status)
    if answer.content is not None:
        media_type = answer.media_type if answer.content else None
        return Response(answer.content, answer.status, media_type=media_type)
    return JsonResponse(answer.body, answer.status, media_type=answer.media_type)


ON_THE_LOOP = 64 * 1024
"""Bytes of a body that is read and checked on the event loop: that takes some milliseconds, and a
thread costs more than most calls. A larger one may take a quarter of a second; meanwhile others are
answered."""
_SLASH = "\ufdd0"
"""Stands for a slash that was sent as %2F: part of a value, and no end of it."""


def _path_of(scope: Scope) -> str:
    raw: bytes = scope["raw_path"]
    if b"%" not in raw:
        return str(scope["path"])
    kept = re.sub("%2f", quote(_SLASH), raw.decode("latin-1"), flags=re.IGNORECASE)
    return unquote(kept)
