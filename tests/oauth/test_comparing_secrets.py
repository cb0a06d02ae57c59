"""Secrets are compared in constant time: one function of the standard library decides.

Codes, refresh tokens and sessions are 256 random bits and looked up whole. So is an AppSecret that
stands where the AppKey belongs: a dictionary knows it by a hash with a key of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

import httpx2
import pytest

from mock_sei.oauth.proof_key import Challenge, Method
from mock_sei.rules.standards import Listener
from tests.oauth.flows import ALICE, AUTHORIZE, VERIFIER, WEB, redeem
from tests.support import Served


def by_app_secret(served: Served, sent: str | None) -> httpx2.Response:
    return served.post_token(auth=("demo-server-key", sent or "demo-server-secret"))


def by_account_password(served: Served, sent: str | None) -> httpx2.Response:
    return served.post_token(password=sent or "svc-demo-password")


def by_user_password(served: Served, sent: str | None) -> httpx2.Response:
    form = {"grant_type": "password", "username": "alice@example.com"}
    return redeem(served, "demo-internal", **form, password=sent or "alice-password")


def by_log_in(served: Served, sent: str | None) -> httpx2.Response:
    http = served.client(None, listener=Listener.ONE_WAY)
    form = ALICE | {"password": sent or "alice-password"}
    answer = http.post(AUTHORIZE, params=WEB, data=form, follow_redirects=False)
    answer.status_code = 200 if "Location" in answer.headers else 401
    return answer


def by_consent(served: Served, sent: str | None) -> httpx2.Response:
    session = served.platform.state.oauth.sessions.start("alice@example.com")
    http = served.client(None, listener=Listener.ONE_WAY)
    http.cookies.set("mock_sei_session", session.identifier)
    page = http.get(AUTHORIZE, params=WEB).text
    form = {"decision": "allow", "consent": sent or page.split('name="consent" value="')[1][:64]}
    answer = http.post(AUTHORIZE, params=WEB, data=form, follow_redirects=False)
    answer.status_code = 200 if "Location" in answer.headers else 401
    return answer


@pytest.mark.parametrize(
    "attempt",
    [
        by_app_secret,
        by_account_password,
        by_user_password,
        by_log_in,
        by_consent,
    ],
)
def test_one_function_decides_whether_a_secret_is_right(
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    attempt: Callable[[Served, str | None], httpx2.Response],
) -> None:
    assert [attempt(served, each).status_code == 200 for each in (None, "wrong")] == [True, False]

    monkeypatch.setattr(hmac, "compare_digest", lambda *_: True)
    assert attempt(served, "wrong").status_code == 200
    monkeypatch.setattr(hmac, "compare_digest", lambda *_: False)
    assert attempt(served, None).status_code != 200


@pytest.mark.parametrize("method", Method)
def test_it_decides_whether_a_verifier_fits(
    monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    challenge = Challenge(value=VERIFIER, method=method)
    assert challenge.fits(VERIFIER) is (method is Method.PLAIN)

    for is_equal in (True, False):
        monkeypatch.setattr(hmac, "compare_digest", lambda *_, said=is_equal: said)
        assert challenge.fits(VERIFIER) is is_equal
