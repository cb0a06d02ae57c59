"""SAML assertions as the load sends them, signed by the registered key or by another."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from signxml.algorithms import SignatureMethod

from soak.oracle import Assertion
from tests.oauth.assertions import DECLARED, Signer, encoded, make_signer, sign

LEEWAY, LIFETIME = 60.0, 5 * 60.0
"""Seconds that one is good before now, and after."""

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
    starts, ends = now - LEEWAY, now + LIFETIME
    xml = (
        f'<saml:Assertion {DECLARED} ID="_{secrets.token_hex(16)}" Version="2.0" '
        f'IssueInstant="{_stamp(now)}"><saml:Issuer>soak</saml:Issuer>'
        f"<saml:Subject><saml:NameID>{user}</saml:NameID></saml:Subject>"
        f'<saml:Conditions NotBefore="{_stamp(starts)}" NotOnOrAfter="{_stamp(ends)}"/>'
        "</saml:Assertion>"
    )
    signer = trusted() if is_trusted else untrusted()
    text = encoded(sign(xml, signer, signature=SignatureMethod.ECDSA_SHA256))
    return Assertion(text=text, user=user, starts=starts, ends=ends, trusted=is_trusted)


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
