"""``client_credentials``: a token for the server itself."""

from __future__ import annotations

from mock_sei.errors import SCOPE_INVALID
from tests.oauth.flows import assert_refused
from tests.support import Platform


def test_client_credentials_give_a_token(platform: Platform) -> None:
    answer = platform.post_token()

    body = answer.json()
    assert answer.status_code == 200
    assert body.pop("access_token").count(".") == 2
    assert body == {"token_type": "BearerToken", "expires_in": 3600, "scope": "ilservices"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"


def test_the_rfc_dialect_says_bearer(platform: Platform) -> None:
    platform.sandbox.reset({"dialect": "rfc"})

    assert platform.post_token().json()["token_type"] == "Bearer"


def test_two_tokens_of_one_second_differ(platform: Platform) -> None:
    platform.sandbox.clock.freeze()

    assert platform.token() != platform.token()


def test_refresh_is_not_for_client_credentials(platform: Platform) -> None:
    answer = platform.post_token(grant_type="refresh_token", refresh_token="any")

    assert answer.status_code == 400
    assert answer.json()["error"] == "unauthorized_client"


def test_an_unknown_scope_is_refused(platform: Platform) -> None:
    assert_refused(platform, platform.post_token(scope="everything"), SCOPE_INVALID, "scope")


def test_a_granted_scope_is_named(platform: Platform) -> None:
    platform.change("demo-server", scopes=("ilservices", "reports"))

    assert platform.post_token().json()["scope"] == "ilservices reports"
    assert platform.post_token(scope="reports").json()["scope"] == "reports"
