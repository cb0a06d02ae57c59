"""Revocation: what dies with a token, and who may end it."""

from __future__ import annotations

import pytest

from tests.oauth.flows import by_code, call, refresh, revoke
from tests.support import Platform


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_one_token_ends_its_partner(platform: Platform, which: str) -> None:
    """Acceptance rows G7, G8, G14."""
    tokens = by_code(platform).json()

    answer = revoke(platform, token=tokens[which])

    assert answer.status_code == 200
    assert answer.json().keys() == {"message", "token", "cascade"}
    assert answer.json()["cascade"] == "true"
    assert call(platform, tokens["access_token"]) == 401
    assert refresh(platform, tokens["refresh_token"]).status_code == 400


def test_revoking_what_is_unknown_or_revoked_is_no_error(platform: Platform) -> None:
    """Acceptance row G9."""
    token = by_code(platform).json()["access_token"]

    statuses = [revoke(platform, token=each).status_code for each in ("bogus", token, token)]

    assert statuses == [200, 200, 200]


def test_a_wrong_revocation_is_refused_in_the_documented_shape(platform: Platform) -> None:
    """Acceptance rows G10, G13."""
    missing = revoke(platform)
    wrong = platform.client("svc-web").post(
        "/v2/oauth/revoke", data={"token": "x"}, auth=("demo-web-key", "wrong")
    )
    foreign = revoke(platform, "demo-internal", token=by_code(platform).json()["access_token"])

    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (foreign.status_code, foreign.json()["error"]) == (400, "invalid_grant")
    for answer in (missing, wrong, foreign):
        assert all(isinstance(answer.json()[each], str) for each in ("ErrorCode", "Error", "Hint"))
