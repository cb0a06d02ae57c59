"""Log-in page, portal and token endpoint read any input in linear time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from mock_sei.errors import Refusal
from mock_sei.oauth.authorize import read_request
from mock_sei.oauth.redirects import is_registered
from mock_sei.oauth.token_request import parse_token_request
from mock_sei.platform import Platform
from mock_sei.rules.connection import Connection, Findings
from mock_sei.rules.records import find_redirect_problem
from mock_sei.rules.standards import Listener
from mock_sei.web.faults import caller_of
from mock_sei.web.forms import read_pairs
from mock_sei.web.login import SESSION_COOKIE, LoginRequest
from mock_sei.web.portal.visit import FORM_COOKIE
from mock_sei.web.requests import find_cookie, has_access_token, has_access_token_in
from tests.growth import Action, assert_linear
from tests.oauth.flows import ALICE, AUTHORIZE, LOGIN, WEB
from tests.support import Served

pytestmark = pytest.mark.slow


COMBINING = "\u0301\u0327\u0334"
"""Combining marks, which a Unicode normalisation sorts one by one."""


def quietly(act: Callable[[], object]) -> Action:
    def acting() -> None:
        with contextlib.suppress(Refusal):
            act()

    return acting


def cookie(count: int, piece: str) -> Action:
    headers = [(b"cookie", f'x="{piece * count}"; {FORM_COOKIE}={piece * count}'.encode())]
    return lambda: find_cookie(headers, FORM_COOKIE)


@pytest.mark.parametrize(
    "piece", ["\\\\", '"', ";", "=", "; a=b", " ", "\\101", f";{FORM_COOKIE}=a"]
)
def test_cookies(piece: str) -> None:
    assert_linear(lambda count: cookie(count, piece), 4000)


@pytest.mark.parametrize("piece", ["&", "access_token&", "&access_toke", "%61ccess_token=&", "a"])
def test_a_second_place_of_a_token(piece: str) -> None:
    assert_linear(lambda count: lambda: has_access_token((piece * count).encode()), 4000)


@pytest.mark.parametrize("piece", ["&", ";", "a=1&", "%", "%e2%82", "+", "=", "%00", "a", "&&=="])
def test_forms(piece: str) -> None:
    assert_linear(
        lambda count: quietly(lambda: read_pairs((piece * count).encode(), check="x")), 4000
    )
    assert_linear(
        lambda count: quietly(lambda: read_pairs(b"state=" + (piece * count).encode(), check="x")),
        4000,
    )


def token_request(**changed: Any) -> Action:
    given: dict[str, Any] = {
        "body": b"grant_type=password",
        "content_type": "application/x-www-form-urlencoded",
        "query": b"",
        "authorization": None,
        "connection": Connection(
            listener=Listener.TWO_WAY, source_address="127.0.0.1", certificate=None
        ),
        "issuer": "https://localhost",
        "endpoint": "https://localhost/v2/oauthtoken",
        "findings": Findings(),
        "query_allowed": True,
    } | changed
    return quietly(lambda: parse_token_request(**given))


@pytest.mark.parametrize("piece", ["&", "a=1&", "%e2%82%ac", "A", " ", "=", "Basic ", ";", "\xa0"])
def test_token_requests(piece: str) -> None:
    for name in ("body", "query"):
        assert_linear(
            lambda count, name=name: token_request(**{name: (piece * count).encode()}),  # type: ignore[misc]
            4000,
        )
    for name in ("authorization", "content_type"):
        assert_linear(
            lambda count, name=name: token_request(**{name: "Basic " + piece * count}),  # type: ignore[misc]
            4000,
        )


@pytest.mark.parametrize("piece", ["a ", COMBINING, "http://127.0.0.1:1", "[", ":9", "/", "@", "%"])
def test_authorization_requests(platform: Platform, piece: str) -> None:
    def read(name: str, count: int) -> Action:
        start = "http://127.0.0.1" if name == "redirect_uri" else ""
        good = {"client_id": "demo-native-key", "redirect_uri": "http://127.0.0.1:1/callback"}
        pairs = list((good | {name: start + piece * count}).items())
        server = platform.state.oauth
        return quietly(lambda: read_request(pairs, server, issuer="https://localhost"))

    names = ("redirect_uri", "state", "scope", "login_hint", "code_challenge", "response_type")
    for name in names:
        assert_linear(partial(read, name), 1000)


@pytest.mark.parametrize("piece", ["a ", COMBINING, "\udcff", "%", "&"])
def test_the_address_of_a_log_in_page(platform: Platform, piece: str) -> None:
    def address(count: int) -> Action:
        visit: Any = SimpleNamespace(
            parameters=[("state", piece * count)] * 3, server=platform.state.oauth
        )
        return quietly(lambda: LoginRequest.login_address.__get__(visit))

    assert_linear(address, 1000)


@pytest.mark.parametrize("piece", [COMBINING, "[", ":9", "a", "@", "\u0130", "%", "//"])
def test_redirect_addresses(piece: str) -> None:
    """The values as a form of the portal sends them."""
    registered = ["http://127.0.0.1/callback"]
    assert_linear(lambda count: lambda: find_redirect_problem(f"https://a{piece * count}"), 2000)
    assert_linear(
        lambda count: lambda: is_registered(f"http://127.0.0.1{piece * count}", registered), 2000
    )


@pytest.mark.parametrize("piece", ["&", "a=1&", "client_id=&", "%e2", "A", "=", "+"])
def test_the_caller_of_an_exchange(platform: Platform, piece: str) -> None:
    def find(count: int) -> Action:
        text = (piece * count).encode()
        scope = {
            "method": "GET",
            "path": "/",
            "query_string": text,
            "headers": [
                (b"authorization", b"Basic " + text),
                (b"content-type", b"application/x-www-form-urlencoded"),
                (b"content-length", b"%d" % len(text)),
            ],
        }
        exchange: Any = SimpleNamespace(
            platform=platform, listener=Listener.ONE_WAY, whole_body=text
        )
        return lambda: caller_of(exchange, scope)

    assert_linear(find, 4000)


def browser(served: Served) -> httpx2.Client:
    http = served.client(None, listener=Listener.ONE_WAY)
    http.follow_redirects = False
    return http


def test_the_session_cookie_is_found_among_others(served: Served) -> None:
    """A quoted or escaped spelling of the cookie is another value."""
    http = browser(served)
    logged_in = http.post(AUTHORIZE, params=WEB, data=ALICE | {"decision": "later"})
    session = logged_in.cookies[SESSION_COOKIE]

    def shown(cookies: str) -> str:
        return browser(served).get(LOGIN, params=WEB, headers={"Cookie": cookies}).text

    for cookies in (
        f"{SESSION_COOKIE}={session}",
        f"a=b; {SESSION_COOKIE}={session} ;c",
        f"{SESSION_COOKIE}=x; {SESSION_COOKIE}={session}",
    ):
        assert 'value="allow"' in shown(cookies), cookies
    for cookies in (
        f'{SESSION_COOKIE}="{session}"',
        f"{SESSION_COOKIE}={session}=",
        f"{SESSION_COOKIE}={session}!",
        f"{SESSION_COOKIE.upper()}={session}",
        f"x{SESSION_COOKIE}={session}",
        f'{SESSION_COOKIE}="\\{session}"',
    ):
        assert 'name="password"' in shown(cookies), cookies


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (b"access_token=x", True),
        (b"a=1&%61ccess_toke%6E=x&b", True),
        (b"a=1&access_token=&b=2", False),
        (b"a=1&xaccess_token=x", False),
        (b"a=1access_token=x", False),
    ],
)
def test_a_token_is_found_wherever_a_piece_of_its_form_ends(form: bytes, expected: bool) -> None:
    long = b"p" * 50 + b"&" + form + b"&" + b"q" * 50
    for text in (form, long):
        assert has_access_token(text) is expected
        for size in range(1, len(text) + 1):
            pieces = [text[each : each + size] for each in range(0, len(text), size)]
            assert has_access_token_in(pieces) is expected
