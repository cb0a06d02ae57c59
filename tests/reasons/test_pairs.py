"""Why no key pair can be read. No sentence contains a part of the sent value."""

from __future__ import annotations

import base64

import pytest

from mock_sei.reasons.pairs import explain_missing_colon, explain_unreadable_pair, has_key_pair
from tests.cases import every_case
from tests.growth import Action, assert_linear


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PAIR = encoded("canary-key:canary-secret")


@every_case(
    ("header", "because"),
    [
        ("Basic", "nothing after it"),
        (f'"{PAIR}"', "in quotes"),
        (f"Basic {PAIR}", "the scheme Basic twice"),
        (PAIR.replace("=", "%3D") + "%3D", "percent-encoded"),
        ("canary-key:canary-secret", "in plain text, not Base64"),
        (f"{PAIR[:8]} {PAIR[8:]}", "base64 breaks lines unless it is called with -w0"),
        (encoded("\u00ff\u00fe:canary").replace("/", "_").replace("+", "-"), "alphabet for URLs"),
        (base64.b64encode("k\u00e9y:canary".encode("latin-1")).decode(), "not UTF-8"),
        (encoded("canary-key:canary-secret1").rstrip("="), "lacks its padding"),
        ("canary~~~~", "not Base64; encode AppKey:AppSecret"),
        ("x" * 100_000, "too long"),
    ],
)
def test_an_unreadable_pair_is_explained(header: str, because: str) -> None:
    told = explain_unreadable_pair(header)

    assert because in told
    assert "canary" not in told


@every_case(
    ("decoded", "because"),
    [
        (PAIR, "encoded in Base64 twice"),
        (f"{PAIR}\n", "encoded in Base64 twice"),
        ("canary-key%3Acanary-secret", "encoded twice"),
        ("canary", "has no colon"),
        ("c" * 100_000, "has no colon"),
    ],
)
def test_a_missing_colon_is_explained(decoded: str, because: str) -> None:
    told = explain_missing_colon(decoded)

    assert because in told
    assert "canary" not in told


def test_a_pair_is_one_where_its_key_is_known() -> None:
    assert has_key_pair(PAIR, {"canary-key": 1}.get) is True
    assert has_key_pair(PAIR, {"other": 1}.get) is None
    assert has_key_pair("canary", {"canary": 1}.get) is None


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["A", "%", '"', " ", "-", ":"])
def test_a_long_header_costs_its_length(piece: str) -> None:
    def make(size: int) -> Action:
        return lambda: (explain_unreadable_pair(piece * size), explain_missing_colon(piece * size))

    assert_linear(make, 4000)
