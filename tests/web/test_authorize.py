"""The authorization endpoint as a browser meets it: pages, redirects, and whom they keep out."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import unquote, urlencode

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.oauth.authorize import PARAMETERS
from mock_sei.oauth.token_request import MEDIA_TYPES
from mock_sei.sandbox import Sandbox
from mock_sei.standards import Listener
from tests.oauth.flows import (
    ALICE,
    AUTHORIZE,
    DESCRIPTION,
    LOOPBACK,
    VERIFIER,
    WEB,
    hidden,
    log_in,
    redeem,
    returned,
)
from tests.support import Platform

WEB_ADDRESS, SPA_ADDRESS = "https://localhost:9443/callback", "http://localhost:8000/callback"
ADDRESSES = (
    *(f"{each}{mark}" for each in (WEB_ADDRESS, SPA_ADDRESS) for mark in "?#"),
    "http://127.0.0.1",
    "com.example.demo:/callback?",
    "com.example.demo:/callback#",
)
"""An error goes into the query or the fragment, by the response_type that was sent."""


def test_a_browser_logs_in_consents_and_is_sent_back(browser: httpx2.Client) -> None:
    """Acceptance rows D1, D11, D31."""
    request = WEB | {"state": "a state"}
    login = browser.get(AUTHORIZE, params=request)
    credentials = {"username": "alice@example.com", "password": "alice-password"}

    after_login = browser.post(AUTHORIZE, params=request, data=credentials)
    consent = browser.get(after_login.headers["Location"])
    form = {"decision": "allow", "consent": hidden(consent.text, "consent")}
    done = browser.post(AUTHORIZE, params=request, data=form)

    assert "Log in" in login.text
    assert "Allow access?" in consent.text
    assert [login.status_code, after_login.status_code, done.status_code] == [200, 303, 303]
    assert done.headers["Location"].startswith("https://localhost:9443/callback?code=")
    members = returned(done)
    assert members.keys() == {"code", "state", "iss"}
    assert (members["state"], members["iss"]) == ("a state", "https://localhost")
    assert "<li>ilservices</li>" in consent.text


def test_a_wrong_password_shows_the_page_again(browser: httpx2.Client) -> None:
    form = {"username": "alice@example.com", "password": "wrong"}

    answer = browser.post(AUTHORIZE, params=WEB, data=form)

    assert answer.status_code == 400
    assert "E-mail address or password is wrong." in answer.text
    assert "mock_sei_session" not in browser.cookies


@pytest.mark.parametrize("fields", [{"decision": "deny"}, ALICE | {"decision": "deny"}])
def test_cancelling_tells_the_application(browser: httpx2.Client, fields: dict[str, str]) -> None:
    """Acceptance rows D10, D11."""
    answer = browser.post(AUTHORIZE, params=WEB | {"state": "s"}, data=fields)

    members = returned(answer)
    assert answer.status_code == 303
    assert members.keys() == {"error", "error_description", "state", "iss"}
    assert (members["error"], members["state"]) == ("access_denied", "s")
    assert members["iss"] == "https://localhost"
    assert "mock_sei_session" not in browser.cookies


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "client_id is missing"),
        ({"client_id": "unknown"}, "No application"),
        (WEB | {"redirect_uri": "https://evil.example/"}, "not registered"),
        (WEB | {"redirect_uri": "https://localhost:9443/callback/"}, "not registered"),
        (WEB | {"redirect_uri": "https://localhost:9444/callback"}, "not registered"),
        ({"client_id": "demo-native-key"}, "redirect_uri is missing"),
        ({"client_id": "demo-server-key"}, "no redirect address"),
        ({"client_id": "demo-limited-key"}, "not registered for the test environment"),
        (
            WEB | {"redirect_uri": "https://localhost:9443/callback", "redirect_url": "https://x/"},
            "differs",
        ),
    ],
)
def test_what_must_not_be_redirected_is_told_on_a_page(
    browser: httpx2.Client, request_: dict[str, str], words: str
) -> None:
    """Acceptance rows D2, D5."""
    answer = browser.get(AUTHORIZE, params=request_)

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert words in answer.text


@pytest.mark.parametrize("state", ["%FF%00%F0", "a%20b%2Bc", "%E2%82%AC", "%22%3E%3Cscript%3E"])
def test_state_comes_back_byte_for_byte(browser: httpx2.Client, state: str) -> None:
    url = f"{AUTHORIZE}?client_id=demo-web-key&scope=nonsense&state={state}"

    location = browser.get(url).headers["Location"]

    back = location.split("state=")[1].split("&")[0].replace("+", "%20")
    assert unquote(back, "latin-1") == unquote(state, "latin-1")


@pytest.mark.parametrize(
    "request_",
    [
        WEB | {"state": "s"},
        WEB | {"login_hint": "bob@example.com"},
        WEB | {"scope": "everything", "state": "s"},
        {"client_id": "demo-spa-key", "response_type": "code"},
        {"client_id": "unknown"},
        {},
    ],
)
def test_a_post_of_the_request_is_the_same_as_a_get(
    browser: httpx2.Client, request_: dict[str, str]
) -> None:
    """Acceptance row D30: but for 303, where a GET has 302."""
    get = browser.get(AUTHORIZE, params=request_)
    post = browser.post(AUTHORIZE, data=request_)

    assert post.headers.get("Location") == get.headers.get("Location")
    assert post.status_code == (303 if get.status_code == 302 else get.status_code)
    shown = [
        each.text.replace(each.headers["RequestTrackingId"], "the tracking id")
        for each in (get, post)
    ]
    assert shown[0] == shown[1]


def test_the_redirect_address_may_be_left_out_or_called_as_the_vendor_does(
    platform: Platform,
) -> None:
    """Acceptance row D31."""
    address = "https://localhost:9443/callback"
    requests: list[dict[str, str]] = [{}, {"redirect_url": address}, {"redirect_uri": address}]

    for request in requests:
        answer = log_in(platform, **request)
        assert answer.headers["Location"].startswith(f"{address}?code=")
        code = returned(answer)["code"]
        tokens = redeem(platform, grant_type="authorization_code", code=code, **request)
        assert tokens.json()["redirect_url"] == address
        assert tokens.json()["scope"] == "ilservices"


def test_auto_login_needs_the_setting_and_a_known_user(
    platform: Platform, browser: httpx2.Client
) -> None:
    """Acceptance rows D1, D31."""
    hint = WEB | {"login_hint": "alice@example.com", "state": "s"}
    assert "Log in" in browser.get(AUTHORIZE, params=hint).text
    platform.sandbox.reset({"auto_login": True})

    assert browser.get(AUTHORIZE, params=WEB | {"login_hint": "nobody@example.com"}).is_success
    answer = browser.get(AUTHORIZE, params=hint)

    assert answer.status_code == 302
    assert returned(answer).keys() == {"code", "state", "iss"}


def test_the_page_is_not_on_the_two_way_listener(platform: Platform) -> None:
    assert platform.client().get(AUTHORIZE, params=WEB).status_code == 404


def test_neither_codes_nor_tokens_are_in_the_journal(platform: Platform) -> None:
    code = returned(log_in(platform))["code"]
    token = returned(log_in(platform, "demo-spa"))["access_token"]

    shown = str(platform.sandbox.journal.to_json())

    assert code not in shown
    assert token not in shown
    assert "alice-password" not in shown


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("login_hint=%FF", ""),
        ("redirect_uri=%FF", ""),
        ("scope=%FF", ""),
        ("endOtherSessions=%FF", ""),
        ("", "username=%FF&password=x"),
        ("", "username=alice%40example.com&password=%FF"),
        ("", "decision=allow&consent=%FF"),
        ("", "decision=%FF"),
    ],
)
def test_bytes_that_are_no_text_are_answered_and_journalled(
    platform: Platform, browser: httpx2.Client, query: str, form: str
) -> None:
    url = f"{AUTHORIZE}?client_id=demo-web-key&{query}"

    if form:
        browser.cookies.set("mock_sei_session", log_in(platform).cookies["mock_sei_session"])
        answer = browser.post(url, content=form, headers={"Content-Type": MEDIA_TYPES[0]})
    else:
        answer = browser.get(url)

    assert answer.status_code in (200, 302, 400)
    assert platform.sandbox.bugs == []
    assert json.dumps(platform.sandbox.journal.to_json(), ensure_ascii=False).encode()


NAMES = st.sampled_from([*PARAMETERS, "username", "password", "decision", "consent", "x"])
VALUES = st.one_of(
    st.text(),
    st.binary(max_size=8).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.sampled_from(["demo-web-key", "demo-spa-key", "code", "token", "alice@example.com"]),
    st.sampled_from(["allow", "deny", "true", LOOPBACK, "demo-native-key", "S256", VERIFIER]),
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=8).map(
    lambda pairs: urlencode(pairs, errors="surrogateescape").encode()
)


@given(
    query=st.one_of(PAIRS, PAIRS.map(lambda text: b"client_id=demo-web-key&" + text)),
    body=st.one_of(PAIRS, st.binary(max_size=100)),
    media_type=st.sampled_from(["application/x-www-form-urlencoded", "text/plain", ""]),
    logged_in=st.booleans(),
)
def test_whatever_comes_to_authorize_is_answered_well(
    hammered: Platform, query: bytes, body: bytes, media_type: str, logged_in: bool
) -> None:
    http = hammered.client(None, listener=Listener.ONE_WAY)
    if logged_in:
        session = hammered.sandbox.state.oauth.sessions.start("alice@example.com")
        http.cookies.set("mock_sei_session", session.identifier)

    answer = http.post(
        f"{AUTHORIZE}?{query.decode()}",
        content=body,
        headers={"Content-Type": media_type},
        follow_redirects=False,
    )

    assert hammered.sandbox.bugs == []
    assert answer.status_code in (200, 303, 400)
    if answer.status_code == 303:
        assert answer.headers["Location"].startswith((*ADDRESSES, f"{AUTHORIZE}?"))
        assert DESCRIPTION.fullmatch(returned(answer).get("error_description", "none"))
    else:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert json.dumps(hammered.sandbox.journal.last.to_json(), ensure_ascii=False).encode()


def test_the_log_in_page_names_the_demo_users_with_their_passwords(
    browser: httpx2.Client, sandbox: Sandbox
) -> None:
    page = browser.get(AUTHORIZE, params=WEB).text
    for name in ("alice", "bob"):
        assert f"<dt>{name}@example.com</dt><dd>{name}-password</dd>" in page
    refused = browser.post(AUTHORIZE, params=WEB, data={"username": "x", "password": "y"}).text
    assert "alice-password" in refused

    users = sandbox.state.registry.end_users
    users["alice@example.com"] = replace(users["alice@example.com"], password="of-the-user-alone")
    page = browser.get(AUTHORIZE, params=WEB).text
    assert "alice" not in page
    assert "of-the-user-alone" not in page
    assert "bob-password" in page
    del users["bob@example.com"]
    assert "Users of this test server" not in browser.get(AUTHORIZE, params=WEB).text
