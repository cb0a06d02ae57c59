"""``grant_type=password``: an SEI-internal application sends the end user's password.

Source: Security FAQ (the table), token page (the fields); RFC 6749 section 4.3.
"""

from __future__ import annotations

from typing import Any

from mock_sei.oauth.client_auth import AuthenticatedClient
from mock_sei.oauth.scopes import granted_scope
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.token_request import TokenRequest
from mock_sei.rules import checks
from mock_sei.rules.standards import GrantType

GRANT_TYPE = GrantType.PASSWORD


def handle(
    request: TokenRequest, client: AuthenticatedClient, server: AuthorizationServer
) -> dict[str, Any]:
    email = request.require("username", "email")
    password = request.require("password")
    scope = granted_scope(request.find("scope"), client.application)
    request.findings.passes(checks.SCOPE)
    end_others = request.flag("endOtherSessions")
    user = server.require_user(email, password)
    request.findings.passes(checks.USER)
    session = server.start_session(user.email, end_others=end_others)
    request.findings.passes(checks.SESSIONS)
    authorization = server.authorize(
        client.application, user=user.email, scope=scope, session=session.identifier
    )
    return server.user_token_response(
        client.application, authorization, scope, issuer=request.issuer
    )
