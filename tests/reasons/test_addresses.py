"""How a redirect address differs from a registered one."""

from __future__ import annotations

import pytest

from mock_sei.reasons.addresses import find_address_difference
from tests.cases import every_case
from tests.growth import Action, assert_linear

KNOWN = ("https://localhost:9443/callback", "http://127.0.0.1/callback", "com.example:/callback")


@every_case(
    ("sent", "difference"),
    [
        ("https://localhost:9443/callback/", "a slash at its end"),
        ("https://localhost:9443/Callback", "upper and lower case"),
        ("HTTPS://LOCALHOST:9443/callback", "upper and lower case"),
        ("http://localhost:9443/callback", "its scheme, which is not https"),
        ("https://localhost:9444/callback", "its port (9444, not 9443)"),
        ("https://localhost/callback", "its port (none, not 9443)"),
        ("http://127.0.0.1:80/callback", "the port 80, which only one of them spells out"),
        (
            "https://127.0.0.1:9443/callback",
            "its host (127.0.0.1, not localhost: clients compare the names)",
        ),
        (
            "http://localhost/callback",
            "its host (localhost, not 127.0.0.1: clients compare the names)",
        ),
        ("http://[::1]/callback", "its host (::1, not 127.0.0.1: clients compare the names)"),
        ("https://example.com:9443/callback", "its host"),
        ("https://localhost:9443/callback?a=b", "its query"),
        ("https://localhost:9443/callback#", "an empty query or fragment at its end"),
        ("https://localhost:9443/callback#x", "its fragment"),
        ("https://localhost:9443/callback\n", "a line end after it"),
        ('"https://localhost:9443/callback"', "double quotes around it"),
        ("https://u@localhost:9443/callback", "a user name before its host"),
        ("https://localhost:9443/other/", "its path"),
        ("com.example:/callback/", "a slash at its end"),
    ],
)
def test_a_difference_is_named(sent: str, difference: str) -> None:
    assert find_address_difference(sent, KNOWN) == difference


@every_case(
    "sent",
    [
        "",
        "https://evil/",
        "hunter2:hunter3",
        "https://localhost:x/",
        "http://[",
        "x" * 9000,
        "\u00e9",
    ],
)
def test_of_another_address_nothing_is_told(sent: str) -> None:
    assert find_address_difference(sent, KNOWN) is None
    assert find_address_difference("https://a/", ()) is None


@pytest.mark.slow
@every_case("piece", ["/", ":", "%25", "a", "?", "@", "[", "\u00e9"])
def test_a_long_address_costs_its_length(piece: str) -> None:
    def make(size: int) -> Action:
        sent = "https://localhost/" + piece * (size // len(piece))
        return lambda: find_address_difference(sent, KNOWN)

    assert_linear(make, 1000)
