"""One file a grant, each with ``GRANT_TYPE`` and ``handle``; :data:`HANDLERS` finds it.

A handler gets a request whose client is authenticated and allowed the grant, does the grant's own
checks and gives the members of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mock_sei.oauth.client_auth import Client
from mock_sei.oauth.grants import (
    authorization_code,
    client_credentials,
    invalidate_token,
    password,
    refresh_token,
    session_token,
)
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.token_request import TokenRequest

Handler = Callable[[TokenRequest, Client, AuthorizationServer], dict[str, Any]]

HANDLERS: Mapping[str, Handler] = {
    module.GRANT_TYPE: module.handle
    for module in (
        authorization_code,
        client_credentials,
        invalidate_token,
        password,
        refresh_token,
        session_token,
    )
}
