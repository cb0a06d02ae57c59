"""Revocation: it ends an access token and its refresh token together (revoke page; RFC 7009)."""

from __future__ import annotations

from typing import Any

from mock_sei.errors import GRANT_INVALID, Refusal
from mock_sei.oauth.client_auth import AuthenticatedClient
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.rules import checks

CHECK = checks.REVOCATION


def revoke(token: str, client: AuthenticatedClient, server: AuthorizationServer) -> dict[str, Any]:
    """Ends the family of an access token or a refresh token.

    An unknown token is not an error (RFC 7009 section 2.2). Returns the members of the answer.
    Raises :class:`Refusal` if the token belongs to another application.
    """
    found = find_owner(token, server)
    if found is not None:
        family, owner = found
        if owner != client.application.app_key:
            raise Refusal(
                GRANT_INVALID,
                check=CHECK,
                because="The token was issued to another application; only that one may revoke it.",
                expected=owner,
                actual=client.application.app_key,
            )
        server.end_family(family, owner)
    return {
        "message": "The access token and its refresh token are revoked",
        "token": token,
        "cascade": "true",
    }


def find_owner(token: str, server: AuthorizationServer) -> tuple[str, str] | None:
    """The family and the AppKey of a token, None if this server did not issue it."""
    authorization = server.authorizations.find_by_refresh_token(token)
    if authorization is not None:
        return authorization.family, authorization.app_key
    try:
        read = server.tokens.read(token)
    except Refusal:
        return None
    return read.family, read.app_key
