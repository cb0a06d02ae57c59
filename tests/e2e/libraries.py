"""Helpers of the tests of OAuth libraries: addresses, credentials and the user's log-in."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from mock_sei import MockSei
from mock_sei.testing.certificate import Certificate

AUTHORIZE = "/v2/oauth/authorize"
TOKEN = "/v2/oauthtoken"
REVOKE = "/v2/oauth/revoke"
TICKETS = "/v1/order/tradetickets"


class App(NamedTuple):
    """An application of the demo fixtures, as a client is configured with it."""

    key: str
    secret: str | None
    account: str | None
    redirect: str | None = None

    def url(self, server: MockSei) -> str:
        """The listener of the application's row."""
        return server.two_way_url if self.account else server.url


SERVER = App("demo-server-key", "demo-server-secret", "svc-demo")
INTERNAL = App("demo-internal-key", "demo-internal-secret", "svc-internal")
WEB = App("demo-web-key", "demo-web-secret", "svc-web", "https://localhost:9443/callback")
NATIVE = App("demo-native-key", None, None, "http://127.0.0.1/callback")
SPA = App("demo-spa-key", None, None, "http://localhost:8000/callback")
SERVICE_ACCOUNT = {"username": "svc-demo", "password": "svc-demo-password"}
END_USER = {"username": "alice@example.com", "password": "alice-password"}


def log_in(server: MockSei, url: str) -> str:
    """The end user logs in at a library's authorization URL and allows. Returns the redirect
    address."""
    with server.client() as http:
        answer = http.post(url, data={**END_USER, "decision": "allow"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def files(server: MockSei, account: Certificate | str) -> tuple[str, str]:
    certificate = account if isinstance(account, Certificate) else server.certificate(account)
    return str(certificate.cert_file), str(certificate.key_file)


def as_it_is(session: Any) -> None:
    """In the ``rfc`` dialect, a library that knows ``Bearer`` needs no workaround."""
    assert session.token["token_type"] == "Bearer"


def mend(session: Any) -> None:
    """The workaround of docs/clients.md for a token that was just fetched."""
    assert session.token["token_type"] == "BearerToken"
    session.token = {**session.token, "token_type": "Bearer"}


both_dialects = pytest.mark.parametrize(
    "cure",
    [
        pytest.param(mend, id="sei"),
        pytest.param(as_it_is, id="rfc", marks=pytest.mark.mock_sei(dialect="rfc")),
    ],
)


def call(session: Any, server: MockSei, app: App) -> int:
    """The status of a functional call; the library adds its token."""
    answer = session.get(app.url(server) + TICKETS, headers={"AppKey": app.key})
    return int(answer.status_code)
