"""One-time actions happen only once, even if many connections request them at the same time."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from mock_sei import MockSei
from tests.e2e.handshakes import answer, tls
from tests.oauth.assertions import GRANT as SAML
from tests.oauth.assertions import assertion, encoded, own, register, sign
from tests.patience import PATIENCE
from tests.support import TICKETS, Served

pytestmark = pytest.mark.usefixtures("either_loop_at_night")

MANY = 100

Answers = list[tuple[int, dict[str, Any]]]


def at_once(server: MockSei, application: str, forms: Sequence[dict[str, str]]) -> Answers:
    """Token requests of one application, each from a thread and a connection of its own.

    Every connection is open before the first request leaves.
    """
    found = server.platform.state.registry.find_application(application)
    assert found is not None
    account = found.service_account
    url = server.url if account is None else server.two_way_url
    context = server.ssl_context(account)
    start = threading.Barrier(len(forms), timeout=PATIENCE)

    def ask(connected: Any, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        request = token_request(found.app_key, found.app_secret, form)
        start.wait()
        connected.sendall(request)
        return answer(connected)

    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(tls(url, context)) for _ in forms]
        pool = stack.enter_context(ThreadPoolExecutor(len(forms)))
        return list(pool.map(ask, connections, forms, timeout=PATIENCE))


def token_request(app_key: str, app_secret: str | None, form: dict[str, str]) -> bytes:
    authorization = ""
    if app_secret is None:
        form = {"client_id": app_key, **form}
    else:
        pair = base64.b64encode(f"{app_key}:{app_secret}".encode()).decode()
        authorization = f"Authorization: Basic {pair}\r\n"
    body = urlencode(form)
    return (
        "POST /v2/oauthtoken HTTP/1.1\r\nHost: localhost\r\n"
        f"{authorization}Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def the_one(answers: Answers) -> dict[str, Any]:
    """The body of the one that got a token; every other was refused."""
    assert sorted(status for status, _ in answers) == [200, *[400] * (len(answers) - 1)]
    refused = {body["error"] for status, body in answers if status == 400}
    assert refused == {"invalid_grant"}
    return next(body for status, body in answers if status == 200)


def call(server: MockSei, application: str, token: str) -> int:
    found = server.platform.state.registry.find_application(application)
    assert found is not None
    headers = {"AppKey": found.app_key, "Authorization": f"Bearer {token}"}
    with server.client(found.service_account) as http:
        return http.get(TICKETS, headers=headers).status_code


def refresh_form(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


@pytest.mark.parametrize("application", ["demo-web", "demo-native"])
@pytest.mark.parametrize("count", [2, 20])
def test_of_refreshes_with_one_token_one_wins_and_the_family_ends(
    mock_sei: MockSei, application: str, count: int
) -> None:
    """The others are a reuse, which ends everything of this consent (RFC 9700 section 4.14.2)."""
    first = mock_sei.token_response(application)

    won = the_one(at_once(mock_sei, application, [refresh_form(first["refresh_token"])] * count))

    assert call(mock_sei, application, first["access_token"]) == 401
    assert call(mock_sei, application, won["access_token"]) == 401
    ((status, _),) = at_once(mock_sei, application, [refresh_form(won["refresh_token"])])
    assert status == 400


def test_refreshes_with_tokens_of_their_own_all_win(mock_sei: MockSei) -> None:
    tokens = [mock_sei.token_response("demo-web")["refresh_token"] for _ in range(8)]

    answers = at_once(mock_sei, "demo-web", [refresh_form(token) for token in tokens])

    assert [status for status, _ in answers] == [200] * 8
    assert len({body["refresh_token"] for _, body in answers} | set(tokens)) == 16
    assert {call(mock_sei, "demo-web", body["access_token"]) for _, body in answers} == {200}


@pytest.mark.parametrize("application", ["demo-web", "demo-native"])
def test_of_a_hundred_redemptions_of_one_code_one_wins(mock_sei: MockSei, application: str) -> None:
    """The tokens of the code end with its second use."""
    login = mock_sei.login(application)
    found = mock_sei.platform.state.registry.find_application(application)
    assert found is not None
    form = {
        "grant_type": "authorization_code",
        "code": login.code,
        "redirect_uri": found.redirect_addresses[0],
    }
    if login.code_verifier is not None:
        form["code_verifier"] = login.code_verifier

    won = the_one(at_once(mock_sei, application, [form] * MANY))

    assert call(mock_sei, application, won["access_token"]) == 401
    ((status, _),) = at_once(mock_sei, application, [refresh_form(won["refresh_token"])])
    assert status == 400


def test_of_a_hundred_uses_of_one_saml_assertion_one_wins(mock_sei: MockSei) -> None:
    """Its tokens live: a replay is refused, no more."""
    served = Served(mock_sei.platform)
    register(served, own().certificate)
    forms = [
        {"grant_type": SAML, "SAMLAssertion": encoded(sign(assertion(served, identifier=name)))}
        for name in ("_one", "_two")
    ]

    won = the_one(at_once(mock_sei, "demo-web", [forms[0]] * MANY))

    assert "was used before" in str(mock_sei.journal.last.refused_because)
    assert call(mock_sei, "demo-web", won["access_token"]) == 200
    ((status, _),) = at_once(mock_sei, "demo-web", [forms[1]])
    assert status == 200


@pytest.mark.mock_sei(concurrent_sessions="refuse")
def test_of_log_ins_at_once_one_has_the_session(mock_sei: MockSei) -> None:
    alice = {"username": "alice@example.com", "password": "alice-password"}
    bob = {"username": "bob@example.com", "password": "bob-password"}

    answers = at_once(mock_sei, "demo-internal", [{"grant_type": "password", **alice}] * 20)

    assert call(mock_sei, "demo-internal", the_one(answers)["access_token"]) == 200
    ((status, _),) = at_once(mock_sei, "demo-internal", [{"grant_type": "password", **bob}])
    assert status == 200
