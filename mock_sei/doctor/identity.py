"""Checks of the client certificate's dates, name, issuer, purpose and strength, and of each CA that
is sent with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.bundles import common_name
from mock_sei.certificates.judgements import MIN_RSA_BITS, find_weak_hash
from mock_sei.certificates.soundness import find_chain_problems, path_of
from mock_sei.certificates.submitted import CURVES
from mock_sei.doctor.findings import CERTIFICATE, Finding, found, note, right
from mock_sei.doctor.material import (
    certificates_in,
    describe,
    is_ca,
    is_self_signed,
    name_of,
    own_certificate,
    readable,
)
from mock_sei.doctor.setup import Setup
from mock_sei.rules.connection import ChainProblem, ChainProblemKind
from mock_sei.runtime.trial import Trial

SOON = timedelta(days=90)
_RENEW = "ask for a new certificate (mock-sei: mock-sei issue ACCOUNT, or a link in the portal)."


def check_dates(setup: Setup) -> Iterator[Finding]:
    """Checks the dates of the client's certificate."""
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
            cure="ask for a new certificate now; both work until the old one expires.",
        )
    else:
        yield right(CERTIFICATE, f"valid for another {left.days} days, until {end:%Y-%m-%d}")


def check_name(setup: Setup) -> Iterator[Finding]:
    """Checks whether the CN of the client's certificate is the service account."""
    certificate, account = own_certificate(setup), setup.options.username
    if certificate is None:
        return
    name = readable(common_name(certificate), 64)
    if account is None:
        yield note(CERTIFICATE, f"its CN is {name}; it is not checked without --username")
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
    """Checks whether a CA issued the client's certificate."""
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
            "it is sent without the CAs above it, which is right",
            detail=True,
        )


def check_purpose(setup: Setup) -> Iterator[Finding]:
    """Checks whether the certificate may be used by a client."""
    certificate = own_certificate(setup)
    if certificate is None:
        return
    problem = "a CA's certificate" if is_ca(certificate) else ""
    if not problem:
        faults = find_chain_problems([certificate], setup.now)
        problem = next(
            (each.actual for each in faults if each.kind is ChainProblemKind.PURPOSE), ""
        )
    if problem:
        yield found(
            "certificate-purpose",
            "The certificate is not for clients.",
            expected="an end certificate with extended key usage clientAuth",
            actual=problem,
            cure="use the account's own certificate, not a server's or a CA's.",
        )


def client_chain(setup: Setup) -> tuple[x509.Certificate, ...]:
    """The client's own certificate and the CAs that are sent with it, nearest first.

    If ``--cert`` holds only one certificate, OpenSSL looks for its CAs among the trusted ones and
    sends them too (``SSL_MODE_NO_AUTO_CHAIN``).
    """
    own, given = own_certificate(setup), certificates_in(setup.certificate)
    if own is None:
        return ()
    return path_of(own, given if len(given) > 1 else certificates_in(setup.ca), setup.now)


def chain_faults(setup: Setup) -> list[ChainProblem]:
    """The faults of each certificate that the client sends, its own first."""
    return find_chain_problems(client_chain(setup), setup.now)


def check_chain(setup: Setup) -> Iterator[Finding]:
    """Checks each CA that is sent, because a server checks all certificates that it gets."""
    faults = chain_faults(setup)
    refusal = None if faults else _find_refusal(setup)
    if refusal:
        yield found(
            "chain-refused",
            "OpenSSL refuses the certificate with the CAs that are sent with it, and so do servers "
            f"that run it: {readable(refusal, 100)}.",
            expected="a chain that OpenSSL accepts for a client",
            actual="; ".join(describe(each) for each in client_chain(setup)),
            cure="remove the CAs from --cert if the server knows them, or ask the issuer of the "
            "certificate.",
        )
    for fault in faults:
        if not fault.position and fault.kind not in _SHARED:
            continue  # the account's own certificate has other checks
        sent = f"The CA {readable(fault.subject)}, which is sent with the certificate,"
        what = sent if fault.position else "The certificate in --cert"
        yield found(
            CHAIN_FINDINGS[fault.kind],
            f"{what} is refused by servers that run OpenSSL: {fault.problem}.",
            expected=readable(fault.expected),
            actual=f"{readable(fault.actual)}, in {describe_fault(fault)}",
            cure="ask for a certificate without that extension."
            if not fault.position and fault.kind is ChainProblemKind.CRITICAL_EXTENSION
            else CHAIN_CURE,
        )


def _find_refusal(setup: Setup) -> str | None:
    """OpenSSL's reason if it refuses the chain for a fault that no check here knows.

    An example is a CA's name constraints. Dates are not checked.
    """
    chain = client_chain(setup)
    if not chain or is_ca(chain[0]) or _weakness(chain[0]):
        return None
    pem = "".join(each.public_bytes(Encoding.PEM).decode() for each in chain)
    with contextlib.suppress(OSError):
        return Trial(Authority(new_authority_pem())).find_refusal(pem)
    return None


CHAIN_FINDINGS: Mapping[ChainProblemKind, str] = {
    ChainProblemKind.EXPIRED: "chain-expired",
    ChainProblemKind.NOT_YET_VALID: "chain-not-yet-valid",
    ChainProblemKind.SIGNATURE: "chain-signature",
    ChainProblemKind.WEAK_SIGNATURE: "chain-weak",
    ChainProblemKind.WEAK_KEY: "chain-weak",
    ChainProblemKind.NOT_A_CA: "chain-purpose",
    ChainProblemKind.PURPOSE: "chain-purpose",
    ChainProblemKind.PATH_LENGTH: "chain-path-length",
    ChainProblemKind.CRITICAL_EXTENSION: "certificate-critical-extension",
}
_SHARED = (ChainProblemKind.CRITICAL_EXTENSION, ChainProblemKind.SIGNATURE)
"""Faults that are reported in the same way for the account's own certificate."""
CHAIN_CURE = (
    "replace it by that CA's present certificate (in --cert, or in --cacert if only that holds "
    "it), or remove the CAs: the account's certificate is enough if the server knows its CA."
)


def describe_fault(fault: ChainProblem) -> str:
    """The faulty certificate in words: its subject and its dates."""
    dates = f"{fault.not_before:%Y-%m-%d} to {fault.not_after:%Y-%m-%d}"
    return f"{readable(fault.subject)}, valid {dates}"


def check_strength(setup: Setup) -> Iterator[Finding]:
    """Checks key and signature algorithm of the client's certificate."""
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
            cure="create a new key and ask for a certificate for it.",
        )


def is_too_weak(certificate: x509.Certificate | None) -> bool:
    """Whether :func:`check_strength` reports a problem for this certificate."""
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
    weak = find_weak_hash(algorithm)
    return f"signed with {weak.upper()}" if weak else None
