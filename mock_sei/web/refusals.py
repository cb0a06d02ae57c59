"""How a refusal goes over the wire: the platform's error body, its status, its challenges."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from mock_sei.apis.calls import json_bytes
from mock_sei.errors import (
    REQUEST_INVALID,
    SCOPE_MISSING,
    MethodNotAllowed,
    NoToken,
    Refusal,
    error_body,
    oauth_error_body,
)
from mock_sei.rules.records import DEFAULT_SCOPE
from mock_sei.web.exchange import Exchange


class JsonResponse(Response):
    """JSON without the detours of the framework's own class."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json_bytes(content)


def oauth_refusal(exchange: Exchange, refusal: Refusal) -> Response:
    """At the token endpoint: the members of both worlds, never cached (RFC 6749 section 5.2)."""
    exchange.entry.refuse(refusal.why)
    body = _hidden(exchange, oauth_error_body(refusal, exchange.tracking_id))
    return JsonResponse(body, refusal.kind.status, _oauth_headers(exchange, refusal))


def revocation_refusal(exchange: Exchange, refusal: Refusal) -> Response:
    """The same with the members of the revoke page, all of them text (their content is assumed)."""
    exchange.entry.refuse(refusal.why)
    body = _hidden(exchange, oauth_error_body(refusal, exchange.tracking_id)) | {
        "ErrorCode": refusal.kind.code,
        "Error": refusal.kind.message,
        "Hint": refusal.description,
    }
    return JsonResponse(body, refusal.kind.status, _oauth_headers(exchange, refusal))


def functional_refusal(exchange: Exchange, refusal: Refusal) -> Response:
    """At a functional API; a 401 says ``invalid_token`` unless no token came (RFC 6750, 3.1).

    What is wrong with the token's place has no member in the platform's body: the challenge has it.
    """
    exchange.entry.refuse(refusal.why)
    headers: dict[str, str] = {}
    if refusal.kind is SCOPE_MISSING:
        challenge = f'Bearer realm="mock-sei", error="insufficient_scope", scope="{DEFAULT_SCOPE}"'
        headers["WWW-Authenticate"] = challenge
    elif refusal.kind is REQUEST_INVALID:
        challenge = 'Bearer realm="mock-sei", error="invalid_request"'
        challenge += f', error_description="{refusal.description}"'
        headers["WWW-Authenticate"] = challenge
    elif refusal.kind.status == 401:
        challenge = 'Bearer realm="mock-sei"'
        if not isinstance(refusal, NoToken):
            challenge += ', error="invalid_token"'
        headers["WWW-Authenticate"] = challenge
    body = _hidden(exchange, error_body(refusal, exchange.tracking_id))
    return JsonResponse(body, refusal.kind.status, headers | refusal_headers(exchange, refusal))


def _hidden(exchange: Exchange, body: dict[str, Any]) -> dict[str, Any]:
    """An error body whose ``errors[]`` repeat no secret that the client put in a wrong place."""
    texts = [text for each in body["errors"] for text in each.values()]
    shown = iter(exchange.entry.hide(texts, REASON_SENT) if texts else ())
    return body | {"errors": [{name: next(shown) for name in each} for each in body["errors"]]}


REASON_SENT = 200
"""Characters of a field, a location and a reason in an error body."""


def _oauth_headers(exchange: Exchange, refusal: Refusal) -> dict[str, str]:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    if refusal.kind.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="mock-sei"'
    return headers | refusal_headers(exchange, refusal)


def refusal_headers(exchange: Exchange, refusal: Refusal) -> dict[str, str]:
    """What goes with a refusal wherever it is rendered.

    A connection on which the rest of a body would still come is closed.
    """
    if isinstance(refusal, MethodNotAllowed):
        return {"Allow": ", ".join(refusal.allowed)}
    if refusal.kind.status == 413 and not exchange.has_whole_body:
        return {"Connection": "close"}
    return {}
