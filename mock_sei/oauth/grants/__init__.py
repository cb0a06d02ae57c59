"""One file a grant, each with ``GRANT_TYPE`` and ``handle``; :data:`HANDLERS` finds it.

A handler gets a request whose client is authenticated and allowed the grant, does the grant's own
checks and says what token it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mock_sei.oauth.client_auth import Client
from mock_sei.oauth.grant import Grant
from mock_sei.oauth.grants import client_credentials
from mock_sei.oauth.token_request import TokenRequest

Handler = Callable[[TokenRequest, Client], Grant]

HANDLERS: Mapping[str, Handler] = {
    module.GRANT_TYPE: module.handle for module in (client_credentials,)
}
