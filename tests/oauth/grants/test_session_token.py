"""``sessionToken``: tokens for the session of the log-in page."""

from __future__ import annotations

from mock_sei.errors import REQUEST_INVALID, SCOPE_INVALID
from tests.oauth.flows import assert_invalid_grant, assert_refused, call, log_in, redeem
from tests.support import Served


def test_a_session_token_is_the_log_in_pages_cookie(served: Served) -> None:
    cookie = log_in(served).cookies["mock_sei_session"]

    good = redeem(served, grant_type="sessionToken", sessionToken=cookie)
    bad = redeem(served, grant_type="sessionToken", sessionToken="bogus")

    assert_invalid_grant(served, bad, "No session has this sessionToken")
    assert call(served, good.json()["access_token"]) == 200
    assert good.json()["email"] == "alice@example.com"
    assert "refresh_token" in good.json()


def test_a_missing_or_another_parameter_is_refused(served: Served) -> None:
    cookie = log_in(served).cookies["mock_sei_session"]

    for form in ({}, {"sessionToken": ""}, {"session_token": cookie}, {"token": cookie}):
        answer = redeem(served, grant_type="sessionToken", **form)
        assert_refused(served, answer, REQUEST_INVALID, "parse", because="sessionToken")


def test_its_tokens_end_with_the_session(served: Served) -> None:
    cookie = log_in(served).cookies["mock_sei_session"]
    token = redeem(served, grant_type="sessionToken", sessionToken=cookie).json()["access_token"]
    assert call(served, token) == 200

    log_in(served, endOtherSessions="true")

    assert call(served, token) == 401


def test_a_scope_must_be_the_applications(served: Served) -> None:
    form = {
        "grant_type": "sessionToken",
        "sessionToken": log_in(served).cookies["mock_sei_session"],
    }

    unknown = redeem(served, **form, scope="everything")

    assert_refused(served, unknown, SCOPE_INVALID, "scope")
    assert redeem(served, **form, scope="ilservices").status_code == 200
