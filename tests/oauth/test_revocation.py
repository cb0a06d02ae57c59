"""Revocation: which tokens it ends, and who may revoke."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.errors import GRANT_INVALID, KEY_PAIR, REQUEST_INVALID, TRAFFIC_PATTERN, RefusalKind
from mock_sei.oauth.metadata import REVOKE_PATH
from mock_sei.rules.standards import Listener
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
from tests.support import Served


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_one_token_ends_its_partner(served: Served, which: str) -> None:
    tokens = by_code(served).json()
    assert information(served, tokens["access_token"], client_id="demo-web-key").is_success

    answer = revoke(served, token=tokens[which])

    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == {"message", "token", "cascade"}
    assert (body["token"], body["cascade"]) == (tokens[which], "true")
    assert answer.headers["Cache-Control"] == "no-store"
    assert call(served, tokens["access_token"]) == 401
    assert (
        'invalid_token"'
        in served.platform.journal.last.to_json()["response"]["headers"]["www-authenticate"]
    )
    info = information(served, tokens["access_token"], client_id="demo-web-key")
    assert info.status_code == 401
    gone = refresh(served, tokens["refresh_token"])
    assert_invalid_grant(served, gone, "No such refresh token is known")


def test_revoking_ends_every_token_of_the_consent_and_no_other(served: Served) -> None:
    first, other = by_code(served).json(), by_code(served).json()
    second = refresh(served, first["refresh_token"]).json()

    revoke(served, token=second["refresh_token"])

    assert call(served, first["access_token"]) == call(served, second["access_token"]) == 401
    assert call(served, other["access_token"]) == 200
    assert refresh(served, other["refresh_token"]).status_code == 200


@pytest.mark.parametrize("application", [*TWO_WAY_GRANTS, *ONE_WAY_GRANTS])
def test_every_application_revokes_over_its_own_listener(served: Served, application: str) -> None:
    """A single-page application can revoke, too, though it has no token request."""
    token = tokens_of(served, application)["access_token"]
    home, other = Listener.TWO_WAY, Listener.ONE_WAY
    if application in ONE_WAY_GRANTS:
        home, other = other, home

    refused = revoke_over(served, application, token, other)
    assert_refused(served, refused, TRAFFIC_PATTERN, "listener")
    assert call(served, token, application) == 200

    assert revoke_over(served, application, token, home).status_code == 200
    assert call(served, token, application) == 401


def revoke_over(
    served: Served, application: str, token: str, listener: Listener
) -> httpx2.Response:
    found = served.application(application)
    http = served.client(found.service_account or "svc-demo", listener=listener)
    form = {"token": token, "client_id": found.app_key}
    if found.app_secret:
        form["client_secret"] = found.app_secret
    return http.post(REVOKE_PATH, data=form)


def test_revoking_what_is_unknown_or_revoked_is_no_error(served: Served) -> None:
    tokens = by_code(served).json()
    used = tokens["refresh_token"]
    current = refresh(served, used).json()["refresh_token"]
    asked = ["bogus", "a.b.c", "\xe9", tokens["access_token"], tokens["access_token"]]

    statuses = [revoke(served, token=each).status_code for each in [*asked, used, current]]

    assert statuses == [200] * 7


def test_a_used_refresh_token_still_ends_its_family(served: Served) -> None:
    """A used refresh token can be revoked; that ends its family, and does not count as a reuse."""
    first = by_code(served).json()
    second = refresh(served, first["refresh_token"]).json()

    revoke(served, token=first["refresh_token"])

    assert call(served, second["access_token"]) == 401


def test_the_token_may_be_called_refresh_token_too(served: Served) -> None:
    tokens = by_code(served).json()

    assert revoke(served, refresh_token=tokens["refresh_token"]).status_code == 200
    assert call(served, tokens["access_token"]) == 401


def test_an_expired_token_can_be_revoked(served: Served) -> None:
    tokens = by_code(served).json()
    served.platform.clock.advance(minutes=61)

    assert revoke(served, token=tokens["access_token"]).status_code == 200
    assert refresh(served, tokens["refresh_token"]).status_code == 400


def test_another_applications_token_is_left_alone(served: Served) -> None:
    tokens = by_code(served).json()
    for which in ("access_token", "refresh_token"):
        answer = revoke(served, "demo-internal", token=tokens[which])
        assert_refused(served, answer, GRANT_INVALID, "revocation")
        assert served.platform.journal.last.expected == "demo-web-key"

    assert call(served, tokens["access_token"]) == 200
    assert refresh(served, tokens["refresh_token"]).status_code == 200


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
    served: Served,
    form: dict[str, str],
    pair: tuple[str, str] | None,
    kind: RefusalKind,
    check: str,
) -> None:
    http = served.client("svc-web")
    answer = http.post(REVOKE_PATH, data=form, headers=basic(pair))

    assert_refused(served, answer, kind, check)
    body = answer.json()
    assert (body["ErrorCode"], body["Error"]) == (kind.code, kind.message)
    assert body["Hint"]
    assert ("WWW-Authenticate" in answer.headers) is (kind.status == 401)


def basic(pair: tuple[str, str] | None) -> dict[str, str]:
    return {"Authorization": f"Basic {encoded(':'.join(pair))}"} if pair else {}


def test_it_takes_a_post_alone(served: Served) -> None:
    answer = served.client("svc-web").get(REVOKE_PATH)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
