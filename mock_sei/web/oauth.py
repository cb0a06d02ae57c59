"""The OAuth endpoints for machines over HTTP: token, revoke, token information, metadata, keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from fastapi import Request, Response
from starlette.routing import BaseRoute

from mock_sei.errors import InvalidValue, MalformedRequest, MethodNotAllowed, Refusal
from mock_sei.gateway import QUERY, Call
from mock_sei.oauth.metadata import (
    JWKS_PATH,
    METADATA_PATH,
    REVOKE_PATH,
    TOKEN_INFO_PATH,
    TOKEN_PATHS,
)
from mock_sei.oauth.token_request import TokenRequest, parse_token_request
from mock_sei.reasons.names import explain_absence
from mock_sei.rules import checks
from mock_sei.rules.standards import GrantType
from mock_sei.web.exchange import Exchange
from mock_sei.web.heads import only_looks
from mock_sei.web.refusals import (
    JsonResponse,
    functional_refusal,
    oauth_refusal,
    revocation_refusal,
)
from mock_sei.web.requests import (
    exchange_of,
    has_access_token,
    header_text,
    only_header,
    refuse_announced_size,
)
from mock_sei.web.routing import AnyMethod
from mock_sei.web.scripts import find_script, scripted_response
from mock_sei.web.stray_tokens import find_stray_token

_NEVER_CACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""RFC 6749 section 5.1."""

Endpoint = Callable[[Request, Exchange], Awaitable[Response]]
Render = Callable[[Exchange, Refusal], Response]


def oauth_routes() -> list[BaseRoute]:
    """The routes of the OAuth endpoints for programs."""
    return [
        *(AnyMethod(path, token) for path in TOKEN_PATHS),
        AnyMethod(REVOKE_PATH, revoke),
        AnyMethod(TOKEN_INFO_PATH, token_info),
        AnyMethod(METADATA_PATH, metadata),
        AnyMethod(JWKS_PATH, jwks),
    ]


async def token(request: Request) -> Response:
    """The token endpoint."""
    return await _respond(request, "POST", _token, oauth_refusal)


async def revoke(request: Request) -> Response:
    """The revocation endpoint."""
    return await _respond(request, "POST", _revoke, revocation_refusal)


async def token_info(request: Request) -> Response:
    """The token information endpoint."""
    return await _respond(request, "GET", _token_info, functional_refusal)


async def metadata(request: Request) -> Response:
    """The authorization server metadata (RFC 8414)."""
    return await _respond(request, "GET", _metadata, functional_refusal)


async def jwks(request: Request) -> Response:
    """The public keys that verify tokens (RFC 7517)."""
    return await _respond(request, "GET", _jwks, functional_refusal)


async def _respond(request: Request, method: str, answer: Endpoint, render: Render) -> Response:
    exchange = exchange_of(request)
    try:
        if request.method != method:
            raise MethodNotAllowed(request.method, request.scope["path"], (method,))
        scripted = await find_script(exchange, request.scope, strict=False)
        if scripted is not None:
            return await scripted_response(exchange, request.scope, scripted, request.body)
        return await answer(request, exchange)
    except Refusal as refusal:
        return render(exchange, refusal)


async def _token(request: Request, exchange: Exchange) -> Response:
    exchange.entry.findings.course = checks.TOKEN
    parsed = await _parse(request, exchange)
    exchange.entry.findings.course = checks.TOKENS.get(parsed.grant_type, checks.TOKEN)
    answer = await exchange.work(lambda: exchange.platform.token(parsed))
    return JsonResponse(answer, headers=_NEVER_CACHED)


async def _revoke(request: Request, exchange: Exchange) -> Response:
    exchange.entry.findings.course = checks.REVOKE
    parsed = await _parse(request, exchange, grant_type=GrantType.INVALIDATE_TOKEN)
    answer = await exchange.work(lambda: exchange.platform.revoke_token(parsed))
    return JsonResponse(answer, headers=_NEVER_CACHED)


async def _parse(
    request: Request, exchange: Exchange, grant_type: str | None = None
) -> TokenRequest:
    platform, headers = exchange.platform, request.scope["headers"]
    refuse_announced_size(headers)
    connection, host = exchange.connection, header_text(headers, b"host")
    parsed = parse_token_request(
        body=await request.body(),
        content_type=only_header(headers, "Content-Type"),
        query=request.scope["query_string"],
        authorization=only_header(headers, "Authorization"),
        connection=connection,
        issuer=platform.addresses.issuer(host),
        endpoint=platform.addresses.called(connection.listener, host) + exchange.called_path,
        findings=exchange.entry.findings,
        query_allowed=platform.state.behaviour.dialect == "sei",
        grant_type=grant_type,
    )
    exchange.entry.findings.passes(checks.PARSING)
    return parsed


async def _token_info(request: Request, exchange: Exchange) -> Response:
    findings = exchange.entry.findings
    findings.course = exchange.platform.state.gateway.token_information
    sent = [each for each in request.query_params.getlist("client_id") if each]
    if not sent:
        raise _missing_client_id(request)
    if len(sent) > 1:
        raise MalformedRequest([InvalidValue("client_id", "query", "given more than once")])
    findings.passes(checks.PARAMETERS)
    in_query = has_access_token(request.scope["query_string"])
    call = Call(
        connection=exchange.connection,
        app_key=sent[0],
        authorization=only_header(request.scope["headers"], "Authorization"),
        tokens_elsewhere=(QUERY,) if in_query else (),
        stray_token=await find_stray_token(request),
        product=None,
        findings=findings,
        only_looks=only_looks(request.scope),
    )
    information = await exchange.work(lambda: exchange.platform.token_information(call))
    return JsonResponse(information, headers=_NEVER_CACHED)


def _missing_client_id(request: Request) -> Refusal:
    """The refusal: its body names the missing parameter, the journal the names that came."""
    refusal = MalformedRequest([InvalidValue("client_id", "query", "required and missing")])
    named = explain_absence(["client_id"], request.query_params, request.query_params)
    refusal.why = replace(refusal.why, because=f"{refusal.why.because}.{named}", reasons=())
    return refusal


async def _metadata(request: Request, exchange: Exchange) -> Response:
    host = header_text(request.scope["headers"], b"host")
    return JsonResponse(exchange.platform.metadata(host))


async def _jwks(_: Request, exchange: Exchange) -> Response:
    return JsonResponse(exchange.platform.jwks())
