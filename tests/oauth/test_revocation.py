"""Revocation: what dies with a token, and who may end it."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.errors import GRANT_INVALID, KEY_PAIR, REQUEST_INVALID, TRAFFIC_PATTERN, Kind
from mock_sei.oauth.metadata import REVOKE_PATH
from mock_sei.standards import Listener
from tests.oauth.flows import (
    assert_invalid_grant,
    assert_refused,
    by_code,
    call,
    encoded,
    information,
    refresh,
    revoke,
)
from tests.oauth.good_requests import ONE_WAY_GRANTS, TWO_WAY_GRANTS, tokens_of
from tests.support import Platform


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_one_token_ends_its_partner(platform: Platform, which: str) -> None:
    tokens = by_code(platform).json()
    assert information(platform, tokens["access_token"], client_id="demo-web-key").is_success

    answer = revoke(platform, token=tokens[which])

    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == {"message", "token", "cascade"}
    assert (body["token"], body["cascade"]) == (tokens[which], "true")
    assert answer.headers["Cache-Control"] == "no-store"
    assert call(platform, tokens["access_token"]) == 401
    assert (
        'invalid_token"'
        in platform.sandbox.journal.last.to_json()["response"]["headers"]["www-authenticate"]
    )
    info = information(platform, tokens["access_token"], client_id="demo-web-key")
    assert info.status_code == 401
    gone = refresh(platform, tokens["refresh_token"])
    assert_invalid_grant(platform, gone, "No such refresh token is known")


def test_revoking_ends_every_token_of_the_consent_and_no_other(platform: Platform) -> None:
    first, other = by_code(platform).json(), by_code(platform).json()
    second = refresh(platform, first["refresh_token"]).json()

    revoke(platform, token=second["refresh_token"])

    assert call(platform, first["access_token"]) == call(platform, second["access_token"]) == 401
    assert call(platform, other["access_token"]) == 200
    assert refresh(platform, other["refresh_token"]).status_code == 200


@pytest.mark.parametrize("application", [*TWO_WAY_GRANTS, *ONE_WAY_GRANTS])
def test_every_application_revokes_over_its_own_listener(
    platform: Platform, application: str
) -> None:
    """A single-page application can do it too, though it has no token request."""
    token = tokens_of(platform, application)["access_token"]
    home, other = Listener.TWO_WAY, Listener.ONE_WAY
    if application in ONE_WAY_GRANTS:
        home, other = other, home

    refused = revoke_over(platform, application, token, other)
    assert_refused(platform, refused, TRAFFIC_PATTERN, "listener")
    assert call(platform, token, application) == 200

    assert revoke_over(platform, application, token, home).status_code == 200
    assert call(platform, token, application) == 401


def revoke_over(
    platform: Platform, application: str, token: str, listener: Listener
) -> httpx2.Response:
    found = platform.application(application)
    http = platform.client(found.service_account or "svc-demo", listener=listener)
    form = {"token": token, "client_id": found.app_key}
    if found.app_secret:
        form["client_secret"] = found.app_secret
    return http.post(REVOKE_PATH, data=form)


def test_revoking_what_is_unknown_or_revoked_is_no_error(platform: Platform) -> None:
    tokens = by_code(platform).json()
    used = tokens["refresh_token"]
    current = refresh(platform, used).json()["refresh_token"]
    asked = ["bogus", "a.b.c", "\xe9", tokens["access_token"], tokens["access_token"]]

    statuses = [revoke(platform, token=each).status_code for each in [*asked, used, current]]

    assert statuses == [200] * 7


def test_a_used_refresh_token_still_ends_its_family(platform: Platform) -> None:
    """It is known until the family ends; revoking it is no reuse, and ends the same."""
    first = by_code(platform).json()
    second = refresh(platform, first["refresh_token"]).json()

    revoke(platform, token=first["refresh_token"])

    assert call(platform, second["access_token"]) == 401


def test_the_token_may_be_called_refresh_token_too(platform: Platform) -> None:
    tokens = by_code(platform).json()

    assert revoke(platform, refresh_token=tokens["refresh_token"]).status_code == 200
    assert call(platform, tokens["access_token"]) == 401


def test_an_expired_token_can_be_revoked(platform: Platform) -> None:
    tokens = by_code(platform).json()
    platform.sandbox.clock.advance(minutes=61)

    assert revoke(platform, token=tokens["access_token"]).status_code == 200
    assert refresh(platform, tokens["refresh_token"]).status_code == 400


def test_another_applications_token_is_left_alone(platform: Platform) -> None:
    tokens = by_code(platform).json()
    for which in ("access_token", "refresh_token"):
        answer = revoke(platform, "demo-internal", token=tokens[which])
        assert_refused(platform, answer, GRANT_INVALID, "revocation")
        assert platform.sandbox.journal.last.expected == "demo-web-key"

    assert call(platform, tokens["access_token"]) == 200
    assert refresh(platform, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("form", "pair", "kind", "check"),
    [
        ({}, ("demo-web-key", "demo-web-secret"), REQUEST_INVALID, "parse"),
        ({"token": ""}, ("demo-web-key", "demo-web-secret"), REQUEST_INVALID, "parse"),
        ({"token": "x"}, ("demo-web-key", "wrong"), KEY_PAIR, "key pair"),
        ({"token": "x"}, ("nobody", "x"), KEY_PAIR, "key pair"),
        ({"token": "x"}, None, KEY_PAIR, "key pair"),
    ],
)
def test_a_wrong_revocation_is_refused_in_the_documented_shape(
    platform: Platform,
    form: dict[str, str],
    pair: tuple[str, str] | None,
    kind: Kind,
    check: str,
) -> None:
    http = platform.client("svc-web")
    answer = http.post(REVOKE_PATH, data=form, headers=basic(pair))

    assert_refused(platform, answer, kind, check)
    body = answer.json()
    assert (body["ErrorCode"], body["Error"]) == (kind.code, kind.message)
    assert body["Hint"]
    assert ("WWW-Authenticate" in answer.headers) is (kind.status == 401)


def basic(pair: tuple[str, str] | None) -> dict[str, str]:
    return {"Authorization": f"Basic {encoded(':'.join(pair))}"} if pair else {}


def test_it_takes_a_post_alone(platform: Platform) -> None:
    answer = platform.client("svc-web").get(REVOKE_PATH)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
