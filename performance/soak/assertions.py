"""The SAML assertions of the load, signed by the registered key or by another key."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from signxml.algorithms import SignatureMethod

from performance.soak.oracle import Assertion
from tests.oauth.assertions import Signer, assertion_at, encoded, make_signer, sign

LEEWAY, LIFETIME = 1.0, 5.0
"""Minutes before and after now in which an assertion is valid."""

DAYS = 3650
"""Days that the certificate is valid, longer than a round moves the clock."""


@cache
def trusted() -> Signer:
    """The signer whose certificate is registered. EC keys are created fast and sign fast."""
    return _make()


@cache
def untrusted() -> Signer:
    """A signer of the same kind whose certificate is not registered."""
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
