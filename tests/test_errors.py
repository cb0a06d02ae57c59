"""The tree of errors in the docstring, and the body of a refusal."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

import pytest

from mock_sei import errors
from mock_sei.errors import (
    API_KEY,
    CERTIFICATE_NAME,
    KEY_PAIR,
    SOURCE_ADDRESS,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    TRAFFIC_PATTERN,
    ConfigurationError,
    Explanation,
    InvalidValue,
    MalformedRequest,
    MethodNotAllowed,
    MockSeiError,
    Refusal,
    RefusalKind,
    error_body,
    oauth_error_body,
)
from tests.cases import every_case
from tests.sources import nodes_of

pytestmark = pytest.mark.long

TRACKING_ID = "5e4d3c2b-0000-4000-8000-000000000001"
PRECONDITIONS = "Preconditions not met. The security conditions for gateway access were not met"


def refusal(kind: RefusalKind) -> Refusal:
    return Refusal(kind, check="a check", because="A private sentence.", expected="x", actual="y")


def drawn_tree() -> dict[str, str]:
    """Each class of the docstring's tree, with its base class."""
    path: list[str] = []
    parents = {}
    for line in (errors.__doc__ or "").splitlines():
        drawn = re.match(r"    ([│ ]*)(?:[├└]── )?([A-Z][A-Za-z]+)(?:  |$)", line)
        if drawn:
            depth = line.index(drawn[2]) // 4 - 1
            parents[drawn[2]] = path[depth - 1] if depth else "Exception"
            path[depth:] = [drawn[2]]
    return parents


def test_the_drawn_tree_is_the_tree_there_is() -> None:
    there = {
        name: each.__base__.__name__ if each.__base__ else ""
        for name, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, MockSeiError)
    }

    assert drawn_tree() == there


@pytest.mark.slow
def test_no_error_of_ours_grows_elsewhere() -> None:
    names = set(drawn_tree())
    package = Path(errors.__file__).parent
    elsewhere = [
        f"{path.relative_to(package)}: {node.name}"
        for path in package.rglob("*.py")
        if path.name != "errors.py"
        for node in nodes_of(path)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id in names for base in node.bases)
    ]

    assert elsewhere == []


ROWS = [
    (1, SOURCE_ADDRESS, "gateway.access.failure", PRECONDITIONS, []),
    (
        2,
        CERTIFICATE_NAME,
        "gateway.access.failure",
        PRECONDITIONS,
        [{"reason": "Authorization Failed."}],
    ),
    (
        3,
        TRAFFIC_PATTERN,
        "gateway.access.failure",
        PRECONDITIONS,
        [{"reason": "The incoming traffic pattern is invalid."}],
    ),
    (4, TOKEN_EXPIRED, "gateway.authentication.failure", "Access Token expired", []),
    (5, API_KEY, "gateway.authentication.failure", "Invalid ApiKey for given resource", []),
]


@every_case(("row", "kind", "code", "message", "entries"), ROWS)
def test_the_documented_rows_are_sent_in_the_documented_words(
    row: int, kind: RefusalKind, code: str, message: str, entries: list[dict[str, str]]
) -> None:
    """The bodies of the documented error table."""
    assert error_body(refusal(kind), TRACKING_ID) == {
        "code": code,
        "message": message,
        "trackingId": TRACKING_ID,
        "transient": False,
        "errors": entries,
    }
    assert kind.status == (403 if row <= 3 else 401)


def test_a_bad_token_gets_the_message_of_the_api_standards_sample() -> None:
    body = error_body(refusal(TOKEN_INVALID), TRACKING_ID)

    assert body["code"] == "gateway.authentication.failure"
    assert body["message"] == "Gateway Authentication Failed, Please validate Credentials"


def every_kind() -> list[RefusalKind]:
    return [each for _, each in inspect.getmembers(errors) if isinstance(each, RefusalKind)]


@every_case("kind", every_kind(), ids=lambda kind: f"{kind.status} {kind.message}")
def test_every_refusal_has_the_five_members_and_keeps_its_private_words(kind: RefusalKind) -> None:
    for body in (
        error_body(refusal(kind), TRACKING_ID),
        oauth_error_body(refusal(kind), TRACKING_ID),
    ):
        assert list(body)[:5] == ["code", "message", "trackingId", "transient", "errors"]
        assert body["transient"] is (kind is errors.STORE_AWAY)
        assert isinstance(body["errors"], list)
        assert body["trackingId"] == TRACKING_ID
        assert "private" not in json.dumps(body)
        ours = (errors.EXHAUSTED, errors.STORE_AWAY, errors.LIVE_PAGES_FULL)
        assert 400 <= kind.status < 500 or kind in ours


def test_the_token_endpoints_body_is_the_same_and_the_two_members_of_the_rfc() -> None:
    body = oauth_error_body(refusal(KEY_PAIR), TRACKING_ID)

    assert body == error_body(refusal(KEY_PAIR), TRACKING_ID) | {
        "error": "invalid_client",
        "error_description": "AppKey and AppSecret are wrong or missing.",
    }


@every_case("kind", every_kind(), ids=lambda kind: f"{kind.status} {kind.message}")
def test_the_rfcs_members_are_of_its_alphabet(kind: RefusalKind) -> None:
    """RFC 6749 sections 4.1.2.1 and 5.2 name the codes, and a description's characters."""
    body = oauth_error_body(refusal(kind), TRACKING_ID)

    assert body["error"] in {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "unsupported_response_type",
        "access_denied",
        "temporarily_unavailable",
    }
    assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+", str(body["error_description"]))


def test_a_refusal_carries_its_explanation() -> None:
    assert refusal(API_KEY).why == Explanation(
        check="a check", because="A private sentence.", expected="x", actual="y"
    )
    assert str(refusal(API_KEY)) == "A private sentence."


def test_wrong_values_of_a_functional_call_have_an_entry_each() -> None:
    faults = [
        InvalidValue("limit", "query", "not a number"),
        InvalidValue("status", "query", "not one of them"),
    ]
    refused = MalformedRequest(faults)

    assert error_body(refused, TRACKING_ID)["errors"] == [
        {"field": "limit", "location": "query", "reason": "not a number"},
        {"field": "status", "location": "query", "reason": "not one of them"},
    ]
    assert refused.kind.status == 400
    assert refused.why.because == "query limit: not a number; query status: not one of them"


def test_a_wrong_method_names_the_right_ones() -> None:
    refused = MethodNotAllowed("GET", "/v2/oauthtoken", ("POST",))

    assert refused.kind.status == 405
    assert refused.allowed == ("POST",)
    assert refused.why.because == "/v2/oauthtoken takes POST, not GET."


@every_case(
    ("error", "line"),
    [
        (ConfigurationError("no such folder", source=Path("f")), "f: no such folder"),
        (
            ConfigurationError("too big", source="file", key="port", value=7),
            "file: port = 7: too big",
        ),
        (
            ConfigurationError("empty", source="file", key="name", value=""),
            "file: name = '': empty",
        ),
        (ConfigurationError("odd", source="file", key="k", value="a\nb"), "file: k = 'a\\nb': odd"),
    ],
)
def test_a_configuration_error_is_one_line(error: ConfigurationError, line: str) -> None:
    assert str(error) == line
