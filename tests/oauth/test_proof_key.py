"""Proof keys: challenges, verifiers, and whether they fit."""

from __future__ import annotations

from mock_sei.oauth.proof_key import challenge_of
from tests.oauth.flows import VERIFIER, by_code, log_in, returned
from tests.support import Platform


def test_plain_is_meant_where_no_method_is_named(platform: Platform) -> None:
    """Acceptance row D24."""
    proof = {"code_challenge": VERIFIER, "code_challenge_method": None}
    code = returned(log_in(platform, "demo-native", **proof))["code"]

    assert by_code(platform, "demo-native", code=code).status_code == 200


def test_the_challenge_is_the_one_of_the_rfc() -> None:
    """RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
