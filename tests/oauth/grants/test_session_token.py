"""``sessionToken``: tokens for the session of the log-in page."""

from __future__ import annotations

from tests.oauth.flows import assert_invalid_grant, call, log_in, redeem
from tests.support import Platform


def test_a_session_token_is_the_log_in_pages_cookie(platform: Platform) -> None:
    cookie = log_in(platform).cookies["mock_sei_session"]

    good = redeem(platform, grant_type="sessionToken", sessionToken=cookie)
    bad = redeem(platform, grant_type="sessionToken", sessionToken="bogus")

    assert_invalid_grant(platform, bad, "No live session")
    assert call(platform, good.json()["access_token"]) == 200
