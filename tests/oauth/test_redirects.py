"""Redirect addresses: which is registered, and which is not."""

from __future__ import annotations

import pytest

from mock_sei.oauth.redirects import is_registered, with_fragment, with_query
from tests.oauth.flows import log_in
from tests.support import Platform


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
    """Acceptance row D4; RFC 8252 section 7.3."""
    assert is_registered(address, ["http://[::1]/callback"]) is accepted


@pytest.mark.parametrize(
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
        ("com.example.app:/CB", "com.example.app:/cb"),
        ("javascript:alert(1)", "com.example.app:/cb"),
        ("", "https://app.example/cb"),
    ],
)
def test_anything_else_must_be_the_same_to_the_letter(address: str, registered: str) -> None:
    """Acceptance row D2; RFC 9700 section 2.1."""
    assert not is_registered(address, [registered])
    assert is_registered(registered, [address or "x", registered])


def test_an_answer_is_added_to_what_the_address_has() -> None:
    """RFC 6749 section 3.1.2: its own query stays."""
    members = {"code": "a b&c", "state": "\udcff"}

    assert with_query("https://x/cb", members) == "https://x/cb?code=a+b%26c&state=%FF"
    assert with_query("https://x/cb?own=1", members) == "https://x/cb?own=1&code=a+b%26c&state=%FF"
    assert with_fragment("https://x/cb?own=1", members) == (
        "https://x/cb?own=1#code=a+b%26c&state=%FF"
    )
