"""SAML assertions as the load sends them, signed by the registered key or by another."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from signxml.algorithms import SignatureMethod

from soak.oracle import Assertion
from tests.oauth.assertions import Signer, assertion_at, encoded, make_signer, sign

LEEWAY, LIFETIME = 1.0, 5.0
"""Minutes that one is good before now, and after."""

DAYS = 3650
"""Of the certificate: longer than a round moves the clock."""


@cache
def trusted() -> Signer:
    """Whose certificate is registered; EC, which is quickly made and signs quickly."""
    return _make()


@cache
def untrusted() -> Signer:
    """Another key of the same kind."""
    return _make()


def _make() -> Signer:
    return make_signer(ec.generate_private_key(ec.SECP256R1()), days=DAYS)


def make_assertion(user: str, now: float, *, is_trusted: bool) -> Assertion:
    xml = assertion_at(
        datetime.fromtimestamp(now, UTC),
        identifier=f"_{secrets.token_hex(16)}",
        subject=user,
        starts=-LEEWAY,
        ends=LIFETIME,
    )
    signer = trusted() if is_trusted else untrusted()
    return Assertion(
        text=encoded(sign(xml, signer, signature=SignatureMethod.ECDSA_SHA256)),
        user=user,
        starts=now - 60 * LEEWAY,
        ends=now + 60 * LIFETIME,
        trusted=is_trusted,
    )
