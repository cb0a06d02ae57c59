"""The authorization endpoint as a browser meets it: pages, redirects, and whom they keep out."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mock_sei.oauth.proof_key import challenge_of
from mock_sei.standards import Listener
from tests.oauth.test_grants import ALICE, AUTHORIZE, log_in, returned
from tests.support import TICKETS, TOKEN_PATH, Platform

WEB = {"client_id": "demo-web-key"}
SCRIPT = '"><script>alert(1)</script>'


@pytest.fixture
def browser(platform: Platform) -> TestClient:
    """Keeps cookies, does not follow redirects."""
    http = platform.client(None, listener=Listener.ONE_WAY)
    http.follow_redirects = False
    return http


def query_of(answer: httpx2.Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


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
    assert query_of(done)["state"] == "a state"
    assert query_of(done)["iss"].startswith("https://localhost")


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

    assert (query_of(answer)["error"], query_of(answer)["state"]) == ("access_denied", "s")
    assert query_of(answer)["iss"]


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


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("http://127.0.0.1:51234/callback", True),
        ("http://127.0.0.1/callback", True),
        ("com.example.demo:/callback", True),
        ("http://127.0.0.1:51234/other", False),
        ("http://localhost:51234/callback", False),
        ("https://127.0.0.1:51234/callback", False),
        ("http://user@127.0.0.1:51234/callback", False),
        ("http://127.0.0.1:51234/callback#f", False),
        ("http://127.0.0.1:99999/callback", False),
        ("http://127.0.0.1.evil.example/callback", False),
        ("http://127.0.0.1:80@evil.example/callback", False),
    ],
)
def test_only_the_port_of_a_loopback_address_may_differ(
    platform: Platform, address: str, accepted: bool
) -> None:
    """Acceptance row D4."""
    answer = log_in(platform, "demo-native", redirect_uri=address)

    assert ("Location" in answer.headers) is accepted
    assert answer.headers.get("Location", address).startswith(address)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "foo"}, "invalid_request"),
        ({"endOtherSessions": "maybe"}, "invalid_request"),
    ],
)
def test_every_other_error_goes_back_to_the_application(
    platform: Platform, changes: dict[str, str], error: str
) -> None:
    """Acceptance rows D6, D7, D9, D23."""
    members = returned(log_in(platform, state="s", **changes))

    assert (members["error"], members["state"]) == (error, "s")
    assert members["error_description"]
    assert "code" not in members


def test_a_native_application_must_send_a_challenge(platform: Platform) -> None:
    """Acceptance row D27."""
    members = returned(log_in(platform, "demo-native", code_challenge=None))

    assert members["error"] == "invalid_request"


def test_response_type_may_be_absent_in_the_sei_dialect_alone(platform: Platform) -> None:
    """Acceptance row D7."""
    assert "code" in returned(log_in(platform))
    platform.sandbox.reset({"dialect": "rfc"})

    assert returned(log_in(platform))["error"] == "invalid_request"
    assert "code" in returned(log_in(platform, response_type="code"))


def test_a_repeated_parameter_is_refused(browser: TestClient) -> None:
    twice = "client_id=demo-web-key&scope=ilservices&scope=ilservices"
    clients = "client_id=demo-web-key&client_id=demo-spa-key"

    assert query_of(browser.get(AUTHORIZE, params=twice))["error"] == "invalid_request"
    assert browser.get(AUTHORIZE, params=clients).status_code == 400


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


@pytest.mark.parametrize("request_", [WEB, {"client_id": "unknown"}])
def test_pages_cannot_be_framed_cached_or_read(
    browser: TestClient, request_: dict[str, str]
) -> None:
    """Acceptance row D12."""
    answer = browser.get(AUTHORIZE, params=request_, headers={"Origin": "http://localhost:8000"})

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_auto_login_needs_the_setting_and_a_known_user(
    platform: Platform, browser: TestClient
) -> None:
    hint = WEB | {"login_hint": "alice@example.com"}
    assert "Log in" in browser.get(AUTHORIZE, params=hint).text
    platform.sandbox.reset({"auto_login": True})

    assert browser.get(AUTHORIZE, params=WEB | {"login_hint": "nobody@example.com"}).is_success
    answer = browser.get(AUTHORIZE, params=hint)

    assert answer.status_code == 302
    assert "code" in query_of(answer)


def test_the_page_is_not_on_the_two_way_listener(platform: Platform) -> None:
    assert platform.client().get(AUTHORIZE, params=WEB).status_code == 404


def test_neither_codes_nor_tokens_are_in_the_journal(platform: Platform) -> None:
    code = returned(log_in(platform))["code"]
    token = returned(log_in(platform, "demo-spa"))["access_token"]

    shown = str(platform.sandbox.journal.to_json())

    assert code not in shown
    assert token not in shown
    assert "alice-password" not in shown


# Metadata and keys


def test_metadata_lists_what_is_served_on_both_listeners(platform: Platform) -> None:
    """Acceptance rows I1, I3, I4, I5."""
    path = "/.well-known/oauth-authorization-server"
    one_way = platform.client(None, listener=Listener.ONE_WAY).get(path).json()
    two_way = platform.client().get(path).json()

    assert one_way == two_way
    assert one_way["issuer"] == platform.sandbox.addresses.issuer("localhost")
    assert one_way["mtls_endpoint_aliases"]["token_endpoint"].endswith(":444/v2/oauthtoken")
    assert one_way["response_types_supported"] == ["code", "token"]
    assert all(value for value in one_way.values())
    for grant in set(one_way["grant_types_supported"]) - {"implicit"}:
        answer = platform.post_token(grant_type=grant)
        assert answer.json().get("error") != "unsupported_grant_type", grant


def test_the_keys_are_public_and_fit_the_tokens(platform: Platform) -> None:
    """Acceptance row I7."""
    from jose import jws

    (key,) = platform.client().get("/.well-known/jwks.json").json()["keys"]
    token = platform.token()

    assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert jws.get_unverified_header(token)["kid"] == key["kid"]
    assert jws.verify(token, key, ["ES256"])


# Cross-origin calls of single-page applications

SPA = "http://localhost:8000"
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "appkey"}


@pytest.mark.parametrize(
    ("path", "origin", "listener", "allowed"),
    [
        (TICKETS, SPA, Listener.ONE_WAY, SPA),
        (TICKETS, "https://evil.example", Listener.ONE_WAY, None),
        (TICKETS, "https://localhost:9443", Listener.ONE_WAY, None),
        (TICKETS, SPA, Listener.TWO_WAY, None),
        (AUTHORIZE, SPA, Listener.ONE_WAY, None),
        ("/.well-known/jwks.json", "https://evil.example", Listener.ONE_WAY, "*"),
    ],
)
def test_a_preflight_passes_where_a_browser_needs_it(
    platform: Platform, path: str, origin: str, listener: Listener, allowed: str | None
) -> None:
    """Acceptance row I9."""
    http = platform.client(None, listener=listener)

    preflight = http.options(path, headers={"Origin": origin, **PREFLIGHT})
    answer = http.get(path, headers={"Origin": origin}, follow_redirects=False)

    header = "Access-Control-Allow-Origin"
    assert preflight.headers.get(header) == answer.headers.get(header) == allowed
    assert (preflight.status_code == 204) is (allowed is not None)


# Whatever comes in


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


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from(["grant_type", "code", "refresh_token", "username", "scope", "token"]),
            st.one_of(st.text(), st.sampled_from(["authorization_code", "refresh_token"])),
        ),
    ),
    authorization=st.one_of(
        st.none(),
        st.binary(max_size=60),
        st.just(b"Basic ZGVtby13ZWIta2V5OmRlbW8td2ViLXNlY3JldA=="),
    ),
)
def test_whatever_comes_to_the_token_endpoint_is_answered_well(
    platform: Platform, body: Any, authorization: bytes | None
) -> None:
    headers = {b"Content-Type": b"application/x-www-form-urlencoded"}
    if authorization is not None:
        headers[b"Authorization"] = authorization.replace(b"\r", b"").replace(b"\n", b"")
    sent = {"data": body} if isinstance(body, dict) else {"content": body}

    answer = platform.client("svc-web").post(TOKEN_PATH, headers=headers, **sent)

    assert 400 <= answer.status_code < 500
    assert answer.json().keys() >= {"code", "message", "trackingId", "errors", "error"}
    assert platform.sandbox.bugs == []


def test_the_challenge_is_the_one_of_the_rfc() -> None:
    """RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"username=%ff&password=x", 400),
        (b"username=alice%40example.com&password=%ff", 400),
        (b"consent=%ff&decision=allow", 200),  # nobody is logged in: the page again
        (b"%ff=%ff", 200),
    ],
)
def test_bytes_that_are_no_text_are_a_wrong_value_not_an_accident(
    browser: TestClient, fields: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = browser.post(AUTHORIZE, params=WEB, content=fields, headers=headers)

    assert (answer.status_code, "Log in" in answer.text) == (status, True)


def test_a_consent_token_of_other_letters_is_refused(browser: TestClient) -> None:
    browser.post(AUTHORIZE, params=WEB, data={k: v for k, v in ALICE.items() if k != "decision"})

    answer = browser.post(AUTHORIZE, params=WEB, data={"decision": "allow", "consent": "é"})

    assert (answer.status_code, "did not come from the page" in answer.text) == (400, True)
