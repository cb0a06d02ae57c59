"""``grant_type=sessionToken``: it issues tokens for a session that the log-in page started.

The token page names this grant, but its fields cannot be read there. It is assumed that the
parameter ``sessionToken`` has the value of the log-in page's cookie.
"""

from __future__ import annotations

from typing import Any

from mock_sei.errors import GRANT_INVALID, Refusal
from mock_sei.oauth.client_auth import AuthenticatedClient
from mock_sei.oauth.scopes import granted_scope
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.token_request import TokenRequest
from mock_sei.oauth.unknown import explain_unknown
from mock_sei.rules import checks
from mock_sei.rules.standards import GrantType

GRANT_TYPE = GrantType.SESSION_TOKEN


def handle(
    request: TokenRequest, client: AuthenticatedClient, server: AuthorizationServer
) -> dict[str, Any]:
    text = request.require("sessionToken")
    scope = granted_scope(request.find("scope"), client.application)
    request.findings.passes(checks.SCOPE)
    session = server.sessions.find(text)
    if session is None:
        raise Refusal(
            GRANT_INVALID,
            check=checks.SESSION,
            because="No session has this sessionToken, or it has ended; log in on the page again."
            f"{explain_unknown(text, server.sessions.find, server)}",
        )
    request.findings.passes(checks.SESSION)
    authorization = server.authorize(
        client.application, user=session.user, scope=scope, session=session.identifier
    )
    return server.user_token_response(
        client.application, authorization, scope, issuer=request.issuer
    )
