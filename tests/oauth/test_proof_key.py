"""Proof keys (PKCE): code challenges and code verifiers."""

from __future__ import annotations

import pytest

from mock_sei.oauth.proof_key import challenge_of, make_challenge
from tests.cases import every_case
from tests.oauth.flows import VERIFIER, assert_invalid_grant, by_code, log_in, returned
from tests.support import Served


def test_plain_is_meant_where_no_method_is_named(served: Served) -> None:
    proof = {"code_challenge": VERIFIER, "code_challenge_method": None}
    good, bad = (returned(log_in(served, "demo-native", **proof))["code"] for _ in range(2))

    assert by_code(served, "demo-native", code=good).status_code == 200
    hashed = by_code(served, "demo-native", code=bad, code_verifier=challenge_of(VERIFIER))
    assert_invalid_grant(served, hashed, "does not fit the code_challenge (plain)")


def test_a_client_server_application_may_use_one_and_must_then_finish_with_it(
    served: Served,
) -> None:
    """RFC 9700 section 2.1.1."""
    proof = {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"}
    good, bad = (returned(log_in(served, **proof))["code"] for _ in range(2))

    assert by_code(served, code=good, code_verifier=VERIFIER).status_code == 200
    assert_invalid_grant(served, by_code(served, code=bad), "code_verifier is missing")


@every_case(
    ("value", "method", "problem"),
    [
        ("x" * 42, None, "43 to 128"),
        ("x" * 129, None, "43 to 128"),
        ("x" * 42 + "+", None, "43 to 128"),
        ("x" * 43 + "\n", None, "43 to 128"),
        ("x" * 44, "S256", "43 for S256"),
        ("x" * 43, "", "neither plain nor S256"),
        ("x" * 43, "s256", "neither plain nor S256"),
    ],
)
def test_a_challenge_that_is_none_says_what_is_wrong(
    value: str, method: str | None, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        make_challenge(value, method)


@pytest.mark.parametrize("value", ["x" * 43, "x" * 128, "A-z0._~" * 7])
def test_a_verifier_is_its_own_plain_challenge(value: str) -> None:
    assert make_challenge(value, None).fits(value)
    assert make_challenge(challenge_of(value), "S256").fits(value)
    assert not make_challenge(value, "plain").fits(challenge_of(value))


def test_the_challenge_is_the_one_of_the_rfc() -> None:
    """The example of RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
