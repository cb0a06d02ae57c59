"""Proof Key for Code Exchange (RFC 7636): challenges, verifiers, and whether they fit."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

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
        raise ValueError(
            f"transform algorithm not supported: code_challenge_method is neither "
            f"{' nor '.join(Method)}"
        ) from None
    if not is_verifier(value) or (named is Method.S256 and len(value) != _S256_LENGTH):
        raise ValueError("code_challenge is not 43 to 128 unreserved characters (43 for S256)")
    return Challenge(value=value, method=named)
