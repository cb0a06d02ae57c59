"""``password``: for SEI-internal applications alone."""

from __future__ import annotations

import pytest

from mock_sei.errors import GRANT_INVALID, REQUEST_INVALID, SCOPE_INVALID
from tests.oauth.flows import ALICE, assert_refused, call, redeem
from tests.support import Platform


def test_the_password_grant_is_for_internal_applications(platform: Platform) -> None:
    form = {"grant_type": "password"} | ALICE

    good = redeem(platform, "demo-internal", **form)
    wrong = redeem(platform, "demo-internal", **(form | {"password": "wrong"}))
    other = redeem(platform, "demo-web", **form)

    assert call(platform, good.json()["access_token"], "demo-internal") == 200
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert (other.status_code, other.json()["error"]) == (400, "unauthorized_client")
    assert good.json()["email"] == "alice@example.com"
    assert "redirect_url" not in good.json()


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"password": "wrong"}, "The password of alice@example.com is wrong"),
        ({"password": "bob-password"}, "The password of alice@example.com is wrong"),
        ({"username": "carol@example.com"}, "There is no such end user"),
        ({"username": "Alice@example.com"}, "There is no such end user"),
        ({"username": "svc-internal", "password": "svc-internal-password"}, "no such end user"),
    ],
)
def test_a_wrong_user_is_refused(platform: Platform, changes: dict[str, str], because: str) -> None:
    form = {"grant_type": "password"} | ALICE | changes

    answer = redeem(platform, "demo-internal", **form)

    assert_refused(platform, answer, GRANT_INVALID, "end user", because=because)
    assert not platform.sandbox.state.oauth.sessions.live_of("alice@example.com")


@pytest.mark.parametrize("name", ["username", "password"])
def test_a_missing_parameter_is_refused(platform: Platform, name: str) -> None:
    form = {"grant_type": "password"} | ALICE | {name: ""}

    answer = redeem(platform, "demo-internal", **form)

    assert_refused(platform, answer, REQUEST_INVALID, "parse", because=name)


def test_email_may_stand_for_username(platform: Platform) -> None:
    form = {"email": "alice@example.com", "password": "alice-password"}

    good = redeem(platform, "demo-internal", grant_type="password", **form)
    both = redeem(platform, "demo-internal", grant_type="password", **form, username="bob")

    assert good.status_code == 200
    assert_refused(platform, both, REQUEST_INVALID, "parse", because="differ")


def test_a_scope_must_be_the_applications(platform: Platform) -> None:
    platform.change("demo-internal", scopes=("ilservices", "reports"))
    form = {"grant_type": "password"} | ALICE

    narrow = redeem(platform, "demo-internal", **form, scope="reports")
    unknown = redeem(platform, "demo-internal", **form, scope="everything")

    assert narrow.json()["scope"] == "reports"
    assert_refused(platform, unknown, SCOPE_INVALID, "scope")
