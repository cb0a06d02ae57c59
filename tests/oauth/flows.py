"""The client's side of every flow, in process, for the tests of grants and pages."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from mock_sei.errors import RefusalKind
from mock_sei.oauth.proof_key import challenge_of
from mock_sei.rules.standards import Listener
from tests.support import TOKEN_PATH, Served

AUTHORIZE = "/v2/oauth/authorize"
LOGIN = "/v2/oauth/login"
VERIFIER = "a-verifier-of-forty-three-characters-or-more-1"
WEB = {"client_id": "demo-web-key"}
ALICE = {"username": "alice@example.com", "password": "alice-password", "decision": "allow"}
LOOPBACK = "http://127.0.0.1:51234/callback"
NATIVE = {
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
    "redirect_uri": LOOPBACK,
}


DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")
"""The characters of an ``error_description`` (RFC 6749 sections 4.1.2.1 and 5.2)."""


def encoded(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


PAIR = encoded("demo-server-key:demo-server-secret")


def assert_refused(
    served: Served, answer: Any, kind: RefusalKind, check: str, *, because: str = ""
) -> None:
    body = answer.json()
    entry = served.platform.journal.last
    assert (answer.status_code, body["error"]) == (kind.status, kind.error)
    assert (body["code"], body["message"]) == (kind.code, kind.message)
    assert body["transient"] is False
    assert DESCRIPTION.fullmatch(body["error_description"])
    assert body["trackingId"] == answer.headers["RequestTrackingId"] == entry.tracking_id
    assert entry.refused_by == check
    assert because in (entry.refused_because or "")
    assert "access_token" not in body
    assert answer.headers["Cache-Control"] == "no-store"


def log_in(served: Served, application: str = "demo-web", **query: Any) -> httpx2.Response:
    """One POST that logs in and consents, for a test without a browser."""
    app_key = served.application(application).app_key
    native = NATIVE if application == "demo-native" else {}
    parameters = {"client_id": app_key, **native} | query
    http = served.client(None, listener=Listener.ONE_WAY)
    return http.post(
        AUTHORIZE,
        params={name: value for name, value in parameters.items() if value is not None},
        data=ALICE,
        follow_redirects=False,
    )


def returned(answer: httpx2.Response) -> dict[str, str]:
    """The members of an answer in the redirect address, from its query or fragment."""
    parts = urlsplit(answer.headers["Location"])
    return dict(parse_qsl(parts.fragment or parts.query))


def redeem(served: Served, application: str = "demo-web", **form: Any) -> httpx2.Response:
    """A token request of an application to its own listener."""
    found = served.application(application)
    fields = {name: value for name, value in form.items() if value is not None}
    listener = found.standard.listener
    http = served.client(found.service_account, listener=listener)
    if found.app_secret is None:
        return http.post(TOKEN_PATH, data={"client_id": found.app_key, **fields})
    return http.post(TOKEN_PATH, data=fields, auth=(found.app_key, found.app_secret))


def by_code(served: Served, application: str = "demo-web", **changes: Any) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "code_verifier": VERIFIER if application == "demo-native" else None,
        "redirect_uri": LOOPBACK if application == "demo-native" else None,
    }
    if "code" not in changes:
        changes["code"] = returned(log_in(served, application))["code"]
    return redeem(served, application, **(form | changes))


def refresh(served: Served, token: str, application: str = "demo-web", **more: Any) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return redeem(served, application, **form, **more)


def call(served: Served, token: str, application: str = "demo-web") -> int:
    """The status of a functional call with a token, to the application's own listener."""
    found = served.application(application)
    http = served.client(found.service_account, listener=found.standard.listener)
    return served.get(http=http, headers=served.headers(application, token)).status_code


def reason(served: Served) -> str:
    return served.platform.journal.last.refused_because or ""


def assert_invalid_grant(served: Served, answer: Any, because: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert because in reason(served)


def revoke(served: Served, application: str = "demo-web", **form: str) -> httpx2.Response:
    found = served.application(application)
    http = served.client(found.service_account)
    pair = (found.app_key, found.app_secret or "")
    return http.post("/v2/oauth/revoke", data=form, auth=pair)


def information(served: Served, token: str, **query: str) -> httpx2.Response:
    http = served.client("svc-web")
    headers = {"Authorization": f"Bearer {token}"}
    return http.get("/v2/oauth/tokeninfo", params=query, headers=headers)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a form."""
    return page.split(f'name="{name}" value="')[1].split('"')[0]
