"""The five checks in front of a functional API: each with its documented body, in their order."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mock_sei.standards import Listener
from tests.support import CREDENTIALS_MESSAGE, TICKETS, Platform


def test_a_good_call_passes(platform: Platform) -> None:
    answer = platform.get()

    entry = platform.sandbox.journal.last
    assert answer.status_code == 200
    assert (entry.application, entry.service_account) == ("demo-server", "svc-demo")
    assert entry.refused_by is None


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_taken_in_any_case(platform: Platform, scheme: str) -> None:
    """Acceptance row H5."""
    headers = platform.headers() | {"Authorization": f"{scheme} {platform.token()}"}

    assert platform.get(headers=headers).status_code == 200


def test_no_token_is_challenged_without_an_error(platform: Platform) -> None:
    """Acceptance row H1."""
    answer = platform.get(headers={"AppKey": "demo-server-key"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mock-sei"'
    assert answer.json()["message"] == CREDENTIALS_MESSAGE
    assert "No access token" in (platform.sandbox.journal.last.refused_because or "")


def test_a_key_pair_is_no_token(platform: Platform) -> None:
    pair = base64.b64encode(b"demo-server-key:demo-server-secret").decode()

    answer = platform.get(headers={"AppKey": "demo-server-key", "Authorization": f"Basic {pair}"})

    assert answer.status_code == 401
    assert platform.sandbox.journal.last.actual == "Basic"


def test_a_token_in_the_query_string_is_no_token(platform: Platform) -> None:
    """Acceptance row H6."""
    answer = platform.get(
        f"{TICKETS}?access_token={platform.token()}", headers={"AppKey": "demo-server-key"}
    )

    assert answer.status_code == 401


def test_a_refused_call_is_no_use_of_the_token(platform: Platform) -> None:
    headers = platform.headers()
    platform.sandbox.clock.advance(minutes=29)
    platform.get(headers=headers, http=platform.client("svc-web"))
    platform.sandbox.clock.advance(minutes=2)

    assert platform.get(headers=headers).status_code == 401


def test_a_certificate_of_another_account_is_refused(platform: Platform) -> None:
    """Documented row 2: the token's account must equal the certificate's CN."""
    answer = platform.get(http=platform.client("svc-web"))

    assert answer.status_code == 403
    assert answer.json()["errors"] == [{"reason": "Authorization Failed."}]
    assert "WWW-Authenticate" not in answer.headers


def test_the_one_way_listener_refuses_a_server_application(platform: Platform) -> None:
    """Documented row 3."""
    answer = platform.get(http=platform.client(None, listener=Listener.ONE_WAY))

    assert answer.status_code == 403
    assert answer.json()["errors"] == [{"reason": "The incoming traffic pattern is invalid."}]


def test_a_source_address_off_the_list_is_refused(platform: Platform) -> None:
    """Documented row 1."""
    headers = platform.headers()
    platform.change("demo-server", source_addresses=("192.0.2.1",))

    answer = platform.get(headers=headers)

    assert answer.status_code == 403
    assert answer.json()["errors"] == []


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"approved": False}, "waits for approval"),
        ({"products": ("investors",)}, "not granted the product sma-trade-orders"),
        ({"environments": ("build",)}, "not registered for the test environment"),
    ],
)
def test_an_application_without_the_grant_is_refused(
    platform: Platform, changes: dict[str, Any], because: str
) -> None:
    """Documented row 5."""
    headers = platform.headers()
    platform.change("demo-server", **changes)

    answer = platform.get(headers=headers)

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid ApiKey for given resource"
    assert because in (platform.sandbox.journal.last.refused_because or "")


@pytest.mark.parametrize("app_key", [None, "unknown", "demo-limited-key", "demo-web-key"])
def test_a_wrong_app_key_is_refused(platform: Platform, app_key: str | None) -> None:
    """Acceptance row H8; the last is a known key, but the token is another application's."""
    headers = platform.headers()
    del headers["AppKey"]
    if app_key:
        headers["AppKey"] = app_key

    answer = platform.get(headers=headers)

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid ApiKey for given resource"


def test_the_first_check_that_fails_decides(platform: Platform) -> None:
    """Everything is wrong at first and mended from the front: each check shows in its turn."""
    token = platform.token()
    platform.change("demo-server", source_addresses=("192.0.2.1",), products=("investors",))
    seen = []

    def attempt(listener: Listener, source: str, authorization: str) -> None:
        http = platform.client("svc-web", listener=listener, source=source)
        headers = {"AppKey": "demo-server-key", "Authorization": authorization}
        platform.get(http=http, headers=headers)
        seen.append(platform.sandbox.journal.last.refused_by)

    attempt(Listener.ONE_WAY, "127.0.0.1", "Bearer x")
    attempt(Listener.TWO_WAY, "127.0.0.1", "Bearer x")
    attempt(Listener.TWO_WAY, "192.0.2.1", "Bearer x")
    platform.change("demo-server", products=("*",))
    attempt(Listener.TWO_WAY, "192.0.2.1", "Bearer x")
    attempt(Listener.TWO_WAY, "192.0.2.1", f"Bearer {token}")

    assert seen == ["listener", "source address", "AppKey", "access token", "certificate name"]


def test_a_secret_in_the_wrong_header_is_not_shown(platform: Platform) -> None:
    platform.get(headers=platform.headers() | {"AppKey": "demo-server-secret"})

    assert "demo-server-secret" not in str(platform.sandbox.journal.last.to_json())


def test_a_token_of_another_scope_does_not_reach_functional_apis(platform: Platform) -> None:
    """Acceptance row H3."""
    platform.change("demo-server", scopes=("ilservices", "reports"))
    narrow = platform.post_token(scope="reports").json()["access_token"]

    answer = platform.get(headers=platform.headers(token=narrow))

    body = answer.json()
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="mock-sei", error="insufficient_scope", scope="ilservices"'
    )
    assert (body["code"], body["errors"]) == ("gateway.access.failure", [])
    assert platform.sandbox.journal.last.actual == "reports"
    assert platform.get().status_code == 200
