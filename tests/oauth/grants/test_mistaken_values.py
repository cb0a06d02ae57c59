"""Each grant refuses values of other kinds, and leaves them usable."""

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
from tests.support import Served

GRANT_OF = {
    "code": "authorization_code",
    "refresh_token": "refresh_token",
    "sessionToken": "sessionToken",
}
KINDS = ["code", "access_token", "refresh_token", "sessionToken", "state", "verifier"]
MANGLED = ["", " ", "x", "\x00", "' OR 1=1 --", "../../etc/passwd", "x" * 5000, "\xe9\u20ac"]


@pytest.fixture
def values(served: Served) -> dict[str, str]:
    """A good value of each kind, all of one user."""
    tokens = by_code(served).json()
    login = log_in(served, state="a-state-that-was-sent")
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
    served: Served, values: dict[str, str], parameter: str, kind: str
) -> None:
    value = values[kind]

    answer = redeem(served, grant_type=GRANT_OF[parameter], **{parameter: value})

    if kind == parameter:
        assert answer.status_code == 200, answer.text
        return
    assert_invalid_grant(served, answer, "No ")
    assert by_code(served, code=values["code"]).status_code == 200  # nothing of it was spoilt
    assert call(served, values["access_token"]) == 200
    assert refresh(served, values["refresh_token"]).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_an_access_token_opens_a_functional_api(
    served: Served, values: dict[str, str], kind: str
) -> None:
    status = call(served, values[kind])

    assert status == (200 if kind == "access_token" else 401)


@pytest.mark.parametrize("value", MANGLED)
@pytest.mark.parametrize("parameter", GRANT_OF)
def test_a_mangled_value_is_a_well_formed_refusal(
    served: Served, values: dict[str, str], parameter: str, value: str
) -> None:
    good = values[parameter]
    for sent in (value, good + value, value + good):
        if sent == good:
            continue
        answer = redeem(served, grant_type=GRANT_OF[parameter], **{parameter: sent})

        assert answer.status_code == 400
        assert answer.json()["error"] == ("invalid_grant" if sent else "invalid_request")
        assert answer.json()["trackingId"] == answer.headers["RequestTrackingId"]
    for changed in (good[:-1], good.swapcase()):
        answer = redeem(served, grant_type=GRANT_OF[parameter], **{parameter: changed})
        assert_invalid_grant(served, answer, "No ")
    assert served.platform.bugs == []
    assert redeem(served, grant_type=GRANT_OF[parameter], **{parameter: good}).status_code == 200


@pytest.mark.parametrize("parameter", GRANT_OF)
def test_another_applications_value_is_refused_but_for_the_session(
    served: Served, values: dict[str, str], parameter: str
) -> None:
    """A session is a user's, not an application's; codes and refresh tokens are not shared."""
    form = {"grant_type": GRANT_OF[parameter], parameter: values[parameter]}
    served.change("demo-internal", owner="sei-client")  # a second application of that row

    answer = redeem(served, "demo-internal", **form)

    if parameter == "sessionToken":
        assert answer.json()["email"] == "alice@example.com"
    else:
        assert_invalid_grant(served, answer, "issued to another application")
        assert redeem(served, **form).status_code == 200
