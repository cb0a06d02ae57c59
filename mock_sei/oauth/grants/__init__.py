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
    saml2_bearer,
    session_token,
)
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.signed_xml import is_installed
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
        saml2_bearer,
        session_token,
    )
}


def served_grants() -> list[str]:
    """The ones that can be served here: the SAML grant's libraries are optional."""
    missing = set() if is_installed() else {saml2_bearer.GRANT_TYPE}
    return [each for each in HANDLERS if each not in missing]
