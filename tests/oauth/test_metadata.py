"""Metadata and keys: the server accepts exactly what they list."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from jose import jws

from mock_sei.oauth.metadata import JWKS_PATH, METADATA_PATH
from mock_sei.oauth.proof_key import challenge_of
from mock_sei.rules.standards import Listener
from tests.oauth.assertions import GRANT as SAML
from tests.oauth.flows import LOOPBACK, VERIFIER, by_code, log_in, redeem, returned
from tests.oauth.good_requests import GRANTS, TWO_WAY_GRANTS, good_form, post_form
from tests.operations import retire_signing_key, rotate_signing_key
from tests.support import TOKEN_PATH, Served


def metadata(served: Served, listener: Listener = Listener.ONE_WAY, **headers: str) -> Any:
    answer = served.client("svc-demo", listener=listener).get(METADATA_PATH, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def test_one_issuer_is_told_on_both_listeners(served: Served) -> None:
    one_way = metadata(served)

    assert one_way == metadata(served, Listener.TWO_WAY)
    assert one_way["issuer"] == "https://localhost" == served.platform.addresses.one_way
    parts = urlsplit(one_way["issuer"])
    assert (parts.scheme, parts.path, parts.query, parts.fragment) == ("https", "", "", "")
    assert one_way["mtls_endpoint_aliases"] == {
        "token_endpoint": "https://localhost:444/v2/oauthtoken",
        "revocation_endpoint": "https://localhost:444/v2/oauth/revoke",
    }
    assert {name: one_way[name] for name in one_way if name.endswith(("_endpoint", "_uri"))} == {
        "authorization_endpoint": "https://localhost/v2/oauth/authorize",
        "token_endpoint": "https://localhost/v2/oauthtoken",
        "revocation_endpoint": "https://localhost/v2/oauth/revoke",
        "jwks_uri": "https://localhost/.well-known/jwks.json",
    }


@pytest.mark.parametrize(
    ("host", "issuer"),
    [
        ("mock-sei:8443", "https://mock-sei"),
        ("api.seic.com", "https://api.seic.com"),
        ("[::1]", "https://[::1]"),
        ("evil.example/path?query#fragment", "https://localhost"),
        ("user@evil.example", "https://localhost"),
        ("", "https://localhost"),
    ],
)
def test_the_issuer_has_the_host_that_was_called_and_nothing_else_of_it(
    served: Served, host: str, issuer: str
) -> None:
    assert metadata(served, Host=host)["issuer"] == issuer


def test_the_issuer_is_the_configured_url(served: Served) -> None:
    served.platform.addresses = dataclasses.replace(
        served.platform.addresses,
        public_url="https://sei.example:8443",
        public_two_way_url="https://mtls.sei.example",
    )

    members = metadata(served, Host="localhost")

    assert members["issuer"] == "https://sei.example:8443"
    assert members["token_endpoint"] == "https://sei.example:8443/v2/oauthtoken"
    aliases = members["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == "https://mtls.sei.example/v2/oauthtoken"
    assert returned(log_in(served))["iss"] == members["issuer"]


def test_the_issuer_of_metadata_redirects_and_tokens_is_one(served: Served) -> None:
    """The issuer in an answer is that of the metadata (RFC 9207 section 2.4)."""
    issuer = metadata(served)["issuer"]
    spa = returned(log_in(served, "demo-spa"))

    assert spa["iss"] == returned(log_in(served))["iss"] == issuer
    for token in (spa["access_token"], served.token()):
        assert jws_claims(token)["iss"] == issuer


def jws_claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(jws.get_unverified_claims(token))
    return claims


def test_arrays_that_would_be_empty_are_left_out(served: Served) -> None:
    members = metadata(served)

    assert members["response_types_supported"] == ["code", "token"]
    assert all(value for value in members.values() if isinstance(value, list))
    assert None not in members.values()


# Each listed item is accepted, and what is not listed is not


def test_listed_grants_are_the_accepted_ones(served: Served) -> None:
    """The tests of the standards table show that each grant gives a token."""
    listed = metadata(served)["grant_types_supported"]

    assert sorted(listed) == sorted([*GRANTS, "implicit"])
    for grant in [*listed, "device_code"]:
        answer = served.post_token(grant_type=grant)
        unknown = answer.json().get("error") == "unsupported_grant_type"
        assert unknown is (grant not in GRANTS), grant


def test_listed_response_types_and_modes_are_the_accepted_ones(served: Served) -> None:
    members = metadata(served)
    applications = {"code": "demo-web", "token": "demo-spa"}
    modes = {"code": "query", "token": "fragment"}

    assert sorted(members["response_types_supported"]) == sorted(applications)
    assert sorted(members["response_modes_supported"]) == sorted(modes.values())
    for kind, name in applications.items():
        location = urlsplit(log_in(served, name, response_type=kind).headers["Location"])
        filled = [mode for mode in modes.values() if getattr(location, mode)]
        assert filled == [modes[kind]]
    other = returned(log_in(served, response_type="id_token"))
    assert other["error"] == "unsupported_response_type"


def authenticated(served: Served, method: str) -> httpx2.Response:
    if method == "none":
        return by_code(served, "demo-native")
    form = good_form(served, "demo-web", "authorization_code")
    if method == "client_secret_basic":
        return post_form(served, "demo-web", form, listener=Listener.TWO_WAY)
    form |= {"client_id": "demo-web-key", "client_secret": "demo-web-secret"}
    return served.client("svc-web").post(TOKEN_PATH, data=form)


@pytest.mark.parametrize("endpoint", ["token", "revocation"])
def test_listed_ways_of_authentication_are_the_accepted_ones(served: Served, endpoint: str) -> None:
    listed = metadata(served)[f"{endpoint}_endpoint_auth_methods_supported"]

    assert sorted(listed) == ["client_secret_basic", "client_secret_post", "none"]
    assert [authenticated(served, method).status_code for method in listed] == [200] * 3
    jwt = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "a.b.c",
    }
    form = good_form(served, "demo-web", "authorization_code") | jwt
    answer = served.client("svc-web").post(TOKEN_PATH, data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_listed_challenge_methods_are_the_accepted_ones(served: Served) -> None:
    challenges = {"S256": challenge_of(VERIFIER), "plain": VERIFIER}

    listed = metadata(served)["code_challenge_methods_supported"]

    assert sorted(listed) == sorted(challenges)
    for method in [*listed, "S512"]:
        request = {
            "code_challenge": challenges.get(method, VERIFIER),
            "code_challenge_method": method,
        }
        code = returned(log_in(served, "demo-native", **request)).get("code")
        assert (code is not None) is (method in challenges)
        if code is not None:
            assert by_code(served, "demo-native", code=code).status_code == 200


def test_listed_scopes_are_those_of_the_applications(served: Served) -> None:
    assert metadata(served)["scopes_supported"] == ["ilservices"]
    served.change("demo-server", scopes=("ilservices", "reports"))

    assert metadata(served)["scopes_supported"] == ["ilservices", "reports"]
    assert served.post_token(scope="reports").status_code == 200


def test_the_two_way_aliases_answer(served: Served) -> None:
    aliases = metadata(served)["mtls_endpoint_aliases"]
    http = served.client("svc-web")
    form = good_form(served, "demo-web", "authorization_code")

    pair = ("demo-web-key", "demo-web-secret")
    token = http.post(urlsplit(aliases["token_endpoint"]).path, data=form, auth=pair)
    revoked = http.post(
        urlsplit(aliases["revocation_endpoint"]).path,
        data={"token": token.json()["access_token"]},
        auth=pair,
    )

    assert (token.status_code, revoked.status_code) == (200, 200)


def test_the_keys_are_public_and_fit_the_tokens(served: Served) -> None:
    (key,) = served.client().get(JWKS_PATH).json()["keys"]
    native = redeem(served, "demo-native", **native_form(served)).json()["access_token"]

    assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (key["alg"], key["use"]) == ("ES256", "sig")
    for token in (served.token(), native):
        header = jws.get_unverified_header(token)
        assert (header["kid"], header["alg"]) == (key["kid"], key["alg"])
        assert jws.verify(token, key, ["ES256"])


def native_form(served: Served) -> dict[str, str]:
    code = returned(log_in(served, "demo-native"))["code"]
    return {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": VERIFIER,
        "redirect_uri": LOOPBACK,
    }


def test_a_new_key_signs_and_the_old_one_is_accepted_until_it_is_retired(
    served: Served,
) -> None:
    platform, http = served.platform, served.client()
    old_kid, old = platform.signing_key.kid, served.token()

    new_kid = rotate_signing_key(platform)

    new = served.token()
    keys = {each["kid"]: each for each in http.get(JWKS_PATH).json()["keys"]}
    assert list(keys) == [new_kid, old_kid]
    assert [jws.get_unverified_header(each)["kid"] for each in (old, new)] == [old_kid, new_kid]
    for token, kid in ((old, old_kid), (new, new_kid)):
        assert jws.verify(token, keys[kid], ["ES256"])
        assert served.get(headers=served.headers(token=token)).status_code == 200

    retire_signing_key(platform, old_kid)

    assert [each["kid"] for each in http.get(JWKS_PATH).json()["keys"]] == [new_kid]
    assert served.get(headers=served.headers(token=old)).status_code == 401
    assert served.get(headers=served.headers(token=new)).status_code == 200


@pytest.mark.parametrize("path", [METADATA_PATH, JWKS_PATH])
def test_they_take_a_get_alone(served: Served, path: str) -> None:
    answer = served.client().post(path)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_the_metadata_lists_the_saml_grant_where_it_can_be_served(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = metadata(served)["grant_types_supported"]
    monkeypatch.setitem(sys.modules, "signxml", None)
    lacking = metadata(served)["grant_types_supported"]

    assert set(full) - set(lacking) == {SAML}
    assert SAML in TWO_WAY_GRANTS["demo-web"]
