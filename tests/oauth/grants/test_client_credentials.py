"""``client_credentials``: a token for the server itself."""

from __future__ import annotations

from mock_sei.errors import SCOPE_INVALID
from tests.oauth.flows import assert_refused
from tests.support import Served


def test_client_credentials_give_a_token(served: Served) -> None:
    answer = served.post_token()

    body = answer.json()
    assert answer.status_code == 200
    assert body.pop("access_token").count(".") == 2
    assert body == {"token_type": "BearerToken", "expires_in": 3600, "scope": "ilservices"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"


def test_the_rfc_dialect_says_bearer(served: Served) -> None:
    served.platform.reset({"dialect": "rfc"})

    assert served.post_token().json()["token_type"] == "Bearer"


def test_two_tokens_of_one_second_differ(served: Served) -> None:
    served.platform.clock.freeze()

    assert served.token() != served.token()


def test_refresh_is_not_for_client_credentials(served: Served) -> None:
    answer = served.post_token(grant_type="refresh_token", refresh_token="any")

    assert answer.status_code == 400
    assert answer.json()["error"] == "unauthorized_client"


def test_an_unknown_scope_is_refused(served: Served) -> None:
    assert_refused(served, served.post_token(scope="everything"), SCOPE_INVALID, "scope")


def test_a_granted_scope_is_named(served: Served) -> None:
    served.change("demo-server", scopes=("ilservices", "reports"))

    assert served.post_token().json()["scope"] == "ilservices reports"
    assert served.post_token(scope="reports").json()["scope"] == "reports"
