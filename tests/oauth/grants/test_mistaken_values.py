"""A value of one kind never passes for another: each grant takes its own, unspoilt."""

from __future__ import annotations

import pytest

from tests.oauth.flows import (
    VERIFIER,
    assert_invalid_grant,
    by_code,
    call,
    log_in,
    redeem,
    refresh,
    returned,
)
from tests.support import Platform

GRANT_OF = {
    "code": "authorization_code",
    "refresh_token": "refresh_token",
    "sessionToken": "sessionToken",
}
KINDS = ["code", "access_token", "refresh_token", "sessionToken", "state", "verifier"]
MANGLED = ["", " ", "x", "\x00", "' OR 1=1 --", "../../etc/passwd", "x" * 5000, "\xe9\u20ac"]


@pytest.fixture
def values(platform: Platform) -> dict[str, str]:
    """One good value of every kind, all of one user."""
    tokens = by_code(platform).json()
    login = log_in(platform, state="a-state-that-was-sent")
    return {
        "code": returned(login)["code"],
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "sessionToken": login.cookies["mock_sei_session"],
        "state": returned(login)["state"],
        "verifier": VERIFIER,
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parameter", GRANT_OF)
def test_a_value_passes_in_its_own_place_alone(
    platform: Platform, values: dict[str, str], parameter: str, kind: str
) -> None:
    value = values[kind]

    answer = redeem(platform, grant_type=GRANT_OF[parameter], **{parameter: value})

    if kind == parameter:
        assert answer.status_code == 200, answer.text
        return
    assert_invalid_grant(platform, answer, "No ")
    assert by_code(platform, code=values["code"]).status_code == 200  # nothing of it was spoilt
    assert call(platform, values["access_token"]) == 200
    assert refresh(platform, values["refresh_token"]).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_an_access_token_opens_a_functional_api(
    platform: Platform, values: dict[str, str], kind: str
) -> None:
    status = call(platform, values[kind])

    assert status == (200 if kind == "access_token" else 401)


@pytest.mark.parametrize("value", MANGLED)
@pytest.mark.parametrize("parameter", GRANT_OF)
def test_a_mangled_value_is_a_well_formed_refusal(
    platform: Platform, values: dict[str, str], parameter: str, value: str
) -> None:
    good = values[parameter]
    for sent in (value, good + value, value + good):
        if sent == good:
            continue
        answer = redeem(platform, grant_type=GRANT_OF[parameter], **{parameter: sent})

        assert answer.status_code == 400
        assert answer.json()["error"] == ("invalid_grant" if sent else "invalid_request")
        assert answer.json()["trackingId"] == answer.headers["RequestTrackingId"]
    for changed in (good[:-1], good.swapcase()):
        answer = redeem(platform, grant_type=GRANT_OF[parameter], **{parameter: changed})
        assert_invalid_grant(platform, answer, "No ")
    assert platform.sandbox.bugs == []
    assert redeem(platform, grant_type=GRANT_OF[parameter], **{parameter: good}).status_code == 200


@pytest.mark.parametrize("parameter", GRANT_OF)
def test_another_applications_value_is_refused_but_for_the_session(
    platform: Platform, values: dict[str, str], parameter: str
) -> None:
    """A session is a user's, not an application's; codes and refresh tokens are not shared."""
    form = {"grant_type": GRANT_OF[parameter], parameter: values[parameter]}
    platform.change("demo-internal", owner="sei-client")  # a second application of that row

    answer = redeem(platform, "demo-internal", **form)

    if parameter == "sessionToken":
        assert answer.json()["email"] == "alice@example.com"
    else:
        assert_invalid_grant(platform, answer, "issued to another application")
        assert redeem(platform, **form).status_code == 200
