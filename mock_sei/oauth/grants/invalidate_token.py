"""``grant_type=invalidate_token``: the token endpoint's own way to revoke a token.

Named on the token page, its fields unreadable: ``token``, ``access_token`` or ``refresh_token`` and
the answer of the revoke page are assumed.
"""

from __future__ import annotations

from typing import Any

from mock_sei.oauth.client_auth import Client
from mock_sei.oauth.revocation import revoke
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.token_request import TokenRequest
from mock_sei.rules.standards import GrantType

GRANT_TYPE = GrantType.INVALIDATE_TOKEN


def handle(request: TokenRequest, client: Client, server: AuthorizationServer) -> dict[str, Any]:
    return revoke(request.require("token", "access_token", "refresh_token"), client, server)
