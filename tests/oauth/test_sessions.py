"""Sessions of end users: one, or several at once."""

from __future__ import annotations

import pytest

from tests.oauth.flows import ALICE, assert_invalid_grant, by_code, call, log_in, redeem, returned
from tests.support import Platform

BOB = {"grant_type": "password", "username": "bob@example.com", "password": "bob-password"}


def test_other_sessions_end_when_asked(platform: Platform) -> None:
    first = by_code(platform).json()
    bob = redeem(platform, "demo-internal", **BOB).json()["access_token"]

    second = returned(log_in(platform, endOtherSessions="true"))

    assert call(platform, first["access_token"]) == 401
    assert by_code(platform, code=second["code"]).status_code == 200
    assert call(platform, bob, "demo-internal") == 200  # another user's


@pytest.mark.parametrize("flag", ["false", None])
def test_other_sessions_stay_unless_asked(platform: Platform, flag: str | None) -> None:
    first = by_code(platform).json()["access_token"]

    log_in(platform, endOtherSessions=flag)
    redeem(platform, "demo-internal", grant_type="password", **ALICE, endOtherSessions=flag)

    assert call(platform, first) == 200


def test_a_flag_that_is_none_is_refused(platform: Platform) -> None:
    form = {"grant_type": "password"} | ALICE

    answer = redeem(platform, "demo-internal", **form, endOtherSessions="TRUE")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_second_session_is_refused_where_the_setting_says_so(platform: Platform) -> None:
    platform.sandbox.reset({"concurrent_sessions": "refuse"})
    form = {"grant_type": "password"} | ALICE
    log_in(platform)

    again = returned(log_in(platform))
    password = redeem(platform, "demo-internal", **form)
    bob = redeem(platform, "demo-internal", **BOB)
    ended = redeem(platform, "demo-internal", **form, endOtherSessions="true")

    assert again["error"] == "access_denied"
    assert (password.status_code, password.json()["error"]) == (400, "invalid_grant")
    assert bob.status_code == ended.status_code == 200


def test_a_session_lives_sixty_minutes_after_its_last_token(platform: Platform) -> None:
    used, idle = (log_in(platform).cookies["mock_sei_session"] for _ in range(2))
    platform.sandbox.clock.advance(minutes=59)
    good = redeem(platform, grant_type="sessionToken", sessionToken=used)
    assert good.status_code == 200
    platform.sandbox.clock.advance(minutes=2)

    still = redeem(platform, grant_type="sessionToken", sessionToken=used)
    over = redeem(platform, grant_type="sessionToken", sessionToken=idle)

    assert still.status_code == 200
    assert_invalid_grant(platform, over, "No live session")


def test_an_expired_session_is_in_nobodys_way(platform: Platform) -> None:
    platform.sandbox.reset({"concurrent_sessions": "refuse"})
    log_in(platform)
    assert returned(log_in(platform))["error"] == "access_denied"
    platform.sandbox.clock.advance(minutes=61)

    assert "code" in returned(log_in(platform))


def test_an_ended_session_gives_nothing_more(platform: Platform) -> None:
    first = log_in(platform)
    cookie, code = first.cookies["mock_sei_session"], returned(first)["code"]
    log_in(platform, endOtherSessions="true")

    answer = redeem(platform, grant_type="sessionToken", sessionToken=cookie)

    assert_invalid_grant(platform, answer, "No live session")
    assert_invalid_grant(platform, by_code(platform, code=code), "was ended")


def test_what_has_ended_is_swept_away_now_and_then(platform: Platform) -> None:
    """Not at each log-in: that would pay for all that came before."""
    oauth = platform.sandbox.state.oauth
    application = platform.application("demo-internal")

    def log_in_often() -> None:
        for _ in range(300):
            session = oauth.start_session("alice@example.com", end_others=False)
            oauth.authorize(
                application,
                user="alice@example.com",
                scope="ilservices",
                session=session.identifier,
            )

    log_in_often()
    platform.sandbox.clock.advance(days=31)
    log_in_often()

    assert len(oauth.sessions) <= 300
    assert len(oauth.authorizations) <= 300


def test_a_log_in_looks_at_no_session_that_was_there_before(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand of them would make it slow."""
    looked_at: list[object] = []
    oauth = platform.sandbox.state.oauth
    monkeypatch.setattr(oauth.sessions, "_is_live", looked_at.append)
    monkeypatch.setattr(oauth.authorizations, "is_live", looked_at.append)

    for _ in range(50):
        redeem(platform, "demo-internal", grant_type="password", **ALICE)

    assert len(looked_at) <= 50  # each its own, when its token is minted
