"""Checks of what the client's certificate says: dates, name, issuer, purpose, strength."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mock_sei.certificates.bundles import common_name
from mock_sei.certificates.submitted import CURVES, MIN_RSA_BITS, WEAK_HASHES
from mock_sei.doctor.findings import CERTIFICATE, Finding, found, note, right
from mock_sei.doctor.material import (
    certificates_in,
    is_ca,
    is_self_signed,
    name_of,
    own_certificate,
    readable,
)
from mock_sei.doctor.setup import Setup

SOON = timedelta(days=90)
_RENEW = "ask for a new one (mock-sei: mock-sei issue ACCOUNT, or a link in the portal)."


def check_dates(setup: Setup) -> Iterator[Finding]:
    certificate = own_certificate(setup)
    if certificate is None:
        return
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    stamp = setup.now.isoformat(timespec="seconds")
    left = end - setup.now
    if setup.now > end:
        yield found(
            "certificate-expired",
            f"The certificate expired {(setup.now - end).days} days ago.",
            expected=f"not after {end.isoformat()}",
            actual=f"this machine's clock: {stamp}",
            cure=_RENEW,
        )
    elif setup.now < start:
        yield found(
            "certificate-not-yet-valid",
            "The certificate is not valid yet.",
            expected=f"not before {start.isoformat()}",
            actual=f"this machine's clock: {stamp}",
            cure="wait, or set this machine's clock if it is slow.",
        )
    elif left < SOON:
        yield found(
            "certificate-expires-soon",
            f"The certificate expires in {left.days} days.",
            expected=f"{SOON.days} days or more",
            actual=f"not after {end.isoformat()}",
            cure="ask for a new one now; both work until the old one ends.",
        )
    else:
        yield right(CERTIFICATE, f"valid for {left.days} days more, until {end:%Y-%m-%d}")


def check_name(setup: Setup) -> Iterator[Finding]:
    certificate, account = own_certificate(setup), setup.options.username
    if certificate is None:
        return
    name = readable(common_name(certificate), 64)
    if account is None:
        yield note(CERTIFICATE, f"its CN is {name}; without --username it is compared with nothing")
    elif name != account.strip():
        yield found(
            "certificate-name",
            "The certificate's CN is not the service account's user name.",
            expected=f"CN {readable(account)}",
            actual=f"CN {name or '(none)'}",
            cure=f"use the certificate of {readable(account)}, or the account {name}.",
        )
    else:
        yield right(CERTIFICATE, f"its CN is the account, {name}")


def check_issuer(setup: Setup) -> Iterator[Finding]:
    certificate = own_certificate(setup)
    if certificate is None:
        return
    if is_self_signed(certificate):
        yield found(
            "certificate-self-signed",
            "The certificate is self-signed; no CA vouches for it.",
            expected="issued by a CA that the platform accepts",
            actual=f"issued by itself, {name_of(certificate)}",
            cure="use the certificate that SEI (or mock-sei) issued for the account.",
        )
        return
    if len(certificates_in(setup.certificate)) == 1:
        yield note(
            CERTIFICATE,
            "it comes alone, without the CAs above it, as the documented commands leave it: fine",
            detail=True,
        )


def check_purpose(setup: Setup) -> Iterator[Finding]:
    certificate = own_certificate(setup)
    if certificate is None:
        return
    problem = _purpose(certificate)
    if problem:
        yield found(
            "certificate-purpose",
            "The certificate is not meant for clients.",
            expected="an end certificate with extended key usage clientAuth",
            actual=problem,
            cure="use the account's own certificate, not a server's or a CA's.",
        )


def check_strength(setup: Setup) -> Iterator[Finding]:
    certificate = own_certificate(setup)
    if certificate is None:
        return
    problem = _weakness(certificate)
    if problem:
        yield found(
            "certificate-weak",
            "The certificate is too weak for TLS.",
            expected=f"RSA of {MIN_RSA_BITS} bits or more, or EC; SHA-256 or better",
            actual=problem,
            cure="make a new key and ask for a certificate for it.",
        )


def _purpose(certificate: x509.Certificate) -> str | None:
    """RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12."""
    if is_ca(certificate):
        return "a CA's certificate"
    try:
        extensions = certificate.extensions
    except ValueError:
        return "extensions that cannot be read"
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage) and not value.digital_signature:
            return "key usage without digitalSignature"
        if isinstance(value, x509.ExtendedKeyUsage):
            accepted = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
            if not any(each in accepted for each in value):
                purposes = ", ".join(_PURPOSES.get(each, each.dotted_string) for each in value)
                return f"extended key usage {purposes}"
    return None


_PURPOSES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
}


def is_too_weak(certificate: x509.Certificate | None) -> bool:
    """True where :func:`check_strength` finds something."""
    return certificate is not None and _weakness(certificate) is not None


def _weakness(certificate: x509.Certificate) -> str | None:
    try:
        key = certificate.public_key()
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm) as error:
        return readable(str(error), 100)
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            return f"RSA of {key.key_size} bits"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, CURVES):
            return f"EC on {key.curve.name}"
    else:
        return f"a key that is neither RSA nor EC ({type(key).__name__})"
    if algorithm is not None and algorithm.name in WEAK_HASHES:
        return f"signed with {algorithm.name.upper()}"
    return None
