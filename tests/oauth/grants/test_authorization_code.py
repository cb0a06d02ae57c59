"""``authorization_code``: what a code gives, once and in time, and what spoils it."""

from __future__ import annotations

import pytest

from mock_sei.standards import Listener
from tests.oauth.flows import (
    VERIFIER,
    assert_invalid_grant,
    by_code,
    call,
    log_in,
    refresh,
    returned,
)
from tests.support import TOKEN_PATH, Platform


def test_a_code_gives_the_documented_members_in_their_order(platform: Platform) -> None:
    platform.sandbox.clock.freeze()

    body = by_code(platform).json()

    assert list(body) == [
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "refresh_token_expires_in",
        "redirect_url",
        "email",
        "scope",
    ]
    assert body["token_type"] == "BearerToken"
    assert body["refresh_token_expires_in"] == 2_592_000
    assert body["redirect_url"] == "https://localhost:9443/callback"
    assert call(platform, body["access_token"]) == 200


def test_a_native_application_needs_no_certificate_and_a_verifier(platform: Platform) -> None:
    body = by_code(platform, "demo-native").json()

    assert call(platform, body["access_token"], "demo-native") == 200
    assert refresh(platform, body["refresh_token"], "demo-native").status_code == 200


def test_a_code_dies_after_twenty_seconds(platform: Platform) -> None:
    young, old = (returned(log_in(platform))["code"] for _ in range(2))
    platform.sandbox.clock.advance(seconds=19)
    assert by_code(platform, code=young).status_code == 200
    platform.sandbox.clock.advance(seconds=1)

    assert_invalid_grant(platform, by_code(platform, code=old), "older than 20 seconds")


def test_a_second_use_ends_the_tokens_of_the_first(platform: Platform) -> None:
    code = returned(log_in(platform))["code"]
    first = by_code(platform, code=code).json()

    assert_invalid_grant(platform, by_code(platform, code=code), "used before")
    assert call(platform, first["access_token"]) == 401
    assert refresh(platform, first["refresh_token"]).status_code == 400


def test_a_hundred_redemptions_give_one_token(platform: Platform) -> None:
    code = returned(log_in(platform))["code"]

    statuses = [by_code(platform, code=code).status_code for _ in range(100)]

    assert sorted(statuses) == [200, *[400] * 99]


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"code": "bogus"}, "No such code"),
        ({"redirect_uri": "https://localhost:9443/other"}, "redirect_uri is not the one"),
        ({"redirect_url": "https://localhost:9443/other"}, "redirect_uri is not the one"),
        ({"code_verifier": VERIFIER}, "had no code_challenge"),
    ],
)
def test_a_wrong_redemption_is_refused(
    platform: Platform, changes: dict[str, str], because: str
) -> None:
    assert_invalid_grant(platform, by_code(platform, **changes), because)


def test_a_redirect_address_that_was_sent_must_be_sent_again(platform: Platform) -> None:
    """RFC 6749 section 4.1.3."""
    address = "https://localhost:9443/callback"

    def code() -> str:
        return returned(log_in(platform, redirect_uri=address))["code"]

    assert by_code(platform, code=code(), redirect_uri=address).status_code == 200
    missing = by_code(platform, code=code())
    assert_invalid_grant(platform, missing, "redirect_uri")
    assert missing.json()["error_description"] == "redirect_uri is missing."


def test_another_application_cannot_redeem_a_code(platform: Platform) -> None:
    code = returned(log_in(platform))["code"]

    answer = by_code(platform, "demo-native", code=code)

    assert_invalid_grant(platform, answer, "another application")


@pytest.mark.parametrize("verifier", ["x" * 43, None])
def test_a_wrong_or_missing_verifier_burns_the_code(
    platform: Platform, verifier: str | None
) -> None:
    code = returned(log_in(platform, "demo-native"))["code"]

    wrong = by_code(platform, "demo-native", code=code, code_verifier=verifier)

    assert_invalid_grant(platform, wrong, "the code is spoilt")
    problem = "does not fit the code_challenge" if verifier else "is missing"
    assert wrong.json()["error_description"] == f"code_verifier {problem}."
    assert_invalid_grant(platform, by_code(platform, "demo-native", code=code), "spoilt")


@pytest.mark.parametrize("verifier", ["x" * 42, "x" * 129, "é" * 43, "x" * 42 + " "])
def test_a_malformed_verifier_is_refused(platform: Platform, verifier: str) -> None:
    code = returned(log_in(platform, "demo-native"))["code"]

    answer = by_code(platform, "demo-native", code=code, code_verifier=verifier)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert by_code(platform, "demo-native", code=code).status_code == 200


def test_a_user_who_is_gone_has_no_code(platform: Platform) -> None:
    code = returned(log_in(platform))["code"]
    del platform.sandbox.state.registry.end_users["alice@example.com"]

    assert_invalid_grant(platform, by_code(platform, code=code), "is gone")


def test_codes_and_reuse_are_remembered_for_an_hour(platform: Platform) -> None:
    """So long the reason can be told, and a late reuse still ends the tokens."""
    code = returned(log_in(platform))["code"]
    token = by_code(platform, code=code).json()["refresh_token"]
    platform.sandbox.clock.advance(minutes=59)
    log_in(platform)

    assert_invalid_grant(platform, by_code(platform, code=code), "used before")
    assert refresh(platform, token).status_code == 400
    platform.sandbox.clock.advance(minutes=2)
    log_in(platform)
    assert_invalid_grant(platform, by_code(platform, code=code), "No such code")


def test_a_public_client_names_itself(platform: Platform) -> None:
    code = returned(log_in(platform, "demo-native"))["code"]
    http = platform.client(None, listener=Listener.ONE_WAY)

    answer = http.post(TOKEN_PATH, data={"grant_type": "authorization_code", "code": code})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
