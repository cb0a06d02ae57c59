"""``grant_type=client_credentials``: the server acts for itself, on its service account.

Its token cannot be refreshed. Source: token page, Security FAQ; RFC 6749 section 4.4.
"""

from __future__ import annotations

from mock_sei.oauth.client_auth import Client
from mock_sei.oauth.grant import Grant
from mock_sei.oauth.scopes import granted_scope
from mock_sei.oauth.token_request import TokenRequest
from mock_sei.standards import GrantType

GRANT_TYPE = GrantType.CLIENT_CREDENTIALS


def handle(request: TokenRequest, client: Client) -> Grant:
    """The account was checked with the client; what is left is the scope."""
    return Grant(user=None, scope=granted_scope(request.find("scope"), client.application))
