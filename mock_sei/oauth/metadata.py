"""The authorization server's metadata (RFC 8414) and public keys (RFC 7517)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mock_sei.assumptions.groups import Paths
from mock_sei.oauth.proof_key import Method
from mock_sei.oauth.tokens import ALGORITHM, KeyRing
from mock_sei.rules.standards import STANDARDS, GrantType

USUAL_PATHS = Paths()
"""The paths without a changed assumption. Operations are known by them, wherever they are."""
AUTHORIZE_PATH = USUAL_PATHS.authorize
LOGIN_PATH = USUAL_PATHS.login
"""The log-in page, to which the authorization endpoint sends the browser. The vendor's pages give
neither ``AUTHORIZE_PATH`` nor ``LOGIN_PATH``: both are assumed."""
TOKEN_PATH = USUAL_PATHS.token
TOKEN_INFO_PATH = USUAL_PATHS.token_information
REVOKE_PATH = USUAL_PATHS.revoke
TOKEN_PATHS = (TOKEN_PATH, "/v3/oauthtoken", "/v2/oauth/token")
"""The paths of the token endpoint. The first is documented, the second is derived from the title of
a page, the third is assumed. All three have one handler."""
METADATA_PATH = "/.well-known/oauth-authorization-server"
JWKS_PATH = "/.well-known/jwks.json"

OAUTH_OPERATIONS = (
    *(f"POST {path}" for path in TOKEN_PATHS),
    f"GET {AUTHORIZE_PATH}",
    f"POST {AUTHORIZE_PATH}",
    f"GET {LOGIN_PATH}",
    f"POST {LOGIN_PATH}",
    f"GET {TOKEN_INFO_PATH}",
    f"POST {REVOKE_PATH}",
    f"GET {METADATA_PATH}",
    f"GET {JWKS_PATH}",
)

RESPONSE_TYPES = {GrantType.AUTHORIZATION_CODE: "code", GrantType.IMPLICIT: "token"}
"""The ``response_type`` of each grant that uses the authorization endpoint."""


def metadata(
    *,
    issuer: str,
    two_way_url: str,
    grants: Iterable[str],
    scopes: Iterable[str],
    paths: Paths = USUAL_PATHS,
) -> dict[str, Any]:
    """The members of the metadata document (RFC 8414), equal on both listeners.

    It gives the one-way listener's addresses, and the two-way listener's as
    ``mtls_endpoint_aliases`` (RFC 8705 section 5).
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}{paths.authorize}",
        "token_endpoint": f"{issuer}{paths.token}",
        "revocation_endpoint": f"{issuer}{paths.revoke}",
        "jwks_uri": f"{issuer}{JWKS_PATH}",
        "response_types_supported": list(RESPONSE_TYPES.values()),
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": sorted({*grants, *(row.grant for row in STANDARDS)}),
        "scopes_supported": sorted(scopes),
        "token_endpoint_auth_methods_supported": _AUTH_METHODS,
        "revocation_endpoint_auth_methods_supported": _AUTH_METHODS,
        "code_challenge_methods_supported": [str(method) for method in Method],
        "authorization_response_iss_parameter_supported": True,
        "mtls_endpoint_aliases": {
            "token_endpoint": f"{two_way_url}{paths.token}",
            "revocation_endpoint": f"{two_way_url}{paths.revoke}",
        },
    }


_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]


def jwks(keys: KeyRing) -> dict[str, Any]:
    """The public keys whose tokens are accepted (RFC 7517). The first one signs new tokens."""
    return {
        "keys": [
            {**key.public_jwk, "kid": key.kid, "alg": ALGORITHM, "use": "sig"} for key in keys.all
        ]
    }
