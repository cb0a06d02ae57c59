"""``invalidate_token``: the token endpoint's own way to revoke."""

from __future__ import annotations

import pytest

from mock_sei.errors import GRANT_INVALID, REQUEST_INVALID
from tests.oauth.flows import assert_refused, by_code, call, redeem, refresh, revoke
from tests.support import Platform


@pytest.mark.parametrize(
    ("name", "which"),
    [
        ("token", "access_token"),
        ("token", "refresh_token"),
        ("access_token", "access_token"),
        ("refresh_token", "refresh_token"),
    ],
)
def test_it_does_what_revoke_does(platform: Platform, name: str, which: str) -> None:
    tokens, others = by_code(platform).json(), by_code(platform).json()

    answer = redeem(platform, grant_type="invalidate_token", **{name: tokens[which]})
    revoked = revoke(platform, token=others[which])

    assert answer.json() == revoked.json() | {"token": tokens[which]}
    assert answer.headers["Cache-Control"] == "no-store"
    assert call(platform, tokens["access_token"]) == 401
    assert refresh(platform, tokens["refresh_token"]).status_code == 400


def test_a_server_ends_its_own_token(platform: Platform) -> None:
    token, other = platform.token(), platform.token()

    answer = platform.post_token(grant_type="invalidate_token", token=token)

    assert answer.json()["cascade"] == "true"
    assert platform.get(headers=platform.headers(token=token)).status_code == 401
    assert platform.get(headers=platform.headers(token=other)).status_code == 200


def test_what_is_unknown_is_no_error_and_what_is_missing_is(platform: Platform) -> None:
    unknown = redeem(platform, grant_type="invalidate_token", token="bogus")
    missing = redeem(platform, grant_type="invalidate_token")

    assert unknown.status_code == 200
    assert_refused(platform, missing, REQUEST_INVALID, "parse", because="token")


def test_another_applications_token_is_left_alone(platform: Platform) -> None:
    token = by_code(platform).json()["access_token"]

    answer = redeem(platform, "demo-internal", grant_type="invalidate_token", token=token)

    assert_refused(platform, answer, GRANT_INVALID, "revocation")
    assert call(platform, token) == 200
