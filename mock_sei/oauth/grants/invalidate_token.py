"""``grant_type=invalidate_token``: it revokes a token at the token endpoint.

The token page names this grant, but its fields cannot be read there. Assumed are the parameters
``token``, ``access_token`` and ``refresh_token``, and the answer, which is that of the revoke page.
"""

from __future__ import annotations

from typing import Any

from mock_sei.oauth.client_auth import AuthenticatedClient
from mock_sei.oauth.revocation import CHECK, revoke
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.token_request import TokenRequest
from mock_sei.rules.standards import GrantType

GRANT_TYPE = GrantType.INVALIDATE_TOKEN


def handle(
    request: TokenRequest, client: AuthenticatedClient, server: AuthorizationServer
) -> dict[str, Any]:
    answer = revoke(request.require("token", "access_token", "refresh_token"), client, server)
    request.findings.passes(CHECK)
    return answer
