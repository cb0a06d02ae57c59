"""The token endpoint: it authenticates the client, and then calls the handler of the grant."""

from __future__ import annotations

from typing import Any

from mock_sei.oauth.client_auth import authenticate
from mock_sei.oauth.grants import HANDLERS
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.token_request import TokenRequest


def answer_token_request(request: TokenRequest, server: AuthorizationServer) -> dict[str, Any]:
    """The members of a token response (RFC 6749 section 5.1). Raises :class:`Refusal`."""
    client = authenticate(request, server.registry, server.rules.environment, served=HANDLERS)
    return HANDLERS[request.grant_type](request, client, server)
