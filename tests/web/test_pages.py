"""Pages load nothing from other hosts, escape everything, and cannot be framed."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx2
import pytest

from mock_sei.rules.records import EndUser
from tests.oauth.flows import ALICE, AUTHORIZE, LOGIN, WEB
from tests.support import Served

SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
PAGES = ["login", "wrong password", "consent", "error"]


def show(browser: httpx2.Client, which: str, **headers: str) -> httpx2.Response:
    """One of the pages of the log-in."""
    if which == "error":
        return browser.get(AUTHORIZE, params={"client_id": "unknown"}, headers=headers)
    if which == "wrong password":
        form = ALICE | {"password": "wrong"}
        return browser.post(LOGIN, params=WEB, data=form, headers=headers)
    if which == "consent":
        browser.post(LOGIN, params=WEB, data=ALICE)
    return browser.get(LOGIN, params=WEB, headers=headers)


def policy_of(answer: httpx2.Response) -> dict[str, list[str]]:
    """The directives of the content security policy with their sources."""
    parts = (each.split() for each in answer.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("which", PAGES)
def test_pages_cannot_be_framed_cached_or_read(browser: httpx2.Client, which: str) -> None:
    answer = show(browser, which, Origin="https://localhost")

    assert answer.headers["X-Frame-Options"] == "DENY"
    assert policy_of(answer)["frame-ancestors"] == ["'none'"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("which", PAGES)
def test_the_policy_allows_our_stylesheets_and_nothing_from_outside(
    browser: httpx2.Client, which: str
) -> None:
    answer = show(browser, which)
    (style,) = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    policy = policy_of(answer)

    own = ["'self'"] if which == "error" else ["'self'", "https://localhost:9443"]
    assert policy.pop("form-action") == own
    styles = policy.pop("style-src")
    assert f"'sha256-{digest}'" in styles
    assert all(each.startswith("'sha256-") for each in styles)
    assert policy == {
        "default-src": ["'none'"],
        "img-src": ["data:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
    shown = re.sub(r'<link rel="icon" href="data:[^"]*">', "", answer.text)
    assert not re.search(r"<script|<link|<img|\son\w+=|style=|https?://", shown)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("http://127.0.0.1:51234/callback", "http://127.0.0.1:51234"),
        ("com.example.demo:/callback", "com.example.demo:"),
    ],
)
def test_a_form_may_lead_to_the_applications_own_address(
    browser: httpx2.Client, address: str, source: str
) -> None:
    request_ = {"client_id": "demo-native-key", "redirect_uri": address, "code_challenge": "x" * 43}

    answer = browser.get(LOGIN, params=request_)

    assert policy_of(answer)["form-action"] == ["'self'", source]


@pytest.mark.parametrize(
    "name",
    [
        "client_id",
        "redirect_uri",
        "state",
        "login_hint",
        "scope",
        "code_challenge",
        "response_type",
    ],
)
def test_nothing_a_request_says_is_shown_unescaped(browser: httpx2.Client, name: str) -> None:
    request_ = WEB | {name: SCRIPT}
    sent = browser.get(AUTHORIZE, params=request_)
    shown = browser.get(LOGIN, params=request_)
    again = browser.post(LOGIN, params=request_, data={"username": SCRIPT, "password": "x"})

    for answer in (sent, shown, again):
        assert "<script" not in answer.text + answer.headers.get("Location", "")
        assert "<img" not in answer.text


def test_a_hint_and_a_typed_name_stay_in_their_field(browser: httpx2.Client) -> None:
    hint = browser.get(LOGIN, params=WEB | {"login_hint": SCRIPT}).text
    typed = browser.post(LOGIN, params=WEB, data={"username": SCRIPT, "password": "x"}).text

    for page in (hint, typed):
        assert 'value="&#34;&#39;&gt;&lt;script&gt;' in page


def test_names_from_the_records_are_escaped_too(served: Served, browser: httpx2.Client) -> None:
    served.change("demo-web", name=f"web {SCRIPT}", scopes=("ilservices", SCRIPT))
    user = EndUser(email=f"{SCRIPT}@example.com", password="secret-of-script")
    served.platform.state.registry.end_users[user.email] = user

    login = browser.get(LOGIN, params=WEB).text
    form = {"username": user.email, "password": user.password}
    consent = browser.get(browser.post(LOGIN, params=WEB, data=form).headers["Location"]).text

    assert "Allow access?" in consent
    for page in (login, consent):
        assert "web &#34;&#39;&gt;&lt;script&gt;" in page
        assert "<script" not in page
        assert "<img" not in page
