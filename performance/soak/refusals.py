"""Requests that the server must refuse, with the status of each refusal."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from mock_sei.oauth.metadata import TOKEN_PATH
from mock_sei.rules.standards import GrantType, Listener
from performance.soak.requests import FORM, TICKETS, basic

DEMO = {"grant_type": "client_credentials", "username": "svc-demo"}
GOOD = {**DEMO, "password": "svc-demo-password"}
WEB = {"key": "demo-web-key", "secret": "demo-web-secret", "account": "svc-web"}


@dataclass(frozen=True, kw_only=True)
class BadRequest:
    """A request that the server must refuse with ``status``."""

    name: str
    status: int
    account: str | None = "svc-demo"
    """The account whose certificate is sent; None calls the one-way listener."""
    method: str = "POST"
    path: str = TOKEN_PATH
    headers: dict[str, str]
    body: bytes = b""

    @property
    def listener(self) -> Listener:
        return Listener.ONE_WAY if self.account is None else Listener.TWO_WAY


def _token(
    name: str,
    status: int,
    form: dict[str, str],
    *,
    secret: str = "demo-server-secret",
    key: str = "demo-server-key",
    account: str | None = "svc-demo",
) -> BadRequest:
    return BadRequest(
        name=name,
        status=status,
        account=account,
        headers={"Authorization": basic(key, secret), **FORM},
        body=urlencode(form).encode(),
    )


def _call(name: str, status: int, headers: dict[str, str], **how: str) -> BadRequest:
    return BadRequest(
        name=name,
        status=status,
        headers=headers,
        method=how.get("method", "GET"),
        path=how.get("path", TICKETS),
    )


KEY = {"AppKey": "demo-server-key"}

BAD_REQUESTS = (
    _token("a wrong AppSecret", 401, GOOD, secret="wrong"),
    _token("an unknown AppKey", 401, GOOD, key="nobody"),
    _token("a wrong password", 400, {**DEMO, "password": "wrong"}),
    _token("no password", 400, DEMO),
    _token("an unknown account", 400, {**GOOD, "username": "svc-nobody"}),
    _token("another's account", 400, {**GOOD, "username": "svc-web"}),
    _token("an unknown grant", 400, {**GOOD, "grant_type": "wish"}),
    _token("a grant of another row", 400, {**GOOD, "grant_type": "password"}),
    _token("another's certificate", 403, GOOD, account="svc-web"),
    _token("the wrong listener", 403, GOOD, account=None),
    _token("an unknown scope", 400, {**GOOD, "scope": "everything"}),
    _token("an empty form", 400, {}),
    _token(
        "a sessionToken of no session",
        400,
        {"grant_type": GrantType.SESSION_TOKEN, "sessionToken": "nobody"},
        **WEB,
    ),
    _token(
        "an assertion that is no XML",
        400,
        {"grant_type": GrantType.SAML2_BEARER, "SAMLAssertion": "bm8="},
        **WEB,
    ),
    BadRequest(
        name="a form that is JSON",
        status=400,
        headers={
            "Authorization": basic("demo-server-key", "demo-server-secret"),
            "Content-Type": "application/json",
        },
        body=b'{"grant_type": ',
    ),
    _call("no token", 401, KEY),
    _call("a garbled token", 401, {**KEY, "Authorization": "Bearer one.two.three"}),
    _call("another scheme", 401, {**KEY, "Authorization": "Basic bm8="}),
    _call("an AppKey that nobody has", 401, {"AppKey": "x", "Authorization": "Bearer a.b.c"}),
    _call("no AppKey", 401, {"Authorization": "Bearer a.b.c"}),
)

NOT_HTTP = b"\x16\x03 this is no HTTP\r\n\r\n"
"""Bytes that are not HTTP. They get status 400, and the connection ends."""
