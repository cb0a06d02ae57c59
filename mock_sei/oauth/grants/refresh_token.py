"""``grant_type=refresh_token``: a client exchanges a refresh token for new tokens, once.

A second use ends all tokens of the consent. Source: get-token page; RFC 6749 section 6, RFC 9700
section 4.14.2. It is assumed that the 30 days begin with the first token.
"""

from __future__ import annotations

from typing import Any

from mock_sei.errors import GRANT_INVALID, Check
from mock_sei.oauth.client_auth import AuthenticatedClient
from mock_sei.oauth.scopes import narrowed_scope
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.token_request import TokenRequest
from mock_sei.oauth.tokens import spelled_time
from mock_sei.oauth.unknown import explain_unknown
from mock_sei.rules import checks
from mock_sei.rules.standards import GrantType

GRANT_TYPE = GrantType.REFRESH_TOKEN

CHECK = checks.REFRESH_TOKEN
_refused = Check(name=CHECK, kind=GRANT_INVALID).refusal


_KEEP = "Keep the new refresh token of each answer."


def handle(
    request: TokenRequest, client: AuthenticatedClient, server: AuthorizationServer
) -> dict[str, Any]:
    text = request.require("refresh_token")
    authorization = server.authorizations.find_by_refresh_token(text)
    if authorization is None:
        raise _refused(
            "No such refresh token is known: mistyped, revoked, or issued before the last reset."
            f"{explain_unknown(text, server.authorizations.find_by_refresh_token, server)}"
        )
    if authorization.app_key != client.application.app_key:
        raise _refused(
            "The refresh token was issued to another application.",
            expected=authorization.app_key,
            actual=client.application.app_key,
        )
    rules = server.authorizations.rules
    if authorization.refresh_token != text:
        if not rules.reuse_ends_family:
            raise _refused(f"The refresh token was used before. {_KEEP}")
        server.end_family(authorization.family)
        raise _refused(
            "The refresh token was used before; every token of this consent is revoked now. "
            f"{_KEEP}"
        )
    if not server.authorizations.is_live(authorization):
        life = spelled_time(int(rules.lifetime.total_seconds()))
        raise _refused(f"The {life} of the refresh token are over; the user must log in again.")
    if authorization.user not in server.registry.end_users:
        raise _refused(f"The end user {authorization.user} no longer exists.")
    request.findings.passes(CHECK)
    scope = narrowed_scope(request.find("scope"), authorization.scope)
    request.findings.passes(checks.SCOPE)
    if rules.rotates:
        server.authorizations.rotate(authorization)
    return server.user_token_response(
        client.application, authorization, scope, issuer=request.issuer
    )
