"""``refresh_token``: a client exchanges a refresh token for new tokens, once."""

from __future__ import annotations

from tests.oauth.flows import assert_invalid_grant, by_code, call, log_in, refresh, returned
from tests.support import Served


def test_a_refresh_gives_new_tokens_of_the_same_scope(served: Served) -> None:
    served.platform.clock.freeze()
    first = by_code(served).json()
    served.platform.clock.advance(days=1)

    second = refresh(served, first["refresh_token"]).json()

    assert list(second) == list(first)
    assert second["scope"] == first["scope"]
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert second["refresh_token_expires_in"] == 2_592_000 - 86_400
    assert call(served, second["access_token"]) == 200
    assert refresh(served, second["refresh_token"]).status_code == 200


def test_an_access_token_outlives_a_refresh(served: Served) -> None:
    first = by_code(served).json()
    refresh(served, first["refresh_token"])

    assert call(served, first["access_token"]) == 200


def test_another_application_cannot_refresh(served: Served) -> None:
    token = by_code(served).json()["refresh_token"]

    answer = refresh(served, token, "demo-internal")

    assert_invalid_grant(served, answer, "another application")
    assert refresh(served, token).status_code == 200


def test_the_reuse_of_a_refresh_token_ends_the_family(served: Served) -> None:
    first = by_code(served).json()
    second = refresh(served, first["refresh_token"]).json()

    assert_invalid_grant(served, refresh(served, first["refresh_token"]), "used before")
    assert refresh(served, second["refresh_token"]).status_code == 400
    assert call(served, second["access_token"]) == 401


def test_a_bogus_refresh_token_is_refused(served: Served) -> None:
    assert_invalid_grant(served, refresh(served, "bogus"), "No such refresh token")


def test_refreshing_ends_after_thirty_days(served: Served) -> None:
    token = by_code(served).json()["refresh_token"]
    served.platform.clock.advance(days=29)
    token = refresh(served, token).json()["refresh_token"]
    served.platform.clock.advance(days=1, seconds=1)

    assert_invalid_grant(served, refresh(served, token), "30 days")


def test_a_user_who_is_gone_cannot_refresh(served: Served) -> None:
    token = by_code(served).json()["refresh_token"]
    del served.platform.state.registry.end_users["alice@example.com"]

    assert_invalid_grant(served, refresh(served, token), "no longer exists")
    assert_invalid_grant(served, refresh(served, token), "no longer exists")


def test_a_scope_that_was_not_granted_is_refused_though_the_application_has_it(
    served: Served,
) -> None:
    served.change("demo-web", scopes=("ilservices", "reports"))
    code = returned(log_in(served, scope="reports"))["code"]
    token = by_code(served, code=code).json()["refresh_token"]

    for wider in ("ilservices", "reports ilservices", " "):
        answer = refresh(served, token, scope=wider)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")

    assert refresh(served, token).json()["scope"] == "reports"


def test_a_refresh_may_ask_for_less_and_later_for_all_again(served: Served) -> None:
    served.change("demo-web", scopes=("ilservices", "reports"))
    token = by_code(served).json()["refresh_token"]

    less = refresh(served, token, scope="reports").json()
    wider = refresh(served, less["refresh_token"], scope="reports everything")
    again = refresh(served, less["refresh_token"]).json()

    assert less["scope"] == "reports"
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")
    assert again["scope"] == "ilservices reports"
