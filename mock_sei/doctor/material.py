"""Reads the certificates in the client's files that OpenSSL would find, and describes them."""

from __future__ import annotations

import contextlib
import hashlib
import re
import warnings
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning

from mock_sei.certificates.der import find_sequence
from mock_sei.certificates.pem import Block, blocks_of
from mock_sei.doctor.setup import GivenFile, Setup

_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")

SHORT = 16
"""Hexadecimal digits of a fingerprint that are shown, enough to distinguish two."""


def labels(content: bytes) -> list[str]:
    """The labels of all BEGIN lines in their order, even with wrong line breaks."""
    return [label.decode() for label in _LABEL.findall(content)]


def has_certificate(content: bytes) -> bool:
    return any(label.endswith("CERTIFICATE") for label in labels(content))


def certificates_in(file: GivenFile | None) -> tuple[x509.Certificate, ...]:
    """The certificates that OpenSSL finds in a file, in their order, without damaged ones."""
    blocks = blocks_of(file.content) if file else ()
    found = (certificate_of(each) for each in blocks if each.is_certificate)
    return tuple(each for each in found if each is not None)


def certificate_of(block: Block) -> x509.Certificate | None:
    """The certificate of a PEM block without its trust settings; None if it cannot be read."""
    root = find_sequence(block.content)
    return read_der(root.raw) if root else None


def own_certificate(setup: Setup) -> x509.Certificate | None:
    """The client's own certificate in ``--cert``.

    It is the one that belongs to the key, or else the first one that is not a CA's.
    """
    certificates = certificates_in(setup.certificate)
    key = setup.key_reading.key
    for each in certificates:
        if key is not None and fits(each, key):
            return each
    return next((each for each in certificates if not is_ca(each)), next(iter(certificates), None))


def fits(certificate: x509.Certificate, key: object) -> bool:
    """Whether certificate and private key have the same public key."""
    return fingerprint_of(certificate) == fingerprint_of(key)


def fingerprint_of(holder: object) -> str:
    """The first digits of the SHA-256 of the public key of a certificate or private key."""
    public = holder.public_key() if hasattr(holder, "public_key") else None
    if public is None:
        return ""
    der: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:SHORT]


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether a certificate is a CA's, as its basic constraints say.

    A self-signed one without basic constraints counts as a CA (X.509 version 1).
    """
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return certificate.version is x509.Version.v1 and is_self_signed(certificate)
    return constraints.value.ca


def is_self_signed(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject and _signed(certificate, certificate)


def signs(authorities: Sequence[x509.Certificate], certificate: x509.Certificate) -> bool:
    """Whether one of the authorities has signed the certificate."""
    return any(_signed(each, certificate) for each in authorities)


def _signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # each wrong type of key raises a different exception
        return False
    return True


def name_of(certificate: x509.Certificate) -> str:
    """The subject of a certificate, in the order of RFC 4514."""
    return readable(certificate.subject.rfc4514_string()) or "no subject"


def describe(certificate: x509.Certificate) -> str:
    """Subject and dates on one line."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return f"{name_of(certificate)}, valid {start:%Y-%m-%d} to {end:%Y-%m-%d}"


def read_der(der: bytes) -> x509.Certificate | None:
    """The certificate; None if it cannot be read."""
    with warnings.catch_warnings():  # some trusted CAs have a serial number that is not positive
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        with contextlib.suppress(ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            return _wholly(x509.load_der_x509_certificate(der))
    return None


def _wholly(certificate: x509.Certificate) -> x509.Certificate:
    """Reads all parts of the certificate, so that errors are raised now and not at first use."""
    certificate.subject.rfc4514_string()
    certificate.issuer.rfc4514_string()
    certificate.public_key()
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return certificate


def readable(text: str, limit: int = 300) -> str:
    """Text from another machine as one line of at most ``limit`` characters, without control
    characters for the terminal."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else f"{shown[:limit]}..."
