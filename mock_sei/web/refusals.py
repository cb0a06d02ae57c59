"""The HTTP answers to a refusal: status, error body and ``WWW-Authenticate`` challenge."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from mock_sei.errors import (
    REQUEST_INVALID,
    SCOPE_MISSING,
    MethodNotAllowed,
    NoToken,
    Refusal,
    RefusalKind,
    UsedUp,
    error_body,
    oauth_error_body,
)
from mock_sei.rules.records import DEFAULT_SCOPE
from mock_sei.values.json_texts import json_bytes
from mock_sei.web.exchange import TOO_LARGE, Exchange
from mock_sei.web.exhausted import report


class JsonResponse(Response):
    """A JSON answer. It skips the extra steps of the framework's own class, which cost time."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json_bytes(content)


def oauth_refusal(exchange: Exchange, refusal: Refusal) -> Response:
    """A refusal of the token endpoint, which is never cached (RFC 6749 section 5.2).

    Its body has the members of the platform's errors and those of RFC 6749.
    """
    kind = exchange.refuse(refusal)
    body = _hidden(exchange, oauth_error_body(refusal, exchange.tracking_id, exchange.words))
    return JsonResponse(body, kind.status, _oauth_headers(exchange, refusal, kind))


def revocation_refusal(exchange: Exchange, refusal: Refusal) -> Response:
    """A refusal of the revocation endpoint, with the members that the vendor's revoke page adds.

    The values of these members are texts. Their content is assumed.
    """
    kind, words = exchange.refuse(refusal), exchange.words
    body = _hidden(exchange, oauth_error_body(refusal, exchange.tracking_id, words)) | {
        "ErrorCode": kind.code,
        "Error": kind.message,
        "Hint": words.description_of(refusal),
    }
    return JsonResponse(body, kind.status, _oauth_headers(exchange, refusal, kind))


def used_up(exchange: Exchange, missing: str) -> Response:
    """The refusal of a machine that has no more of something, which this also records.

    ``missing`` is what :func:`~mock_sei.web.exhausted.find_exhaustion` found.
    """
    report(exchange.platform, missing)
    return functional_refusal(exchange, UsedUp(missing))


def functional_refusal(exchange: Exchange, refusal: Refusal) -> Response:
    """A refusal of a functional API.

    The challenge of a 401 says ``invalid_token``, unless no token came (RFC 6750 section 3.1). If
    the token was in a wrong place, the challenge says so: the platform's body has no member for it.
    """
    kind = exchange.refuse(refusal)
    headers: dict[str, str] = {}
    if refusal.kind is SCOPE_MISSING:
        challenge = f'Bearer realm="mock-sei", error="insufficient_scope", scope="{DEFAULT_SCOPE}"'
        headers["WWW-Authenticate"] = challenge
    elif refusal.kind is REQUEST_INVALID:
        challenge = 'Bearer realm="mock-sei", error="invalid_request"'
        challenge += f', error_description="{refusal.description}"'
        headers["WWW-Authenticate"] = challenge
    elif kind.status == 401:
        challenge = 'Bearer realm="mock-sei"'
        if not isinstance(refusal, NoToken):
            challenge += ', error="invalid_token"'
        headers["WWW-Authenticate"] = challenge
    body = _hidden(exchange, error_body(refusal, exchange.tracking_id, exchange.words))
    return JsonResponse(body, kind.status, headers | refusal_headers(exchange, refusal))


def _hidden(exchange: Exchange, body: dict[str, Any]) -> dict[str, Any]:
    """The error body with secrets hidden: a client may send a secret in the wrong place."""
    texts = [text for each in body["errors"] for text in each.values()]
    shown = iter(exchange.entry.hide(texts, REASON_SENT) if texts else ())
    return body | {"errors": [{name: next(shown) for name in each} for each in body["errors"]]}


REASON_SENT = 200
"""Most characters of each field, location and reason in an error body."""


def _oauth_headers(exchange: Exchange, refusal: Refusal, kind: RefusalKind) -> dict[str, str]:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    if kind.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="mock-sei"'
    return headers | refusal_headers(exchange, refusal)


def refusal_headers(exchange: Exchange, refusal: Refusal) -> dict[str, str]:
    """Headers of a refusal that do not depend on the endpoint: ``Allow``, ``Connection`` and
    ``Retry-After``.

    A connection is closed if the rest of a body that is too large would still come on it.
    """
    if refusal.kind.transient:
        return {"Retry-After": "1"}
    if isinstance(refusal, MethodNotAllowed):
        return {"Allow": ", ".join(refusal.allowed)}
    if refusal.kind in TOO_LARGE and not exchange.has_whole_body:
        return {"Connection": "close"}
    return {}
