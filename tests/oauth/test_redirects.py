"""Redirect addresses: the check that one is registered."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from mock_sei.oauth.redirects import is_registered, with_fragment, with_query
from tests.cases import every_case
from tests.oauth.flows import log_in
from tests.support import Served


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
    served: Served, address: str, accepted: bool
) -> None:
    answer = log_in(served, "demo-native", redirect_uri=address)

    assert ("Location" in answer.headers) is accepted
    assert answer.headers.get("Location", address).startswith(address)


@every_case(
    ("address", "accepted"),
    [
        ("http://[::1]/callback", True),
        ("http://[::1]:51234/callback", True),
        ("http://[::1]:51234/other", False),
        ("http://[::2]:51234/callback", False),
        ("http://[::1:51234/callback", False),
        ("http://127.0.0.1:51234/callback", False),
        ("http://[0:0:0:0:0:0:0:1]:51234/callback", False),
    ],
)
def test_the_loopback_address_may_be_that_of_ipv6(address: str, accepted: bool) -> None:
    """RFC 8252 section 7.3."""
    assert is_registered(address, ["http://[::1]/callback"]) is accepted


@every_case(
    ("address", "registered"),
    [
        ("https://app.example:8443/cb", "https://app.example/cb"),
        ("https://app.example/cb?a=1", "https://app.example/cb"),
        ("https://app.example/cb", "https://app.example/cb?a=1"),
        ("https://app.example/cb/../cb", "https://app.example/cb"),
        ("https://APP.example/cb", "https://app.example/cb"),
        ("https://app.example/%63b", "https://app.example/cb"),
        ("https://app.example.evil.example/cb", "https://app.example/cb"),
        ("https://app.example@evil.example/cb", "https://app.example/cb"),
        ("https://app.example\\@evil.example/cb", "https://app.example/cb"),
        ("https://app.example/cb\n", "https://app.example/cb"),
        (" https://app.example/cb", "https://app.example/cb"),
        ("https://*.example/cb", "https://app.example/cb"),
        ("http://127.0.0.1:\u0665/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:080/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:+80/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:80\\@evil.example/cb", "http://127.0.0.1/cb"),
        ("http://127.1:80/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:80/cb", "http://127.0.0.1/cb?"),
        ("http://127.0.0.1:80/cb?", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:80/cb#", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:80/cb", "http://user@127.0.0.1/cb"),
        ("http://127.0.0.1:65536/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:80", "http://127.0.0.1/"),
        ("com.example.app:/CB", "com.example.app:/cb"),
        ("javascript:alert(1)", "com.example.app:/cb"),
        ("", "https://app.example/cb"),
    ],
)
def test_anything_else_must_be_the_same_to_the_letter(address: str, registered: str) -> None:
    """RFC 9700 section 2.1."""
    assert not is_registered(address, [registered])
    assert is_registered(registered, [address or "x", registered])


@every_case("rest", ["", "/", "?", "/cb?", "/cb?own=1", "/cb?own=1&", "/cb;x?a=?"])
def test_the_port_may_differ_whatever_follows_it(rest: str) -> None:
    """RFC 8252 section 7.3."""
    for host in ("http://127.0.0.1", "http://[::1]"):
        assert is_registered(f"{host}:51234{rest}", [f"{host}{rest}"])
        assert is_registered(f"{host}{rest}", [f"{host}:8000{rest}"])


MEMBERS = {"code": "a b&c", "state": "\udcff"}


@every_case(
    ("address", "with_members"),
    [
        ("https://x/cb", "https://x/cb?code=a+b%26c&state=%FF"),
        ("https://x/cb?", "https://x/cb?code=a+b%26c&state=%FF"),
        ("https://x/cb?own=1", "https://x/cb?own=1&code=a+b%26c&state=%FF"),
        ("https://x/cb?own=1&", "https://x/cb?own=1&code=a+b%26c&state=%FF"),
        ("https://x/cb?own=?", "https://x/cb?own=?&code=a+b%26c&state=%FF"),
        ("https://x/cb?own", "https://x/cb?own&code=a+b%26c&state=%FF"),
        ("https://x/cb&", "https://x/cb&?code=a+b%26c&state=%FF"),
        ("https://x", "https://x?code=a+b%26c&state=%FF"),
        ("com.example.app:/cb?", "com.example.app:/cb?code=a+b%26c&state=%FF"),
    ],
)
def test_an_answer_is_added_to_what_the_address_has(address: str, with_members: str) -> None:
    """The address keeps its own query, also an empty one (RFC 6749 section 3.1.2)."""
    assert with_query(address, MEMBERS) == with_members
    assert with_fragment(address, MEMBERS) == f"{address}#code=a+b%26c&state=%FF"


@pytest.mark.parametrize("rest", ["?", "?own=1", "?own=1&", "?own=%3F"])
def test_success_and_error_keep_the_query_of_the_address(served: Served, rest: str) -> None:
    own = rest.strip("?&").split("&") if rest.strip("?&") else []
    for name, wrong, member in (
        ("demo-web", {}, "code"),
        ("demo-web", {"scope": "everything"}, "error"),
        ("demo-spa", {}, "access_token"),
        ("demo-spa", {"scope": "everything"}, "error"),
    ):
        address = f"https://localhost:9443/own{rest}"
        served.change(name, redirect_addresses=(address,))

        location = log_in(served, name, state="s", **wrong).headers["Location"]

        parts = urlsplit(location)
        assert location.startswith(address)
        assert location.count("?") == 1
        assert parts.query.split("&")[: len(own)] == own
        answered = parts.fragment if name == "demo-spa" else parts.query
        assert parse_qs(answered).keys() >= {member, "state", "iss"}
