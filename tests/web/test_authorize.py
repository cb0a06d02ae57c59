"""The authorization endpoint as a browser meets it: pages, redirects, and whom they keep out."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mock_sei.standards import Listener
from tests.oauth.flows import ALICE, AUTHORIZE, WEB, log_in, returned
from tests.support import Platform

SCRIPT = '"><script>alert(1)</script>'


def hidden(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="')[1].split('"')[0]


def test_a_browser_logs_in_consents_and_is_sent_back(browser: TestClient) -> None:
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
    assert returned(done)["state"] == "a state"
    assert returned(done)["iss"].startswith("https://localhost")


def test_a_wrong_password_shows_the_page_again(browser: TestClient) -> None:
    form = {"username": "alice@example.com", "password": "wrong"}

    answer = browser.post(AUTHORIZE, params=WEB, data=form)

    assert answer.status_code == 400
    assert "E-mail address or password is wrong." in answer.text
    assert "mock_sei_session" not in browser.cookies


@pytest.mark.parametrize("fields", [{"decision": "deny"}, ALICE | {"decision": "deny"}])
def test_cancelling_tells_the_application(browser: TestClient, fields: dict[str, str]) -> None:
    """Acceptance row D10."""
    answer = browser.post(AUTHORIZE, params=WEB | {"state": "s"}, data=fields)

    assert (returned(answer)["error"], returned(answer)["state"]) == ("access_denied", "s")
    assert returned(answer)["iss"]


def test_consent_needs_the_pages_token(browser: TestClient) -> None:
    browser.post(AUTHORIZE, params=WEB, data=ALICE)

    answer = browser.post(AUTHORIZE, params=WEB, data={"decision": "allow", "consent": "guess"})

    assert answer.status_code == 400
    assert "Location" not in answer.headers


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
    browser: TestClient, request_: dict[str, str], words: str
) -> None:
    """Acceptance rows D2, D5."""
    answer = browser.get(AUTHORIZE, params=request_)

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert words in answer.text


@pytest.mark.parametrize("state", ["%FF%00%F0", "a%20b%2Bc", "%E2%82%AC", "%22%3E%3Cscript%3E"])
def test_state_comes_back_byte_for_byte(browser: TestClient, state: str) -> None:
    url = f"{AUTHORIZE}?client_id=demo-web-key&scope=nonsense&state={state}"

    location = browser.get(url).headers["Location"]

    back = location.split("state=")[1].split("&")[0].replace("+", "%20")
    assert unquote(back, "latin-1") == unquote(state, "latin-1")


def test_a_post_of_the_request_is_the_same_as_a_get(browser: TestClient) -> None:
    """Acceptance row D30."""
    assert "Log in" in browser.post(AUTHORIZE, data=WEB).text


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({}, True),
        ({"Origin": "https://localhost"}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://localhost", "Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_a_log_in_form_of_another_origin_is_refused(
    browser: TestClient, headers: dict[str, str], accepted: bool
) -> None:
    answer = browser.post(AUTHORIZE, params=WEB, data=ALICE, headers=headers)

    assert (answer.status_code == 303) is accepted
    assert ("mock_sei_session" in browser.cookies) is accepted


@pytest.mark.parametrize(
    "request_",
    [
        {"client_id": SCRIPT},
        WEB | {"redirect_uri": SCRIPT},
        WEB | {"state": SCRIPT},
        WEB | {"login_hint": SCRIPT},
    ],
)
def test_nothing_is_shown_unescaped(browser: TestClient, request_: dict[str, str]) -> None:
    shown = browser.get(AUTHORIZE, params=request_).text
    again = browser.post(
        AUTHORIZE, params=request_, data={"username": SCRIPT, "password": "x"}
    ).text

    assert "<script" not in shown + again


def test_auto_login_needs_the_setting_and_a_known_user(
    platform: Platform, browser: TestClient
) -> None:
    hint = WEB | {"login_hint": "alice@example.com"}
    assert "Log in" in browser.get(AUTHORIZE, params=hint).text
    platform.sandbox.reset({"auto_login": True})

    assert browser.get(AUTHORIZE, params=WEB | {"login_hint": "nobody@example.com"}).is_success
    answer = browser.get(AUTHORIZE, params=hint)

    assert answer.status_code == 302
    assert "code" in returned(answer)


def test_the_page_is_not_on_the_two_way_listener(platform: Platform) -> None:
    assert platform.client().get(AUTHORIZE, params=WEB).status_code == 404


def test_neither_codes_nor_tokens_are_in_the_journal(platform: Platform) -> None:
    code = returned(log_in(platform))["code"]
    token = returned(log_in(platform, "demo-spa"))["access_token"]

    shown = str(platform.sandbox.journal.to_json())

    assert code not in shown
    assert token not in shown
    assert "alice-password" not in shown


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(
            ["client_id", "redirect_uri", "state", "scope", "response_type", "code_challenge", "x"]
        ),
        st.one_of(st.text(), st.sampled_from(["demo-web-key", "demo-spa-key", "code", "token"])),
    ),
    form=st.dictionaries(st.sampled_from(["username", "password", "decision", "y"]), st.text()),
)
def test_whatever_comes_to_authorize_is_answered_well(
    platform: Platform, query: dict[str, str], form: dict[str, str]
) -> None:
    http = platform.client(None, listener=Listener.ONE_WAY)

    answer = http.post(AUTHORIZE, params=query, data=form, follow_redirects=False)

    assert answer.status_code in (200, 303, 400)
    assert platform.sandbox.bugs == []
