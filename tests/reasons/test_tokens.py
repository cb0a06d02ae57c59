"""What was sent instead of a bearer token. No sentence contains a part of it."""

from __future__ import annotations

import base64
import json

import pytest

from mock_sei.errors import Explanation
from mock_sei.reasons.tokens import explain_bad_token, explain_no_token, shown_scheme
from tests.cases import every_case
from tests.growth import Action, assert_linear


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def token_of(**claims: object) -> str:
    return f"{part({'alg': 'ES256', 'kid': 'other'})}.{part(claims)}.c2lnbmF0dXJl"


TOKEN = token_of(fam="canary")
WHY = Explanation(check="access token", because="As before.", expected="a", actual="b")
KINDS = {"canary-refresh": "a refresh token", "canary-code": "an authorization code"}


@every_case(
    ("header", "because"),
    [
        (None, "The request has no access token"),
        ("", "The request has an empty Authorization header"),
        (f"BearerToken {TOKEN}", "sent back the token_type"),
        (f"bearertoken {TOKEN}", "docs/clients.md"),
        ("BearerToken", "sent back the token_type"),
        ("Bearer", "the client's variable was empty"),
        (f'"Bearer {TOKEN}"', "in quotes or brackets"),
        (f"'Bearer {TOKEN}'", "in quotes or brackets"),
        (f"\u201cBearer {TOKEN}\u201d", "in quotes or brackets"),
        (TOKEN, "without the scheme"),
        (f"Bearer: {TOKEN}", "not followed by exactly one space"),
        (f"Bearer={TOKEN}", "not followed by exactly one space"),
        (f"Bearer\t{TOKEN}", "not followed by exactly one space"),
        (f"Bearer,{TOKEN}", "not followed by exactly one space"),
        (f"Authorization: Bearer {TOKEN}", "begins with the header's name"),
        ("Basic Y2FuYXJ5", "only the token endpoint accepts"),
        (f"Token {TOKEN}", "is not Bearer"),
        ("canary", "one word without a scheme"),
    ],
)
def test_a_header_without_a_token_is_explained(header: str | None, because: str) -> None:
    told = explain_no_token(header, None)

    assert because in told
    assert "canary" not in told
    assert TOKEN[:20] not in told


def test_a_token_in_another_place_is_named_with_the_cure() -> None:
    in_query = explain_no_token(None, "the query string (access_token=)")
    in_form = explain_no_token(None, "the form of the body (access_token=)")

    assert "the query string (access_token=)" in in_query
    assert "docs/clients.md" in in_query
    assert "the form of the body" in in_form
    assert "send Authorization: Bearer" in in_form


@every_case(
    ("token", "because"),
    [
        ("null", "null of JSON or Java"),
        ("undefined", "undefined of JavaScript"),
        ("None", "None of Python"),
        ('"null"', "null of JSON or Java"),
        ("[object Object]", "an object of JavaScript"),
        ("[object Promise]", "a Promise of JavaScript"),
        ("<coroutine object f at 0x7f00>", "a Python object"),
        ("<function token at 0x7f00>", "a Python object"),
        ("Bearer", "the scheme twice"),
        (f"Bearer {TOKEN}", "The header has the scheme twice"),
        (f"bearer: {TOKEN}", "The header has the scheme twice"),
        (f"BearerToken {TOKEN}", "The header has the scheme twice"),
        (json.dumps({"access_token": TOKEN}), "send only the value of its access_token"),
        ('{"a": 1', "The token is JSON, or looks like it"),
        ("{'access_token': 'canary'}", "The token is JSON, or looks like it"),
        ("{{token}}", "a placeholder"),
        ("{{ access_token }}", "a placeholder"),
        ("${TOKEN}", "a placeholder"),
        ("$TOKEN", "a placeholder"),
        ("%TOKEN%", "a placeholder"),
        ("<your token>", "a placeholder"),
        ("YOUR_TOKEN_HERE", "a placeholder"),
        ("...", "a placeholder"),
        (f'"{TOKEN}"', "The token is in quotes: it has double quotes around it"),
        (f"'{TOKEN}'", "The token is in quotes: it has single quotes around it"),
        (f"\u201c{TOKEN}\u201d", "The token is in quotes: it has typographic quotes"),
        (f"<{TOKEN}>", "complete without angle brackets around it"),
        (f"b'{TOKEN}'", "Python prints bytes"),
        (f"{TOKEN}\\n", "an escaped line end after it"),
        (f"{TOKEN};", "punctuation after it"),
        (f"{TOKEN}\u200b", "a zero-width character after it"),
        (TOKEN.replace(".", "%2E"), "one percent-encoding too many"),
        (f"access_token={TOKEN}", "a name before it"),
        (f"{TOKEN}, {TOKEN}", "its repetition"),
        (TOKEN.lower(), "have one case"),
        (TOKEN.rpartition(".")[0], "2 of the three parts"),
        (f"{TOKEN}.a.b", "five parts"),
        ("two words", "contains a blank"),
        ("canary-refresh", "The token is a refresh token instead of an access token"),
        ("canary-code", "The token is an authorization code instead of an access token"),
    ],
)
def test_what_is_plainly_no_token_is_told_as_what_it_is(token: str, because: str) -> None:
    why = explain_bad_token(token, WHY, KINDS.get)

    assert because in why.because
    assert "canary" not in why.because
    assert TOKEN[:20] not in why.because
    assert (why.check, why.expected, why.actual) == (WHY.check, None, None)


@every_case("token", [TOKEN, "canary", "x" * 100_000, "a.b.c", "\x00"])
def test_what_is_not_plain_keeps_its_reason(token: str) -> None:
    assert explain_bad_token(token, WHY, KINDS.get) == WHY


@pytest.mark.parametrize(
    "claims", [{"nonce": "n"}, {"at_hash": "x"}, {"aud": "client", "email": "a@example.com"}]
)
def test_an_id_token_is_told_as_one(claims: dict[str, str]) -> None:
    why = explain_bad_token(token_of(iss="https://other", **claims), WHY, KINDS.get)

    assert why.because.startswith("As before. It looks like an ID token")
    assert (why.expected, why.actual) == ("a", "b")


@every_case(
    ("header", "scheme"),
    [
        ("Basic abc", "Basic"),
        ("Token abc", "Token"),
        ("hunter2", None),
        ("hunter", None),
        ("hunter2 x", None),
        ("Bearer", None),
        ("", None),
    ],
)
def test_a_first_word_that_may_be_a_secret_is_not_shown(header: str, scheme: str | None) -> None:
    assert shown_scheme(header) == scheme


@pytest.mark.slow
@every_case("piece", ["{", '"', "eyJ.", ".", "%25", "Bearer ", "x", "$", "<", "-_"])
def test_a_long_token_costs_its_length(piece: str) -> None:
    def make(size: int) -> Action:
        token = piece * (size // len(piece))
        return lambda: (explain_bad_token(token, WHY, KINDS.get), explain_no_token(token, None))

    assert_linear(make, 8000)
