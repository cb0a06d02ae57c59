"""The functional APIs over HTTP: find the operation, pass the gateway, answer."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mock_sei.errors import Refusal
from mock_sei.gateway import Call
from mock_sei.web.exchange import Exchange
from mock_sei.web.refusals import JsonResponse, functional_refusal
from mock_sei.web.requests import EVERY_METHOD, exchange_of, header_text, refuse_announced_size


def functional_routes() -> APIRouter:
    """One route for all: the catalogue knows the paths, the methods and the nearest misses."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/{path:path}", call, methods=EVERY_METHOD)
    return router


async def call(request: Request) -> Response:
    exchange = exchange_of(request)
    try:
        return _answer(request, exchange)
    except Refusal as refusal:
        return functional_refusal(exchange, refusal)


def _answer(request: Request, exchange: Exchange) -> Response:
    sandbox, scope = exchange.sandbox, request.scope
    headers, findings = scope["headers"], exchange.entry.findings
    refuse_announced_size(headers)
    operation = sandbox.catalogue.find(scope["method"], scope["path"])
    sandbox.admit(
        Call(
            connection=exchange.connection,
            app_key=header_text(headers, b"appkey"),
            authorization=header_text(headers, b"authorization"),
            product=operation.product,
            findings=findings,
        )
    )
    called = sandbox.addresses.called(exchange.listener, header_text(headers, b"host"))
    body = sandbox.answer(
        operation,
        query=scope["query_string"].decode("latin-1"),
        url=f"{called}{scope['path']}",
        findings=findings,
    )
    return JsonResponse(body)
