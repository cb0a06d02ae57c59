"""The token endpoint over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mock_sei.errors import MethodNotAllowed, Refusal
from mock_sei.oauth.token_request import parse_token_request
from mock_sei.web.exchange import BODY_LIMIT, SCOPE_KEY, Exchange, body_too_large, find_header
from mock_sei.web.refusals import JsonResponse, oauth_refusal

TOKEN_PATHS = ("/v2/oauthtoken", "/v3/oauthtoken", "/v2/oauth/token")
"""Documented; derived from the page's title; assumed. One handler behind all three."""

EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_NEVER_CACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""RFC 6749 section 5.1."""


def oauth_routes() -> APIRouter:
    router = APIRouter(include_in_schema=False)
    for path in TOKEN_PATHS:
        router.add_api_route(path, token, methods=EVERY_METHOD)
    return router


async def token(request: Request) -> Response:
    exchange: Exchange = request.scope[SCOPE_KEY]
    try:
        if request.method != "POST":
            raise MethodNotAllowed(request.method, request.url.path, ("POST",))
        return await _answer(request, exchange)
    except Refusal as refusal:
        return oauth_refusal(exchange, refusal)


async def _answer(request: Request, exchange: Exchange) -> Response:
    sandbox = exchange.sandbox
    headers = request.scope["headers"]
    refuse_announced_size(headers)
    parsed = parse_token_request(
        body=await request.body(),
        content_type=header_text(headers, b"content-type"),
        query=request.scope["query_string"],
        authorization=header_text(headers, b"authorization"),
        connection=exchange.connection,
        findings=exchange.entry.findings,
        query_allowed=sandbox.state.behaviour.dialect == "sei",
    )
    body = sandbox.token(parsed, host=header_text(headers, b"host"))
    return JsonResponse(body, headers=_NEVER_CACHED)


def refuse_announced_size(headers: list[tuple[bytes, bytes]]) -> None:
    """Refuses by ``Content-Length`` before a byte of the body is read."""
    announced = find_header(headers, b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > BODY_LIMIT:
        raise body_too_large(announced.decode())


def header_text(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    value = find_header(headers, name)
    return None if value is None else value.decode("latin-1")
