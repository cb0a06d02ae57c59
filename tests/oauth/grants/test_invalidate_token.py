"""``invalidate_token``: revocation at the token endpoint."""

from __future__ import annotations

import pytest

from mock_sei.errors import GRANT_INVALID, REQUEST_INVALID
from tests.oauth.flows import assert_refused, by_code, call, redeem, refresh, revoke
from tests.support import Served


@pytest.mark.parametrize(
    ("name", "which"),
    [
        ("token", "access_token"),
        ("token", "refresh_token"),
        ("access_token", "access_token"),
        ("refresh_token", "refresh_token"),
    ],
)
def test_it_does_what_revoke_does(served: Served, name: str, which: str) -> None:
    tokens, others = by_code(served).json(), by_code(served).json()

    answer = redeem(served, grant_type="invalidate_token", **{name: tokens[which]})
    revoked = revoke(served, token=others[which])

    assert answer.json() == revoked.json() | {"token": tokens[which]}
    assert answer.headers["Cache-Control"] == "no-store"
    assert call(served, tokens["access_token"]) == 401
    assert refresh(served, tokens["refresh_token"]).status_code == 400


def test_a_server_ends_its_own_token(served: Served) -> None:
    token, other = served.token(), served.token()

    answer = served.post_token(grant_type="invalidate_token", token=token)

    assert answer.json()["cascade"] == "true"
    assert served.get(headers=served.headers(token=token)).status_code == 401
    assert served.get(headers=served.headers(token=other)).status_code == 200


def test_what_is_unknown_is_no_error_and_what_is_missing_is(served: Served) -> None:
    unknown = redeem(served, grant_type="invalidate_token", token="bogus")
    missing = redeem(served, grant_type="invalidate_token")

    assert unknown.status_code == 200
    assert_refused(served, missing, REQUEST_INVALID, "parse", because="token")


def test_another_applications_token_is_left_alone(served: Served) -> None:
    token = by_code(served).json()["access_token"]

    answer = redeem(served, "demo-internal", grant_type="invalidate_token", token=token)

    assert_refused(served, answer, GRANT_INVALID, "revocation")
    assert call(served, token) == 200
