"""Proof Key for Code Exchange (PKCE, RFC 7636): code challenges and code verifiers."""

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
    """The values of ``code_challenge_method``. If it is absent, ``plain`` is meant (section
    4.3)."""

    PLAIN = "plain"
    S256 = "S256"


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """The code challenge that a client sent to the authorization endpoint."""

    value: str
    method: Method

    def fits(self, verifier: str) -> bool:
        """True if the challenge was made from this verifier (section 4.6)."""
        sent = challenge_of(verifier) if self.method is Method.S256 else verifier
        return hmac.compare_digest(sent, self.value)

    def explain(self, verifier: str) -> str:
        """The end of a sentence about a verifier that does not fit; empty if no reason is known."""
        if not is_verifier(verifier):
            return ""
        if self.method is Method.S256 and hmac.compare_digest(verifier, self.value):
            return ": the code_challenge was sent instead"
        if self.method is Method.PLAIN and hmac.compare_digest(challenge_of(verifier), self.value):
            return (
                ": it fits by S256, but the authorization request left code_challenge_method out, "
                "which means plain"
            )
        return ""


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_verifier(text: str) -> bool:
    """True if a text is 43 to 128 unreserved characters (section 4.1)."""
    return _UNRESERVED.fullmatch(text) is not None


def make_challenge(value: str, method: str | None) -> Challenge:
    """The challenge with this value and method (sections 4.2 and 4.3).

    Raises ``ValueError``, whose text can be an ``error_description``. Section 4.4.1 gives the words
    for an unknown method.
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
    """The end of a sentence about a malformed challenge; empty if no reason is known."""
    if value.endswith("=") and len(value) == _S256_LENGTH + 1:
        return ": it ends with the padding character =, which must be left out here"
    if _STANDARD_BASE64.fullmatch(value):
        return ": it has + or /, where URL-safe Base64 has - and _"
    if _DIGEST_IN_HEX.fullmatch(value):
        return ": it is the digest in hexadecimal, not in URL-safe Base64"
    return ""
