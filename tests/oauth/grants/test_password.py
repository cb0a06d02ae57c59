"""``password``: for SEI-internal applications alone."""

from __future__ import annotations

from tests.oauth.flows import ALICE, call, redeem
from tests.support import Platform


def test_the_password_grant_is_for_internal_applications(platform: Platform) -> None:
    """Acceptance rows E4, E5."""
    form = {"grant_type": "password"} | ALICE

    good = redeem(platform, "demo-internal", **form)
    wrong = redeem(platform, "demo-internal", **(form | {"password": "wrong"}))
    other = redeem(platform, "demo-web", **form)

    assert call(platform, good.json()["access_token"], "demo-internal") == 200
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert (other.status_code, other.json()["error"]) == (400, "unauthorized_client")
