"""``password``: only for SEI-internal applications."""

from __future__ import annotations

import pytest

from mock_sei.errors import GRANT_INVALID, REQUEST_INVALID, SCOPE_INVALID
from tests.oauth.flows import ALICE, assert_refused, call, redeem
from tests.support import Served


def test_the_password_grant_is_for_internal_applications(served: Served) -> None:
    form = {"grant_type": "password"} | ALICE

    good = redeem(served, "demo-internal", **form)
    wrong = redeem(served, "demo-internal", **(form | {"password": "wrong"}))
    other = redeem(served, "demo-web", **form)

    assert call(served, good.json()["access_token"], "demo-internal") == 200
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
def test_a_wrong_user_is_refused(served: Served, changes: dict[str, str], because: str) -> None:
    form = {"grant_type": "password"} | ALICE | changes

    answer = redeem(served, "demo-internal", **form)

    assert_refused(served, answer, GRANT_INVALID, "end user", because=because)
    assert not served.platform.state.oauth.sessions.live_of("alice@example.com")


@pytest.mark.parametrize("name", ["username", "password"])
def test_a_missing_parameter_is_refused(served: Served, name: str) -> None:
    form = {"grant_type": "password"} | ALICE | {name: ""}

    answer = redeem(served, "demo-internal", **form)

    assert_refused(served, answer, REQUEST_INVALID, "parse", because=name)


def test_email_may_stand_for_username(served: Served) -> None:
    form = {"email": "alice@example.com", "password": "alice-password"}

    good = redeem(served, "demo-internal", grant_type="password", **form)
    both = redeem(served, "demo-internal", grant_type="password", **form, username="bob")

    assert good.status_code == 200
    assert_refused(served, both, REQUEST_INVALID, "parse", because="differ")


def test_a_scope_must_be_the_applications(served: Served) -> None:
    served.change("demo-internal", scopes=("ilservices", "reports"))
    form = {"grant_type": "password"} | ALICE

    narrow = redeem(served, "demo-internal", **form, scope="reports")
    unknown = redeem(served, "demo-internal", **form, scope="everything")

    assert narrow.json()["scope"] == "reports"
    assert_refused(served, unknown, SCOPE_INVALID, "scope")
