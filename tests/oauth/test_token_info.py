"""Token information: a valid token is described, any other is refused."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.oauth.metadata import TOKEN_INFO_PATH
from mock_sei.rules.standards import Listener
from tests.oauth.flows import by_code, call, information, reason, revoke
from tests.oauth.good_requests import ONE_WAY_GRANTS, TWO_WAY_GRANTS, tokens_of
from tests.support import Served


def ask(
    served: Served, application: str, token: str, listener: Listener, certificate: str
) -> httpx2.Response:
    http = served.client(certificate, listener=listener)
    query = {"client_id": served.application(application).app_key}
    return http.get(TOKEN_INFO_PATH, params=query, headers={"Authorization": f"Bearer {token}"})


def test_token_information_has_the_documented_members(served: Served) -> None:
    served.platform.clock.freeze()
    tokens = by_code(served).json()
    served.platform.clock.advance(seconds=9)

    answer = information(served, tokens["access_token"], client_id="demo-web-key")

    body = answer.json()
    assert body.pop("expires_in") in (3590, 3591)
    assert body == {
        "access_token": tokens["access_token"],
        "token_type": "BearerToken",
        "status": "approved",
        "scope": "ilservices",
        "refresh_token": tokens["refresh_token"],
        "refresh_token_expires_in": 2_591_991,
        "redirect_url": "https://localhost:9443/callback",
        "email": "alice@example.com",
        "app_name": "demo-web",
    }
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("application", [*TWO_WAY_GRANTS, *ONE_WAY_GRANTS])
def test_every_application_asks_over_its_own_listener(served: Served, application: str) -> None:
    token = tokens_of(served, application)["access_token"]
    own = served.application(application).service_account or "svc-demo"
    home, other = Listener.TWO_WAY, Listener.ONE_WAY
    if application in ONE_WAY_GRANTS:
        home, other = other, home

    good = ask(served, application, token, home, own)
    elsewhere = ask(served, application, token, other, own)

    assert good.json()["access_token"] == token
    assert ("email" in good.json()) is (application != "demo-server")
    refreshable = application not in ("demo-server", "demo-spa")
    assert ("refresh_token" in good.json()) is refreshable
    assert elsewhere.status_code == 403


def test_another_certificate_is_refused(served: Served) -> None:
    token = by_code(served).json()["access_token"]

    answer = ask(served, "demo-web", token, Listener.TWO_WAY, "svc-internal")

    assert answer.status_code == 403
    assert answer.json()["errors"] == [{"reason": "Authorization Failed."}]


def test_token_information_refuses_dead_tokens_and_missing_ids(served: Served) -> None:
    token = by_code(served).json()["access_token"]
    missing = information(served, token)
    assert missing.status_code == 400
    assert missing.json()["errors"][0]["field"] == "client_id"
    assert information(served, token, client_id="demo-internal-key").status_code == 401
    assert information(served, token, client_id="unknown").status_code == 401
    assert information(served, token, client_id="demo-web-key").status_code == 200
    revoke(served, token=token)

    dead = information(served, token, client_id="demo-web-key")

    assert dead.status_code == 401
    assert 'error="invalid_token"' in dead.headers["WWW-Authenticate"]
    assert "revoked" in reason(served)


def test_no_token_is_challenged_without_an_error(served: Served) -> None:
    query = {"client_id": "demo-web-key"}

    answer = served.client("svc-web").get(TOKEN_INFO_PATH, params=query)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mock-sei"'


@pytest.mark.parametrize(
    "query",
    ["client_id=demo-web-key&client_id=demo-web-key", "client_id=demo-web-key&client_id=x"],
)
def test_a_repeated_client_id_is_refused(served: Served, query: str) -> None:
    token = by_code(served).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    answer = served.client("svc-web").get(f"{TOKEN_INFO_PATH}?{query}", headers=headers)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["reason"] == "given more than once"


def test_an_empty_client_id_counts_as_absent(served: Served) -> None:
    token = by_code(served).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    def ask_with(query: str) -> httpx2.Response:
        return served.client("svc-web").get(f"{TOKEN_INFO_PATH}?{query}", headers=headers)

    missing = ask_with("client_id=&client_id")

    assert missing.json()["errors"][0]["reason"] == "required and missing"
    assert ask_with("client_id=&client_id=demo-web-key&access_token=").status_code == 200


def test_a_token_in_two_places_is_refused(served: Served) -> None:
    """RFC 6750 section 3.1, RFC 9110 section 5.3."""
    token = by_code(served).json()["access_token"]
    bearer = ("Authorization", f"Bearer {token}")
    http, path = served.client("svc-web"), f"{TOKEN_INFO_PATH}?client_id=demo-web-key"

    for query, headers in ((f"&access_token={token}", [bearer]), ("", [bearer, bearer])):
        answer = http.get(f"{path}{query}", headers=headers)
        assert answer.status_code == 400
        assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]
    assert http.get(path, headers=[bearer]).status_code == 200


def test_a_refresh_token_is_no_access_token(served: Served) -> None:
    token = by_code(served).json()["refresh_token"]

    assert information(served, token, client_id="demo-web-key").status_code == 401


@pytest.mark.long
def test_asking_counts_as_a_use(served: Served) -> None:
    asked, idle = (by_code(served).json()["access_token"] for _ in range(2))
    served.platform.clock.advance(minutes=29)
    information(served, asked, client_id="demo-web-key")
    served.platform.clock.advance(minutes=29)

    assert call(served, asked) == 200
    assert call(served, idle) == 401


def test_it_takes_a_get_alone(served: Served) -> None:
    answer = served.client("svc-web").post(TOKEN_INFO_PATH)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
