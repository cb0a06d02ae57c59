"""The grants, a file for each, with ``GRANT_TYPE`` and ``handle``. :data:`HANDLERS` lists them.

Before a handler is called, the client was authenticated, and it may use the grant. The handler runs
the grant's own checks and returns the members of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mock_sei.oauth.client_auth import AuthenticatedClient
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

Handler = Callable[[TokenRequest, AuthenticatedClient, AuthorizationServer], dict[str, Any]]

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
    """The grants that this installation can serve: the SAML grant needs optional libraries."""
    missing = set() if is_installed() else {saml2_bearer.GRANT_TYPE}
    return [each for each in HANDLERS if each not in missing]
