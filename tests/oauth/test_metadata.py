"""Metadata and keys: what is listed is what is accepted."""

from __future__ import annotations

import sys

import pytest

from mock_sei.standards import Listener
from tests.oauth.assertions import GRANT
from tests.support import Platform


def test_metadata_lists_what_is_served_on_both_listeners(platform: Platform) -> None:
    """Acceptance rows I1, I3, I4, I5."""
    path = "/.well-known/oauth-authorization-server"
    one_way = platform.client(None, listener=Listener.ONE_WAY).get(path).json()
    two_way = platform.client().get(path).json()

    assert one_way == two_way
    assert one_way["issuer"] == platform.sandbox.addresses.issuer("localhost")
    assert one_way["mtls_endpoint_aliases"]["token_endpoint"].endswith(":444/v2/oauthtoken")
    assert one_way["response_types_supported"] == ["code", "token"]
    assert all(value for value in one_way.values())
    for grant in set(one_way["grant_types_supported"]) - {"implicit"}:
        answer = platform.post_token(grant_type=grant)
        assert answer.json().get("error") != "unsupported_grant_type", grant


def test_the_keys_are_public_and_fit_the_tokens(platform: Platform) -> None:
    """Acceptance row I7."""
    from jose import jws

    (key,) = platform.client().get("/.well-known/jwks.json").json()["keys"]
    token = platform.token()

    assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert jws.get_unverified_header(token)["kid"] == key["kid"]
    assert jws.verify(token, key, ["ES256"])


METADATA = "/.well-known/oauth-authorization-server"


def test_the_metadata_lists_it_where_it_can_be_served(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = platform.client(None, listener=Listener.ONE_WAY)
    full = http.get(METADATA).json()["grant_types_supported"]
    monkeypatch.setitem(sys.modules, "signxml", None)
    lacking = http.get(METADATA).json()["grant_types_supported"]

    assert set(full) - set(lacking) == {GRANT}
