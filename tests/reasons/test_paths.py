"""The operations nearest to an unknown path, and the time to find them."""

from __future__ import annotations

import difflib

import pytest

from mock_sei.oauth.metadata import OAUTH_OPERATIONS
from mock_sei.reasons.paths import NearPaths, find_path_difference
from mock_sei.rules.addresses import PLATFORM_PAGES
from tests.cases import every_case
from tests.growth import Action, assert_flat, assert_linear

NAMES = (
    *("GET /v2/investors", "POST /v1/investors", "PATCH /v1/investors/{externalId}"),
    *("GET /v1/order/tradetickets", "POST /v1/order/tradetickets", "GET /v1/accounts"),
    *("POST /v2/reports", "GET /base/v1/widgets", "GET /base/v1/widgets/{id}"),
)
NEAR = NearPaths(OAUTH_OPERATIONS, (*NAMES, *PLATFORM_PAGES))


@every_case("method", ["GET", "POST", "FOO"])
@every_case(
    "path",
    [
        "/v2/oauthtoken/",
        "//v2/oauthtoken",
        "/v2//oauthtoken",
        "/v2/OAuthToken",
        "/V2/OAUTHTOKEN/",
        "/v1/oauthtoken",
        "/oauthtoken",
        "/oauth2/token",
        "/oauth/token",
        "/v2/oauth-token",
        "/v2/oauth_token",
        "/v2/oauthtokn",
        "/v2/oauthtoken%20",
        "/v2/oauthtoken\n",
        "/v2/oauthtoken?",
        "/v2.0/oauthtoken",
        "/api/v2/oauthtoken",
        "/token",
    ],
)
def test_a_misspelt_token_path_names_the_token_endpoint_first(method: str, path: str) -> None:
    assert NEAR.nearest(method, path)[0] == "POST /v2/oauthtoken"


@every_case(
    ("operation", "first"),
    [
        ("POST /v3/oauthtoken/", "POST /v3/oauthtoken"),
        ("GET /v2/oauth/authorise", "GET /v2/oauth/authorize"),
        ("POST /authorize", "POST /v2/oauth/authorize"),
        ("POST /v2/oauth/Revoke/", "POST /v2/oauth/revoke"),
        ("GET /v1/oauth/token-info", "GET /v2/oauth/tokeninfo"),
        ("GET /.well-known/openid-configuration", "GET /.well-known/oauth-authorization-server"),
        ("GET /jwks.json", "GET /.well-known/jwks.json"),
        ("GET /Portal/Journal", "GET /portal/journal"),
        ("GET /v2/Investors/", "GET /v2/investors"),
        ("POST /v2/investors/", "POST /v1/investors"),
        ("GET /investor", "GET /v2/investors"),
        ("GET /v1//order/tradetickets", "GET /v1/order/tradetickets"),
        ("GET /v1/widgets", "GET /base/v1/widgets"),
        ("GET /widgets/7", "GET /base/v1/widgets"),
    ],
)
def test_slashes_case_and_versions_hide_no_path(operation: str, first: str) -> None:
    method, _, path = operation.partition(" ")

    assert NEAR.nearest(method, path)[0] == first


def test_a_functional_path_that_is_nearer_wins_over_the_preferred() -> None:
    assert not set(NEAR.nearest("GET", "/v1/acounts")[:1]) & set(OAUTH_OPERATIONS)


@every_case(
    ("sent", "right", "difference"),
    [
        ("/v2/oauthtoken/", "/v2/oauthtoken", "a slash at its end"),
        ("//v2/oauthtoken", "/v2/oauthtoken", "a double slash"),
        ("/v2/OAuthToken", "/v2/oauthtoken", "upper and lower case"),
        ("/v1/oauthtoken", "/v2/oauthtoken", "its version"),
        ("/v2/oauthtoken%0a", "/v2/oauthtoken", "an invisible character at its end"),
        ("/v2/OAuthToken/", "/v2/oauthtoken", "a slash at its end and upper and lower case"),
        ("/v2/oauthtoken", "/v2/oauthtoken", None),
        ("/v2/other", "/v2/oauthtoken", None),
        ("", "", None),
    ],
)
def test_a_difference_of_two_paths_is_named(sent: str, right: str, difference: str | None) -> None:
    assert find_path_difference(sent, right) == difference


@pytest.mark.slow
def test_the_number_of_operations_does_not_matter() -> None:
    def make(count: int) -> Action:
        names = [f"GET /v1/widgets{each}/parts/{{id}}" for each in range(count)]
        near = NearPaths(OAUTH_OPERATIONS, names)
        return lambda: near.nearest("GET", "/v1/widget/parts/7")

    assert_flat(make, few=200, many=4000)


@pytest.mark.slow
@every_case("piece", ["/", "a", "/v1", "%2f", "a/", "//", "\n", "{"])
def test_a_long_path_costs_its_length_at_most(piece: str) -> None:
    def make(count: int) -> Action:
        path = piece * count
        return lambda: (NEAR.nearest("GET", path), find_path_difference(path, "/v2/oauthtoken"))

    assert_linear(make, 4000)


def test_few_of_many_operations_are_measured_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [
        f"{method} /v1/{kind}/{{id}}/items{number}"
        for method in ("GET", "POST", "PUT", "DELETE")
        for kind in ("accounts", "folders", "files")
        for number in range(100)
    ]
    near = NearPaths((), names)
    measured = 0
    ratio = difflib.SequenceMatcher.ratio

    def counted(self: difflib.SequenceMatcher[str]) -> float:
        nonlocal measured
        measured += 1
        return ratio(self)

    monkeypatch.setattr(difflib.SequenceMatcher, "ratio", counted)

    assert near.nearest("GET", "/v1/acounts/{id}/items4")[0].startswith("GET /v1/accounts/{id}/")
    assert 0 < measured <= 12
