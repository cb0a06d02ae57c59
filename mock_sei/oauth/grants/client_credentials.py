"""``grant_type=client_credentials``: a server calls for itself, with its service account.

There is no refresh token. Source: token page, Security FAQ; RFC 6749 section 4.4.
"""

from __future__ import annotations

from typing import Any

from mock_sei.oauth.client_auth import AuthenticatedClient
from mock_sei.oauth.scopes import granted_scope
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.token_request import TokenRequest
from mock_sei.rules import checks
from mock_sei.rules.standards import GrantType

GRANT_TYPE = GrantType.CLIENT_CREDENTIALS


def handle(
    request: TokenRequest, client: AuthenticatedClient, server: AuthorizationServer
) -> dict[str, Any]:
    """Checks the scope and issues a token. The client authentication has checked the account."""
    application, account = client.application, client.service_account
    scope = granted_scope(request.find("scope"), application)
    request.findings.passes(checks.SCOPE)
    token = server.tokens.mint(
        issuer=request.issuer,
        app_key=application.app_key,
        service_account=account.username if account else None,
        user=None,
        scope=scope,
    )
    return server.token_members(token, scope)
