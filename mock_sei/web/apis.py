"""The functional APIs over HTTP: find the operation, pass the gateway, answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from fastapi import Request, Response
from starlette.types import Scope

from mock_sei.apis.answering import ApiRequest
from mock_sei.apis.bodies import has_form_member
from mock_sei.apis.calls import ApiAnswer
from mock_sei.apis.operations import Operation
from mock_sei.apis.spooled import Body
from mock_sei.errors import Refusal
from mock_sei.gateway import ACCESS_TOKEN, FORM, QUERY, Call
from mock_sei.rules import checks
from mock_sei.values.sendable import WITHOUT_BODY
from mock_sei.web.exchange import Exchange
from mock_sei.web.heads import only_looks
from mock_sei.web.misses import with_other_listener
from mock_sei.web.received import Received
from mock_sei.web.refusals import JsonResponse, functional_refusal
from mock_sei.web.requests import (
    Headers,
    exchange_of,
    find_headers,
    has_access_token,
    has_access_token_in,
    header_text,
    is_form_type,
    only_header,
)
from mock_sei.web.scripts import find_script, scripted_response
from mock_sei.web.stray_tokens import find_stray_token

if TYPE_CHECKING:
    from mock_sei.platform import Platform
    from mock_sei.web.replay import ReplayedCall


async def call(request: Request) -> Response:
    """A functional call: the operation's answer, or the refusal in the platform's form."""
    exchange = exchange_of(request)
    try:
        return await _answer(request, exchange)
    except Refusal as refusal:
        return functional_refusal(exchange, refusal)


async def _answer(request: Request, exchange: Exchange) -> Response:
    platform, scope = exchange.platform, request.scope
    exchange.entry.findings.course = platform.state.gateway.functional
    looks, path = only_looks(scope), _path_of(scope)
    method = scope["method"]
    if looks and platform.catalogue.has("HEAD", path):  # a document may describe HEAD itself
        method = "HEAD"
    replayed = _find_replayed(platform, scope)
    try:
        query = scope["query_string"].decode("latin-1")
        found = FoundOperation(*platform.catalogue.find(method, path, query))
    except Refusal as refusal:
        miss = with_other_listener(refusal, exchange, scope["path"])
        if replayed is None:
            raise miss from None
        if not replayed.has_path:
            raise replayed.miss(miss) from None
        found = FoundOperation(miss=miss.with_traceback(None))  # it would keep this frame in memory
    exchange.entry.findings.passes(checks.PATH)
    if found.operation is not None:
        exchange.endpoint = found.operation.path
    received = Received(request, found.operation)
    try:
        return await _answer_call(request, exchange, found, replayed, received)
    finally:
        received.close()


@dataclass(frozen=True, slots=True)
class FoundOperation:
    """The operation of a call."""

    operation: Operation | None = None
    """None if no document has it, but a recording may."""
    path_values: Mapping[str, str] = field(default_factory=dict)
    miss: Refusal | None = None
    """The refusal of a call that has no operation."""


def _find_replayed(platform: Platform, scope: Scope) -> ReplayedCall | None:
    """What the recording has of a call's path; None if nothing is replayed."""
    if platform.recordings is None:
        return None
    from mock_sei.web.replay import find_replayed

    return find_replayed(platform.recordings, scope)


async def _answer_call(
    request: Request,
    exchange: Exchange,
    found: FoundOperation,
    replayed: ReplayedCall | None,
    received: Received,
) -> Response:
    platform, scope = exchange.platform, request.scope
    operation = found.operation
    headers, findings = scope["headers"], exchange.entry.findings
    looks = only_looks(scope)
    call = Call(
        connection=exchange.connection,
        app_key=only_header(headers, "AppKey"),
        authorization=only_header(headers, "Authorization"),
        stray_token=await find_stray_token(request),
        product=None if operation is None else operation.product,
        findings=findings,
        tokens_elsewhere=await _tokens_elsewhere(scope, operation, received),
        only_looks=looks,
    )
    admitted, data = await exchange.work(lambda: platform.admit_to_data(call))
    token = admitted.token
    scripted = await find_script(exchange, scope, strict=True)
    if scripted is not None:
        return await scripted_response(exchange, scope, scripted, partial(_read_whole, received))
    if replayed is not None:
        recorded = await replayed.response(exchange, scope, received)
        if recorded is not None:
            return recorded
    if operation is None:
        raise found.miss or platform.catalogue.miss(scope["method"], scope["path"])
    called = platform.addresses.called(exchange.listener, header_text(headers, b"host"))
    asked = ApiRequest(
        operation=operation,
        path={name: each.replace(_SLASH, "/") for name, each in found.path_values.items()},
        query=scope["query_string"].decode("latin-1"),
        headers=_by_name(headers),
        body=b"",
        url=f"{called}{scope['raw_path'].decode('latin-1')}",
        user=token.user or token.service_account or token.app_key,
        findings=findings,
        only_looks=looks,
    )

    def answered(body: Body) -> Response:
        if received.is_file:
            whole = replace(asked, upload=body)
        else:
            whole = replace(asked, body=body.read())
        return _response(platform.answer(whole, data), only_looks=looks)

    if operation.method in ("GET", "HEAD"):
        answer = await exchange.work(lambda: platform.answer(asked, data))
        return _response(answer, only_looks=looks)
    return await received.apart(answered)


async def _read_whole(received: Received) -> bytes:
    return await received.apart(lambda body: body.read())


def _response(answer: ApiAnswer, *, only_looks: bool) -> Response:
    if answer.status in WITHOUT_BODY:  # HTTP forbids a body, even where a document gives one
        return Response(status_code=answer.status, headers=answer.headers)
    if only_looks and not answer.content and answer.body is None:
        return _of_unknown_length(answer.status)
    if answer.content is not None:
        media_type = answer.media_type if answer.content else None
        return Response(answer.content, answer.status, answer.headers, media_type)
    return JsonResponse(answer.body, answer.status, answer.headers, answer.media_type)


async def _tokens_elsewhere(
    scope: Scope, operation: Operation | None, received: Received
) -> list[str]:
    """Places other than the header that hold an access token: query, form or neither.

    A parameter or form field named ``access_token`` that the operation itself defines does not
    count, and neither does the body of a GET, which has no meaning (RFC 6750 section 2.2).
    """
    places = []
    in_query = has_access_token(scope["query_string"])
    if in_query and not (operation and operation.has_query_parameter(ACCESS_TOKEN)):
        places.append(QUERY)
    if scope["method"] in ("GET", "HEAD"):
        return places
    if not any(map(is_form_type, find_headers(scope["headers"], b"content-type"))):
        return places
    in_form = await received.apart(lambda body: has_access_token_in(body.pieces()))
    if in_form and not (operation and has_form_member(operation, ACCESS_TOKEN)):
        places.append(FORM)
    return places


def _by_name(headers: Headers) -> dict[str, list[str]]:
    """All values of each header, in the order they came. The keys are names in lower case."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return found


def _of_unknown_length(status: int) -> Response:
    """The answer to a HEAD whose ``Content-Length`` is not known.

    The GET would have to change something, or does not exist, so nothing can be measured.
    """
    response = Response(status_code=status)
    del response.headers["content-length"]
    return response


_SLASH = "\ufdd0"
"""Replaces a slash that was sent as %2F, which is part of a value and does not end a segment."""


def _path_of(scope: Scope) -> str:
    raw: bytes = scope["raw_path"]
    if b"%" not in raw:
        return str(scope["path"])
    kept = re.sub("%2f", quote(_SLASH), raw.decode("latin-1"), flags=re.IGNORECASE)
    return unquote(kept)
