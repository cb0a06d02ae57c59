"""The authorization endpoint for a browser: pages, redirects and refusals."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.oauth.authorize import PARAMETERS
from mock_sei.oauth.token_request import MEDIA_TYPES
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from tests.oauth.flows import (
    ALICE,
    AUTHORIZE,
    DESCRIPTION,
    LOGIN,
    LOOPBACK,
    VERIFIER,
    WEB,
    hidden,
    log_in,
    redeem,
    returned,
)
from tests.support import Served

pytestmark = pytest.mark.long

WEB_ADDRESS, SPA_ADDRESS = "https://localhost:9443/callback", "http://localhost:8000/callback"
ADDRESSES = (
    *(f"{each}{mark}" for each in (WEB_ADDRESS, SPA_ADDRESS) for mark in "?#"),
    "http://127.0.0.1",
    "com.example.demo:/callback?",
    "com.example.demo:/callback#",
)
"""An error is sent in the query or the fragment, depending on the response_type."""


LOGINS = (f"{LOGIN}?", f"https://localhost{LOGIN}?")


def action_of(page: httpx2.Response) -> str:
    """The address to which a page sends its form."""
    return html.unescape(page.text.split('action="')[1].split('"')[0])


def is_sent_to_log_in(answer: httpx2.Response) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith(LOGINS)


def test_a_browser_logs_in_consents_and_is_sent_back(browser: httpx2.Client) -> None:
    request = WEB | {"state": "a state"}
    credentials = {"username": "alice@example.com", "password": "alice-password"}

    sent = browser.get(AUTHORIZE, params=request)
    login = browser.get(sent.headers["Location"])
    after_login = browser.post(action_of(login), data=credentials)
    consent = browser.get(after_login.headers["Location"])
    form = {"decision": "allow", "consent": hidden(consent.text, "consent")}
    done = browser.post(action_of(consent), data=form)

    assert "Log in" in login.text
    assert "Allow access?" in consent.text
    answers = (sent, login, after_login, consent, done)
    assert [each.status_code for each in answers] == [302, 200, 303, 200, 303]
    assert {urlsplit(str(each.request.url)).path for each in answers[1:]} == {LOGIN}
    assert done.headers["Location"].startswith("https://localhost:9443/callback?code=")
    members = returned(done)
    assert members.keys() == {"code", "state", "iss"}
    assert (members["state"], members["iss"]) == ("a state", "https://localhost")
    assert "<li>ilservices</li>" in consent.text


def test_a_wrong_password_shows_the_page_again(browser: httpx2.Client) -> None:
    form = {"username": "alice@example.com", "password": "wrong"}

    for path in (AUTHORIZE, LOGIN):
        answer = browser.post(path, params=WEB, data=form)

        assert answer.status_code == 400
        assert "E-mail address or password is wrong." in answer.text
        assert "mock_sei_session" not in browser.cookies
        assert action_of(answer).startswith(f"{LOGIN}?")


@pytest.mark.parametrize("fields", [{"decision": "deny"}, ALICE | {"decision": "deny"}])
def test_cancelling_tells_the_application(browser: httpx2.Client, fields: dict[str, str]) -> None:
    for path in (AUTHORIZE, LOGIN):
        answer = browser.post(path, params=WEB | {"state": "s"}, data=fields)

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
    authorize, login = (browser.get(path, params=request_) for path in (AUTHORIZE, LOGIN))

    for answer in (authorize, login):
        assert answer.status_code == 400
        assert "Location" not in answer.headers
    assert words in authorize.text
    assert (words if request_ else "without an authorization request") in login.text


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
    """A POST gets status 303 where a GET gets status 302."""
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
    served: Served,
) -> None:
    address = "https://localhost:9443/callback"
    requests: list[dict[str, str]] = [{}, {"redirect_url": address}, {"redirect_uri": address}]

    for request in requests:
        answer = log_in(served, **request)
        assert answer.headers["Location"].startswith(f"{address}?code=")
        code = returned(answer)["code"]
        tokens = redeem(served, grant_type="authorization_code", code=code, **request)
        assert tokens.json()["redirect_url"] == address
        assert tokens.json()["scope"] == "ilservices"


def test_auto_login_needs_the_setting_and_a_known_user(
    served: Served, browser: httpx2.Client
) -> None:
    hint = WEB | {"login_hint": "alice@example.com", "state": "s"}
    assert is_sent_to_log_in(browser.get(AUTHORIZE, params=hint))
    served.platform.reset({"auto_login": True})

    unknown = WEB | {"login_hint": "nobody@example.com"}
    assert is_sent_to_log_in(browser.get(AUTHORIZE, params=unknown))
    answer = browser.get(AUTHORIZE, params=hint)

    assert answer.status_code == 302
    assert returned(answer).keys() == {"code", "state", "iss"}
    assert answer.headers["Location"].startswith(f"{WEB_ADDRESS}?code=")
    (note,) = (each for each in served.platform.journal.last.notes if "auto_login" in each)
    assert "alice@example.com" in note


def test_the_page_is_not_on_the_two_way_listener(served: Served) -> None:
    for path in (AUTHORIZE, LOGIN):
        assert served.client().get(path, params=WEB).status_code == 404
        assert served.client().post(path, params=WEB, data=ALICE).status_code == 404


def test_neither_codes_nor_tokens_are_in_the_journal(served: Served) -> None:
    code = returned(log_in(served))["code"]
    token = returned(log_in(served, "demo-spa"))["access_token"]

    shown = str(served.platform.journal.to_json())

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
    served: Served, browser: httpx2.Client, query: str, form: str
) -> None:
    url = f"{AUTHORIZE}?client_id=demo-web-key&{query}"

    if form:
        browser.cookies.set("mock_sei_session", log_in(served).cookies["mock_sei_session"])
        answer = browser.post(url, content=form, headers={"Content-Type": MEDIA_TYPES[0]})
    else:
        answer = browser.get(url)

    assert answer.status_code in (200, 302, 303, 400)
    assert served.platform.bugs == []
    assert json.dumps(served.platform.journal.to_json(), ensure_ascii=False).encode()


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
    path=st.sampled_from([AUTHORIZE, LOGIN]),
)
def test_whatever_comes_to_authorize_or_log_in_is_answered_well(
    hammered: Served, query: bytes, body: bytes, media_type: str, logged_in: bool, path: str
) -> None:
    http = hammered.client(None, listener=Listener.ONE_WAY)
    if logged_in:
        session = hammered.platform.state.oauth.sessions.start("alice@example.com")
        http.cookies.set("mock_sei_session", session.identifier)

    answer = http.post(
        f"{path}?{query.decode()}",
        content=body,
        headers={"Content-Type": media_type},
        follow_redirects=False,
    )

    assert hammered.platform.bugs == []
    assert answer.status_code in (200, 303, 400)
    if answer.status_code == 303:
        assert answer.headers["Location"].startswith((*ADDRESSES, *LOGINS))
        assert DESCRIPTION.fullmatch(returned(answer).get("error_description", "none"))
    else:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert json.dumps(hammered.platform.journal.last.to_json(), ensure_ascii=False).encode()


def test_the_log_in_page_names_the_demo_users_with_their_passwords(
    browser: httpx2.Client, platform: Platform
) -> None:
    page = browser.get(LOGIN, params=WEB).text
    for name in ("alice", "bob"):
        assert f"<dt>{name}@example.com</dt><dd>{name}-password</dd>" in page
    refused = browser.post(LOGIN, params=WEB, data={"username": "x", "password": "y"}).text
    assert "alice-password" in refused

    users = platform.state.registry.end_users
    users["alice@example.com"] = replace(users["alice@example.com"], password="of-the-user-alone")
    page = browser.get(LOGIN, params=WEB).text
    assert "alice" not in page
    assert "of-the-user-alone" not in page
    assert "bob-password" in page
    del users["bob@example.com"]
    assert "Users of this test server" not in browser.get(LOGIN, params=WEB).text


def test_authorize_sends_the_browser_to_the_log_in_page_with_the_request(
    served: Served, browser: httpx2.Client
) -> None:
    """The vendor's authorization page gives status 302. The address has the parameters, and no
    secret."""
    request = {"state": "a b&c=d", "scope": "ilservices", "login_hint": "bob@example.com"}
    stray = {"password": "alice-password", "nonce": "n", "endOtherSessions": ""}

    answer = browser.get(AUTHORIZE, params=WEB | request | stray)

    assert answer.status_code == 302
    parts = urlsplit(answer.headers["Location"])
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "localhost", LOGIN)
    assert dict(parse_qsl(parts.query, keep_blank_values=True)) == WEB | request
    assert answer.content == b""
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    entry = served.platform.journal.last
    assert (entry.application, entry.refused_by) == ("demo-web", None)
    assert f"the browser is sent to the log-in page, {LOGIN}" in str(entry.notes)


def test_who_is_logged_in_is_sent_to_the_same_address_and_sees_the_consent_page(
    browser: httpx2.Client,
) -> None:
    browser.post(LOGIN, params=WEB, data=ALICE)

    answer = browser.get(AUTHORIZE, params=WEB)

    assert is_sent_to_log_in(answer)
    assert "Allow access?" in browser.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    ("host", "before"),
    [
        ("localhost", "https://localhost"),
        ("localhost:9443", "https://localhost:9443"),
        ("[::1]:8443", "https://[::1]:8443"),
        ("mock-sei.internal", "https://mock-sei.internal"),
        ("", ""),
        ("a,b", ""),
    ],
)
def test_the_log_in_address_has_the_host_that_the_browser_called(
    browser: httpx2.Client, host: str, before: str
) -> None:
    answer = browser.get(AUTHORIZE, params=WEB, headers={"Host": host})

    assert answer.headers["Location"].startswith(f"{before}{LOGIN}?client_id=")


def test_behind_a_public_url_the_log_in_address_is_relative(
    served: Served, browser: httpx2.Client
) -> None:
    """A proxy may have changed ``Host``, and the browser may not know the public name."""
    platform = served.platform
    platform.addresses = replace(platform.addresses, public_url="https://sei.example")

    answer = browser.get(AUTHORIZE, params=WEB)

    assert answer.headers["Location"].startswith(f"{LOGIN}?client_id=")


def test_the_log_in_form_may_be_posted_to_authorize_itself(
    served: Served, browser: httpx2.Client
) -> None:
    """Tests without a browser know only one address; the journal names the other one."""
    allowed = browser.post(AUTHORIZE, params=WEB, data=ALICE)
    assert (allowed.status_code, "code" in returned(allowed)) == (303, True)
    assert f"the page itself sends its form to {LOGIN}" in str(served.platform.journal.last.notes)
    credentials = {name: value for name, value in ALICE.items() if name != "decision"}

    logged_in = browser.post(AUTHORIZE, params=WEB, data=credentials)

    assert logged_in.status_code == 303
    assert "Allow access?" in browser.get(logged_in.headers["Location"]).text


def test_a_page_of_the_application_may_post_the_request_with_parameters_nobody_knows(
    browser: httpx2.Client,
) -> None:
    """OpenID Connect allows POST; such a request has ``nonce`` and comes from another origin."""
    request = WEB | {"nonce": "n", "prompt": "login"}
    for headers in ({"Origin": "https://localhost:9443"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = browser.post(AUTHORIZE, data=request, headers=headers)

        assert answer.status_code == 303
        assert answer.headers["Location"] == f"https://localhost{LOGIN}?client_id=demo-web-key"


def test_the_log_in_page_works_again_after_reload_and_in_two_tabs(browser: httpx2.Client) -> None:
    first, second = (
        browser.get(AUTHORIZE, params=WEB | {"state": state}).headers["Location"]
        for state in ("first", "second")
    )
    for address in (first, second, first):
        assert "Log in" in browser.get(address).text

    done = [browser.post(address, data=ALICE) for address in (second, first, first)]

    assert [returned(each)["state"] for each in done] == ["second", "first", "first"]
    assert len({returned(each)["code"] for each in done}) == 3


def test_a_log_in_page_without_a_request_says_where_to_start(
    served: Served, browser: httpx2.Client
) -> None:
    for address in (LOGIN, f"{LOGIN}?", f"{LOGIN}?client_id=", f"{LOGIN}?x=1"):
        answer = browser.get(address)

        assert answer.status_code == 400
        assert "Start the log-in in the application" in answer.text
        assert served.platform.journal.last.refused_by == "authorization request"
    assert browser.post(LOGIN, data=ALICE).status_code == 400


def test_what_the_log_in_page_is_asked_is_checked_again(
    served: Served, browser: httpx2.Client
) -> None:
    """The address may have been changed, and the application may have been deleted."""
    address = browser.get(AUTHORIZE, params=WEB).headers["Location"]

    assert returned(browser.get(f"{address}&scope=x"))["error"] == "invalid_scope"
    assert browser.get(f"{address}&redirect_uri=https://evil.example/").status_code == 400
    served.change("demo-web", approved=False)
    for answer in (browser.get(address), browser.post(address, data=ALICE)):
        assert answer.status_code == 400
        assert "waits for approval" in answer.text


def test_a_consent_after_the_end_of_its_session_shows_the_log_in_page(
    served: Served, browser: httpx2.Client
) -> None:
    browser.post(LOGIN, params=WEB, data=ALICE)
    form = {"decision": "allow", "consent": hidden(browser.get(LOGIN, params=WEB).text, "consent")}
    served.platform.clock.advance(timedelta(minutes=61))

    answer = browser.post(LOGIN, params=WEB, data=form)

    assert "Log in" in answer.text
    assert "without a live session" in str(served.platform.journal.last.notes)


def test_each_step_of_a_log_in_says_in_the_journal_what_came_of_it(
    served: Served, browser: httpx2.Client
) -> None:
    credentials = {name: value for name, value in ALICE.items() if name != "decision"}
    browser.get(browser.get(AUTHORIZE, params=WEB).headers["Location"])
    browser.post(LOGIN, params=WEB, data=credentials)
    page = browser.get(LOGIN, params=WEB)
    browser.post(
        LOGIN, params=WEB, data={"decision": "allow", "consent": hidden(page.text, "consent")}
    )

    entries = served.platform.journal.entries
    assert [str(each.notes[0]) if each.notes else "" for each in entries] == [
        f"the request is valid; the browser is sent to the log-in page, {LOGIN}",
        "the log-in page for demo-web is shown",
        "alice@example.com is logged in; the browser is sent on to the consent page",
        "the consent page of demo-web is shown to alice@example.com",
        "alice@example.com allowed demo-web; the browser is sent back to the application",
    ]


def test_a_request_that_no_address_can_carry_is_refused_with_its_length(
    served: Served, browser: httpx2.Client
) -> None:
    """A request's head may have 64 KiB. With ``auto_login`` there is no page."""
    fits, too_long = (WEB | {"state": "s" * size} for size in (61_000, 62_000))

    assert browser.post(AUTHORIZE, data=fits).status_code == 303
    answer = browser.post(AUTHORIZE, data=too_long)

    assert answer.status_code == 400
    assert "too long for the address of the log-in page" in answer.text
    assert served.platform.journal.last.expected == "at most 61440 characters"
    served.platform.reset({"auto_login": True})
    hint = {"login_hint": "alice@example.com"}
    assert browser.post(AUTHORIZE, data=too_long | hint).status_code == 303
