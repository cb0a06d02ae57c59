"""No part of a secret that a client sent in a wrong place is shown anywhere.

Every kind of secret in every place whose value a refusal or a note repeats; then journal, log,
error bodies and the portal's pages are searched for any eight characters of it.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from mock_sei.journal.entries import SENTENCE_SHOWN, VALUE_OF_REFUSAL_SHOWN
from mock_sei.journal.hiding import LOOK_AHEAD
from mock_sei.rules.standards import Listener
from mock_sei.values.texts import MOST_REPEATED
from mock_sei.web.refusals import REASON_SENT
from tests.oauth.flows import AUTHORIZE, by_code
from tests.support import TICKETS, TOKEN_PATH, Served, control_client, registration

pytestmark = pytest.mark.slow


PART = 8
"""The number of consecutive characters of a secret that are never shown."""
PAIR = ("demo-server-key", "demo-server-secret")
INVESTORS = "/v2/investors"

Send = Callable[[httpx2.Client, str, dict[str, str]], httpx2.Response]
FILLINGS = ("", "x" * (VALUE_OF_REFUSAL_SHOWN - 20))
"""Text before a secret. With the second one, a long value is cut within the secret."""


def token_parameter(name: str, **others: str) -> Send:
    def send(http: httpx2.Client, secret: str, _: dict[str, str]) -> httpx2.Response:
        form = {"grant_type": "client_credentials", "username": "svc-demo", "password": "x"}
        return http.post(TOKEN_PATH, data=form | others | {name: secret}, auth=PAIR)

    return send


def authorize_parameter(name: str) -> Send:
    values = {"client_id": "demo-web-key", "response_type": "code"}
    return lambda http, secret, _: http.get(AUTHORIZE, params=values | {name: secret})


def query(path: str, name: str) -> Send:
    return lambda http, secret, headers: http.get(path, params={name: secret}, headers=headers)


def header(name: str, form: str = "{}") -> Send:
    def send(http: httpx2.Client, secret: str, headers: dict[str, str]) -> httpx2.Response:
        return http.get(TICKETS, headers=headers | {name: form.format(secret)})

    return send


def token_header(name: str, form: str = "{}") -> Send:
    def send(http: httpx2.Client, secret: str, _: dict[str, str]) -> httpx2.Response:
        return http.post(TOKEN_PATH, content=b"x", headers={name: form.format(secret)})

    return send


def body(method: str, path: str, make: Callable[[str], Any]) -> Send:
    def send(http: httpx2.Client, secret: str, headers: dict[str, str]) -> httpx2.Response:
        return http.request(method, path, json=make(secret), headers=headers)

    return send


def text(content: str, content_type: str = "application/json") -> Send:
    def send(http: httpx2.Client, secret: str, headers: dict[str, str]) -> httpx2.Response:
        sent = content.replace("SECRET", secret)
        told = {"content-type": content_type.replace("SECRET", secret)}
        return http.post("/v1/investors", content=sent, headers=headers | told)

    return send


def form_text(content: str) -> Send:
    def send(http: httpx2.Client, secret: str, _: dict[str, str]) -> httpx2.Response:
        told = {"content-type": "application/x-www-form-urlencoded"}
        sent = content.replace("SECRET", secret)
        return http.post(TOKEN_PATH, content=sent, headers=told, auth=PAIR)

    return send


def path(form: str, method: str = "GET") -> Send:
    def send(http: httpx2.Client, secret: str, headers: dict[str, str]) -> httpx2.Response:
        return http.request(method, form.format(secret), headers=headers)

    return send


def with_token_header(member: str) -> Send:
    """A token whose header names a secret as its algorithm or key."""

    def send(http: httpx2.Client, secret: str, headers: dict[str, str]) -> httpx2.Response:
        said = {"alg": "ES256", "typ": "JWT", "kid": "x"} | {member: secret}
        first = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
        token = f"{first}.eyJzdWIiOiJ4In0.c2ln"
        return http.get(TICKETS, headers=headers | {"Authorization": f"Bearer {token}"})

    return send


PLACES: dict[str, Send] = {
    **{
        f"{name} of a token request": token_parameter(name)
        for name in ("grant_type", "username", "password", "scope", "email", "x")
    },
    "client_id beside the pair": token_parameter("client_id"),
    "endOtherSessions": token_parameter(
        "endOtherSessions", grant_type="password", username="alice@example.com"
    ),
    "redirect_uri of a code": token_parameter("redirect_uri", grant_type="authorization_code"),
    **{
        f"{name} of authorize": authorize_parameter(name)
        for name in (
            "client_id",
            "redirect_uri",
            "response_type",
            "scope",
            "endOtherSessions",
            "code_challenge_method",
            "state",
        )
    },
    "token query": lambda http, secret, _: http.post(f"{TOKEN_PATH}?{secret}=1&{secret}=2"),
    "scheme at the token endpoint": token_header("Authorization", "{} x"),
    "pair without a colon": token_header("Authorization"),
    "Content-Type at the token endpoint": token_header("Content-Type"),
    "scheme": header("Authorization", "{} x"),
    "AppKey": header("AppKey"),
    "bearer": header("Authorization", "Bearer {}"),
    "Origin of a form": lambda http, secret, _: http.post(
        "/portal/apps", data={"x": "1"}, headers={"Origin": f"https://{secret}"}
    ),
    "alg": with_token_header("alg"),
    "kid": with_token_header("kid"),
    **{
        f"{name} of a list": query(INVESTORS, name)
        for name in ("limit", "offset", "isActive", "x", "asOfDate", "sort", "fields")
    },
    "name of a parameter": lambda http, secret, headers: http.get(
        INVESTORS, params={secret: "1"}, headers=headers
    ),
    "path": path("/v2/{}/x"),
    "path of a record": path("/v2/investors/{}"),
    "method of a path": path("/v2/investors/{}", "DELETE"),
    "page of the portal": path("/portal/{}"),
    "application of the portal": path("/portal/apps/{}"),
    "mail of the portal": path("/portal/mailbox/{}"),
    "product of the portal": path("/portal/apis/{}"),
    "name of a token parameter": form_text("SECRET=x&grant_type=client_credentials"),
    "name alone": form_text("SECRET"),
    "rest of a password": form_text("grant_type=client_credentials&password=x&SECRET=y"),
    "name behind an escape": form_text("grant_type=client_credentials&amp;SECRET=y"),
    "JSON as a form": form_text('{"grant_type": "SECRET"}'),
    "access_token in the query": lambda http, secret, _: http.get(
        TICKETS, params={"access_token": secret}, headers={"AppKey": "demo-server-key"}
    ),
    "path of the control API": path("/journal/{}"),
    "path of authorize": path("/v2/oauth/authorise/{}"),
    **{
        f"Authorization {form}": header("Authorization", form)
        for form in ("BearerToken {}", '"Bearer {}"', 'Bearer "{}"', "Bearer Bearer {}")
    },
    "link": path("/portal/certificates/{}"),
    "format of a link": path("/portal/certificates/x?format={}"),
    "value in a body": body("POST", "/v1/investors", lambda secret: {"name": [secret]}),
    "body": body("POST", "/v1/investors", lambda secret: secret),
    "list in a body": body("POST", "/v1/investors", lambda secret: [[secret] * 3]),
    "name in a body": body("POST", "/v1/investors", lambda secret: {secret: {secret: 1}}),
    "name that is there twice": text('{"SECRET": 1, "SECRET": 2}'),
    "number without end": text('{"a": SECRET}'),
    "Content-Type": text("{}", "SECRET"),
    "Content-Type of a type": text("{}", "text/SECRET"),
}


@pytest.fixture
def secrets(served: Served) -> dict[str, str]:
    made = control_client(served.platform).post("/applications", json=registration())
    assert made.status_code == 201
    application = served.application("Nightly")
    assert application.service_account
    accounts = served.platform.state.registry.service_accounts
    granted = by_code(served).json()
    return {
        "AppSecret": application.app_secret or "",
        "password": accounts[application.service_account].password,
        "refresh token": granted["refresh_token"],
        "access token": granted["access_token"],
    }


def test_no_place_shows_a_part_of_a_secret(
    served: Served, secrets: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    two_way = served.client()
    one_way = served.client(None, listener=Listener.ONE_WAY)
    headers = served.headers()
    problems = []
    for place, send in PLACES.items():
        for name, secret in secrets.items():
            served.platform.journal.clear()
            caplog.clear()
            errors = []
            for filling in FILLINGS:
                sent = f"{filling} {secret}" if filling else secret
                with contextlib.suppress(httpx2.InvalidURL):
                    answers = [send(http, sent, headers) for http in (two_way, one_way)]
                    errors += [each.text for each in answers if each.is_error]
            shown = {
                "journal": json.dumps(served.platform.journal.to_json()),
                "log": caplog.text,
                "page": one_way.get("/portal/journal").text,
                "answer": "\n".join(errors),
            }
            problems += [
                f"{place}, {name}: {where} shows {part}"
                for where, text in shown.items()
                for part in parts_in(secret, text)
            ]
    assert problems == []


def parts_in(secret: str, text: str) -> list[str]:
    """The first part of a secret that a text contains. The first part of a token is not secret."""
    begin = secret.find(".") + 1 if secret.startswith("eyJ") else 0
    for at in range(begin, len(secret) - PART + 1):
        if secret[at : at + PART] in text:
            return [secret[at : at + PART]]
    return []


def test_a_message_repeats_enough_to_recognise_what_is_cut() -> None:
    assert max(SENTENCE_SHOWN, VALUE_OF_REFUSAL_SHOWN, REASON_SENT) + LOOK_AHEAD <= MOST_REPEATED
