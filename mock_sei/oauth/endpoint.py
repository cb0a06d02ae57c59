"""The token endpoint as a function from a request to an answer: authenticate, grant, mint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_sei.oauth.client_auth import authenticate
from mock_sei.oauth.grants import HANDLERS
from mock_sei.oauth.token_request import TokenRequest
from mock_sei.oauth.tokens import LIFETIME, Tokens
from mock_sei.registry import Environment, Registry

TOKEN_TYPES: Mapping[str, str] = {"sei": "BearerToken", "rfc": "Bearer"}
"""By dialect. ``BearerToken`` is documented (create-token page), ``Bearer`` is RFC 6750's."""


def answer_token_request(
    request: TokenRequest,
    *,
    registry: Registry,
    tokens: Tokens,
    environment: Environment,
    dialect: str,
    issuer: str,
) -> dict[str, Any]:
    """The members of a token response (RFC 6749 section 5.1). Raises :class:`Refusal`."""
    client = authenticate(request, registry, environment, served=HANDLERS)
    grant = HANDLERS[request.grant_type](request, client)
    account = client.service_account
    token = tokens.mint(
        issuer=issuer,
        app_key=client.application.app_key,
        service_account=account.username if account else None,
        user=grant.user,
        scope=grant.scope,
    )
    return {
        "access_token": token,
        "token_type": TOKEN_TYPES[dialect],
        "expires_in": int(LIFETIME.total_seconds()),
        "scope": grant.scope,
    }
