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
from mock_sei.standards import Listener
from tests.oauth.flows import ALICE, AUTHORIZE, VERIFIER, WEB, redeem
from tests.support import Platform


def by_app_secret(platform: Platform, sent: str | None) -> httpx2.Response:
    return platform.post_token(auth=("demo-server-key", sent or "demo-server-secret"))


def by_account_password(platform: Platform, sent: str | None) -> httpx2.Response:
    return platform.post_token(password=sent or "svc-demo-password")


def by_user_password(platform: Platform, sent: str | None) -> httpx2.Response:
    form = {"grant_type": "password", "username": "alice@example.com"}
    return redeem(platform, "demo-internal", **form, password=sent or "alice-password")


def by_log_in(platform: Platform, sent: str | None) -> httpx2.Response:
    http = platform.client(None, listener=Listener.ONE_WAY)
    form = ALICE | {"password": sent or "alice-password"}
    answer = http.post(AUTHORIZE, params=WEB, data=form, follow_redirects=False)
    answer.status_code = 200 if "Location" in answer.headers else 401
    return answer


def by_consent(platform: Platform, sent: str | None) -> httpx2.Response:
    session = platform.sandbox.state.oauth.sessions.start("alice@example.com")
    http = platform.client(None, listener=Listener.ONE_WAY)
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
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    attempt: Callable[[Platform, str | None], httpx2.Response],
) -> None:
    assert [attempt(platform, each).status_code == 200 for each in (None, "wrong")] == [True, False]

    monkeypatch.setattr(hmac, "compare_digest", lambda *_: True)
    assert attempt(platform, "wrong").status_code == 200
    monkeypatch.setattr(hmac, "compare_digest", lambda *_: False)
    assert attempt(platform, None).status_code != 200


@pytest.mark.parametrize("method", Method)
def test_it_decides_whether_a_verifier_fits(
    monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    challenge = Challenge(value=VERIFIER, method=method)
    assert challenge.fits(VERIFIER) is (method is Method.PLAIN)

    for verdict in (True, False):
        monkeypatch.setattr(hmac, "compare_digest", lambda *_, said=verdict: said)
        assert challenge.fits(VERIFIER) is verdict
