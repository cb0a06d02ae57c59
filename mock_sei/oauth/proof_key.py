"""Proof Key for Code Exchange (RFC 7636): challenges, verifiers, and whether they fit."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

from mock_sei.reasons.names import did_you_mean

_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_S256_LENGTH = 43


class Method(StrEnum):
    """``code_challenge_method``; ``plain`` where none is named (section 4.3)."""

    PLAIN = "plain"
    S256 = "S256"


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What a client sent to the authorization endpoint."""

    value: str
    method: Method

    def fits(self, verifier: str) -> bool:
        """Section 4.6."""
        sent = challenge_of(verifier) if self.method is Method.S256 else verifier
        return hmac.compare_digest(sent, self.value)

    def explain(self, verifier: str) -> str:
        """The end of a sentence: why a verifier does not fit, where the two were confused."""
        if not is_verifier(verifier):
            return ""
        if self.method is Method.S256 and hmac.compare_digest(verifier, self.value):
            return ": the code_challenge came in its place"
        if self.method is Method.PLAIN and hmac.compare_digest(challenge_of(verifier), self.value):
            return (
                ": it fits by S256, but the authorization request left code_challenge_method out, "
                "which is plain then"
            )
        return ""


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_verifier(text: str) -> bool:
    """43 to 128 unreserved characters (section 4.1)."""
    return _UNRESERVED.fullmatch(text) is not None


def make_challenge(value: str, method: str | None) -> Challenge:
    """Raises ``ValueError`` with what is wrong, in words fit for an ``error_description``.

    Sections 4.2 and 4.4.1; the latter has words of its own for an unknown method.
    """
    try:
        named = Method.PLAIN if method is None else Method(method)
    except ValueError:
        problem = (
            "transform algorithm not supported: code_challenge_method is neither "
            f"{' nor '.join(Method)}"
        )
        meant = did_you_mean(method or "", Method).removesuffix(".")
        raise ValueError(f"{problem}{meant}") from None
    if not is_verifier(value) or (named is Method.S256 and len(value) != _S256_LENGTH):
        problem = "code_challenge is not 43 to 128 unreserved characters (43 for S256)"
        raise ValueError(f"{problem}{_explain_challenge(value)}")
    return Challenge(value=value, method=named)


_DIGEST_IN_HEX = re.compile("[0-9A-Fa-f]{64}")
_STANDARD_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=?")


def _explain_challenge(value: str) -> str:
    """The end of a sentence about a challenge that is none."""
    if value.endswith("=") and len(value) == _S256_LENGTH + 1:
        return ": it has padding, the = at its end, which Base64 for URLs leaves out here"
    if _STANDARD_BASE64.fullmatch(value):
        return ": it has + or /, for which Base64 for URLs has - and _"
    if _DIGEST_IN_HEX.fullmatch(value):
        return ": it is the digest in hexadecimal, and not in Base64 for URLs"
    return ""
