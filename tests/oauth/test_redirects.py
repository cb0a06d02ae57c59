"""Redirect addresses: which is registered, and which is not."""

from __future__ import annotations

import pytest

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
