"""Sessions of end users: one at a time, or several."""

from __future__ import annotations

import pytest

from tests.oauth.flows import ALICE, assert_invalid_grant, by_code, call, log_in, redeem, returned
from tests.support import Served

BOB = {"grant_type": "password", "username": "bob@example.com", "password": "bob-password"}


def test_other_sessions_end_when_asked(served: Served) -> None:
    first = by_code(served).json()
    bob = redeem(served, "demo-internal", **BOB).json()["access_token"]

    second = returned(log_in(served, endOtherSessions="true"))

    assert call(served, first["access_token"]) == 401
    assert by_code(served, code=second["code"]).status_code == 200
    assert call(served, bob, "demo-internal") == 200  # another user's


@pytest.mark.parametrize("flag", ["false", None])
def test_other_sessions_stay_unless_asked(served: Served, flag: str | None) -> None:
    first = by_code(served).json()["access_token"]

    log_in(served, endOtherSessions=flag)
    redeem(served, "demo-internal", grant_type="password", **ALICE, endOtherSessions=flag)

    assert call(served, first) == 200


def test_a_flag_that_is_none_is_refused(served: Served) -> None:
    form = {"grant_type": "password"} | ALICE

    answer = redeem(served, "demo-internal", **form, endOtherSessions="TRUE")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_second_session_is_refused_where_the_setting_says_so(served: Served) -> None:
    served.platform.reset({"concurrent_sessions": "refuse"})
    form = {"grant_type": "password"} | ALICE
    log_in(served)

    again = returned(log_in(served))
    password = redeem(served, "demo-internal", **form)
    bob = redeem(served, "demo-internal", **BOB)
    ended = redeem(served, "demo-internal", **form, endOtherSessions="true")

    assert again["error"] == "access_denied"
    assert (password.status_code, password.json()["error"]) == (400, "invalid_grant")
    assert bob.status_code == ended.status_code == 200


def test_a_session_lives_sixty_minutes_after_its_last_token(served: Served) -> None:
    used, idle = (log_in(served).cookies["mock_sei_session"] for _ in range(2))
    served.platform.clock.advance(minutes=59)
    good = redeem(served, grant_type="sessionToken", sessionToken=used)
    assert good.status_code == 200
    served.platform.clock.advance(minutes=2)

    still = redeem(served, grant_type="sessionToken", sessionToken=used)
    over = redeem(served, grant_type="sessionToken", sessionToken=idle)

    assert still.status_code == 200
    assert_invalid_grant(served, over, "No session has this sessionToken")


def test_an_expired_session_is_in_nobodys_way(served: Served) -> None:
    served.platform.reset({"concurrent_sessions": "refuse"})
    log_in(served)
    assert returned(log_in(served))["error"] == "access_denied"
    served.platform.clock.advance(minutes=61)

    assert "code" in returned(log_in(served))


def test_an_ended_session_gives_nothing_more(served: Served) -> None:
    first = log_in(served)
    cookie, code = first.cookies["mock_sei_session"], returned(first)["code"]
    log_in(served, endOtherSessions="true")

    answer = redeem(served, grant_type="sessionToken", sessionToken=cookie)

    assert_invalid_grant(served, answer, "No session has this sessionToken")
    assert_invalid_grant(served, by_code(served, code=code), "has ended")


def test_what_has_ended_is_swept_away_now_and_then(served: Served) -> None:
    """Old sessions are deleted a few at a time, so that no log-in is slow."""
    oauth = served.platform.state.oauth
    application = served.application("demo-internal")

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
    served.platform.clock.advance(days=31)
    log_in_often()

    assert len(oauth.sessions) <= 300
    assert len(oauth.authorizations) <= 300


@pytest.mark.long
def test_a_log_in_looks_at_no_session_that_was_there_before(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost of a log-in does not grow with ten thousand sessions."""
    looked_at: list[object] = []
    oauth = served.platform.state.oauth
    monkeypatch.setattr(oauth.sessions, "_is_live", looked_at.append)
    monkeypatch.setattr(oauth.authorizations, "is_live", looked_at.append)

    for _ in range(50):
        redeem(served, "demo-internal", grant_type="password", **ALICE)

    assert len(looked_at) <= 50  # each its own, when its token is minted
