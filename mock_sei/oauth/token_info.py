"""The token information endpoint: it describes a valid access token (get-token page)."""

from __future__ import annotations

from typing import Any

from mock_sei.oauth.server import AuthorizationServer
from mock_sei.rules.caller_checks import AccessToken
from mock_sei.rules.records import Application


def token_information(
    text: str, token: AccessToken, application: Application, server: AuthorizationServer, now: float
) -> dict[str, Any]:
    """The documented members of the answer, with those of the refresh token if there is one.

    ``text`` is the token as the client sent it, ``now`` the platform's time in seconds since the
    epoch.
    """
    information: dict[str, Any] = {
        "access_token": text,
        "token_type": server.token_type,
        "expires_in": server.spelled(max(0, int(token.expires_at - now))),
        "status": "approved",
        "scope": token.scope,
    }
    authorization = server.authorizations.find(token.family)
    if authorization is not None:
        information |= server.companions(authorization)
    return information | {"app_name": application.name}
