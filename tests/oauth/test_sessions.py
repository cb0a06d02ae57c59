"""Sessions of end users: one, or several at once."""

from __future__ import annotations

from tests.oauth.flows import ALICE, by_code, call, log_in, redeem, returned
from tests.support import Platform


def test_other_sessions_end_when_asked(platform: Platform) -> None:
    first = by_code(platform).json()

    second = returned(log_in(platform, endOtherSessions="true"))

    assert call(platform, first["access_token"]) == 401
    assert by_code(platform, code=second["code"]).status_code == 200


def test_a_second_session_is_refused_where_the_setting_says_so(platform: Platform) -> None:
    platform.sandbox.reset({"concurrent_sessions": "refuse"})
    form = {"grant_type": "password"} | ALICE
    log_in(platform)

    again = returned(log_in(platform))
    password = redeem(platform, "demo-internal", **form)
    ended = redeem(platform, "demo-internal", **form, endOtherSessions="true")

    assert again["error"] == "access_denied"
    assert (password.status_code, password.json()["error"]) == (400, "invalid_grant")
    assert ended.status_code == 200
