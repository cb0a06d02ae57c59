"""``authorization_code``: a code gives tokens once and in time; errors that end a code."""

from __future__ import annotations

import pytest

from mock_sei.rules.standards import Listener
from tests.oauth.flows import (
    VERIFIER,
    assert_invalid_grant,
    by_code,
    call,
    log_in,
    refresh,
    returned,
)
from tests.support import TOKEN_PATH, Served


def test_a_code_gives_the_documented_members_in_their_order(served: Served) -> None:
    served.platform.clock.freeze()

    body = by_code(served).json()

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
    assert call(served, body["access_token"]) == 200


def test_a_native_application_needs_no_certificate_and_a_verifier(served: Served) -> None:
    body = by_code(served, "demo-native").json()

    assert call(served, body["access_token"], "demo-native") == 200
    assert refresh(served, body["refresh_token"], "demo-native").status_code == 200


def test_a_code_dies_after_twenty_seconds(served: Served) -> None:
    young, old = (returned(log_in(served))["code"] for _ in range(2))
    served.platform.clock.advance(seconds=19)
    assert by_code(served, code=young).status_code == 200
    served.platform.clock.advance(seconds=1)

    assert_invalid_grant(served, by_code(served, code=old), "older than 20 seconds")


def test_a_second_use_ends_the_tokens_of_the_first(served: Served) -> None:
    code = returned(log_in(served))["code"]
    first = by_code(served, code=code).json()

    assert_invalid_grant(served, by_code(served, code=code), "used before")
    assert call(served, first["access_token"]) == 401
    assert refresh(served, first["refresh_token"]).status_code == 400


@pytest.mark.long
def test_a_hundred_redemptions_give_one_token(served: Served) -> None:
    code = returned(log_in(served))["code"]

    statuses = [by_code(served, code=code).status_code for _ in range(100)]

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
    served: Served, changes: dict[str, str], because: str
) -> None:
    assert_invalid_grant(served, by_code(served, **changes), because)


def test_a_redirect_address_that_was_sent_must_be_sent_again(served: Served) -> None:
    """The redirect address must be the same in both requests (RFC 6749 section 4.1.3)."""
    address = "https://localhost:9443/callback"

    def code() -> str:
        return returned(log_in(served, redirect_uri=address))["code"]

    assert by_code(served, code=code(), redirect_uri=address).status_code == 200
    missing = by_code(served, code=code())
    assert_invalid_grant(served, missing, "redirect_uri")
    assert missing.json()["error_description"] == "redirect_uri is missing."


def test_another_application_cannot_redeem_a_code(served: Served) -> None:
    code = returned(log_in(served))["code"]

    answer = by_code(served, "demo-native", code=code)

    assert_invalid_grant(served, answer, "another application")


@pytest.mark.parametrize("verifier", ["x" * 43, None])
def test_a_wrong_or_missing_verifier_burns_the_code(served: Served, verifier: str | None) -> None:
    code = returned(log_in(served, "demo-native"))["code"]

    wrong = by_code(served, "demo-native", code=code, code_verifier=verifier)

    assert_invalid_grant(served, wrong, "the code cannot be used any more")
    problem = "does not fit the code_challenge" if verifier else "is missing"
    assert wrong.json()["error_description"] == f"code_verifier {problem}."
    assert_invalid_grant(
        served, by_code(served, "demo-native", code=code), "for a wrong code_verifier"
    )


@pytest.mark.parametrize("verifier", ["x" * 42, "x" * 129, "é" * 43, "x" * 42 + " "])
def test_a_malformed_verifier_is_refused(served: Served, verifier: str) -> None:
    code = returned(log_in(served, "demo-native"))["code"]

    answer = by_code(served, "demo-native", code=code, code_verifier=verifier)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert by_code(served, "demo-native", code=code).status_code == 200


def test_a_user_who_is_gone_has_no_code(served: Served) -> None:
    code = returned(log_in(served))["code"]
    del served.platform.state.registry.end_users["alice@example.com"]

    assert_invalid_grant(served, by_code(served, code=code), "no longer exists")


def test_codes_and_reuse_are_remembered_for_an_hour(served: Served) -> None:
    """A used code is remembered for an hour, to explain a refusal and to detect its reuse."""
    code = returned(log_in(served))["code"]
    token = by_code(served, code=code).json()["refresh_token"]
    served.platform.clock.advance(minutes=59)
    log_in(served)

    assert_invalid_grant(served, by_code(served, code=code), "used before")
    assert refresh(served, token).status_code == 400
    served.platform.clock.advance(minutes=2)
    log_in(served)
    assert_invalid_grant(served, by_code(served, code=code), "No such code")


def test_a_public_client_names_itself(served: Served) -> None:
    code = returned(log_in(served, "demo-native"))["code"]
    http = served.client(None, listener=Listener.ONE_WAY)

    answer = http.post(TOKEN_PATH, data={"grant_type": "authorization_code", "code": code})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
