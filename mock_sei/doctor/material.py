"""What is in a file: its form by its own bytes, never by its name; certificates and keys."""

from __future__ import annotations

import contextlib
import hashlib
import re
import warnings
from collections.abc import Sequence
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.utils import CryptographyDeprecationWarning

from mock_sei.doctor.setup import File, Setup

_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_TO_THE_NEXT_LABEL = r"(?:[^-]|-(?!----(?:BEGIN|END) ))*+"
"""The content of a block. It ends at the next label, so that a file of many beginnings without an
end is read once and not once for each of them."""
_CERTIFICATE = re.compile(
    rf"-----BEGIN ((?:X509 )?CERTIFICATE)-----{_TO_THE_NEXT_LABEL}-----END \1-----".encode()
)
_DAMAGED = (
    ValueError,
    UnsupportedAlgorithm,
    KeyError,  # cryptography before 50, for a text of unknown type
    x509.InvalidVersion,
)

_KEY = re.compile(
    rf"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----{_TO_THE_NEXT_LABEL}-----END \1-----".encode()
)
_PKCS12 = re.compile(rb"\x30(?:[\x00-\x7f]|\x80|[\x81-\x84].{1,4}?)\x02\x01\x03\x30", re.DOTALL)
"""A PFX: SEQUENCE, version 3, SEQUENCE (RFC 7292 section 4)."""
_PKCS7 = re.compile(
    rb"\x30(?:[\x00-\x7f]|\x80|[\x81-\x84].{1,4}?)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
    re.DOTALL,
)
"""ContentInfo with signedData (RFC 5652 section 3)."""

SHORT = 16
"""Hexadecimal digits of a fingerprint that are shown: enough to tell two apart."""


class Form(StrEnum):
    """What a file is."""

    EMPTY = "empty"
    PEM = "PEM"
    PKCS12 = "PKCS#12 (.pfx, .p12)"
    PKCS7 = "PKCS#7 (.p7s, .p7b)"
    DER_CERTIFICATE = "a DER certificate"
    DER_KEY = "a DER private key"
    OTHER = "no certificate or key of any known form"


class KeyState(StrEnum):
    """How far a private key could be read."""

    ABSENT = "absent"
    READ = "read"
    LOCKED = "locked"
    """Encrypted, and no passphrase was given."""
    WRONG_PASSPHRASE = "wrong passphrase"
    DAMAGED = "damaged"


def form_of(content: bytes) -> Form:
    if not content.strip():
        return Form.EMPTY
    if labels(content):
        return Form.PEM
    if _PKCS12.match(content):
        return Form.PKCS12
    if _PKCS7.match(content):
        return Form.PKCS7
    if _loads_as_certificate(content):
        return Form.DER_CERTIFICATE
    if _loads_as_key(content):
        return Form.DER_KEY
    return Form.OTHER


def labels(content: bytes) -> list[str]:
    """The words of its BEGIN lines, in order."""
    return [label.decode() for label in _LABEL.findall(content)]


def has_key(content: bytes) -> bool:
    return any(label.endswith("PRIVATE KEY") for label in labels(content))


def has_certificate(content: bytes) -> bool:
    return any(label.endswith("CERTIFICATE") for label in labels(content))


def certificates_in(file: File | None) -> tuple[x509.Certificate, ...]:
    """Those that can be read, in order; damaged ones are left out."""
    blocks = _CERTIFICATE.finditer(file.content if file else b"")
    found: list[x509.Certificate] = []
    with warnings.catch_warnings():  # systems trust CAs whose serial number is no positive one
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for block in blocks:
            with contextlib.suppress(*_DAMAGED):
                found.append(_wholly(x509.load_pem_x509_certificate(block.group())))
    return tuple(found)


def key_in(file: File | None, passphrase: str | None) -> tuple[KeyState, object]:
    """The state and the key, which is None unless it was read."""
    block = _KEY.search(file.content) if file else None
    if block is None:
        return KeyState.ABSENT, None
    encrypted = block[1] == b"ENCRYPTED PRIVATE KEY" or b"4,ENCRYPTED" in block[0]
    if encrypted and not passphrase:
        return KeyState.LOCKED, None
    password = passphrase.encode(errors="surrogateescape") if encrypted and passphrase else None
    try:
        key = load_pem_private_key(block[0], password, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return (KeyState.WRONG_PASSPHRASE if encrypted else KeyState.DAMAGED), None
    return KeyState.READ, key


def key_is_encrypted(file: File | None) -> bool:
    return key_in(file, None)[0] is KeyState.LOCKED


def key_file(setup: Setup) -> File | None:
    """Where the client's key is: ``--key``, or ``--cert`` where that holds both."""
    if setup.key is None and setup.certificate and has_key(setup.certificate.content):
        return setup.certificate
    return setup.key


def own_certificate(setup: Setup) -> x509.Certificate | None:
    """The client's own among those of ``--cert``: the key's, else the first that is no CA's."""
    certificates = certificates_in(setup.certificate)
    _, key = key_in(key_file(setup), setup.options.passphrase)
    for each in certificates:
        if key is not None and fits(each, key):
            return each
    return next((each for each in certificates if not is_ca(each)), next(iter(certificates), None))


def pair_is_usable(setup: Setup) -> bool:
    """True where TLS can be given certificate and key as they stand."""
    certificates = certificates_in(setup.certificate)
    _, key = key_in(key_file(setup), setup.options.passphrase)
    return bool(certificates) and key is not None and fits(certificates[0], key)


def fits(certificate: x509.Certificate, key: object) -> bool:
    return fingerprint_of(certificate) == fingerprint_of(key)


def fingerprint_of(holder: object) -> str:
    """SHA-256 of the public key of a certificate or private key, the first digits."""
    public = holder.public_key() if hasattr(holder, "public_key") else None
    if public is None:
        return ""
    der: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:SHORT]


def is_ca(certificate: x509.Certificate) -> bool:
    """By its basic constraints; a self-signed one without them is taken for a CA (version 1)."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return certificate.version is x509.Version.v1 and is_self_signed(certificate)
    return constraints.value.ca


def is_self_signed(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject and _signed(certificate, certificate)


def signs(authorities: Sequence[x509.Certificate], certificate: x509.Certificate) -> bool:
    """True where one of the authorities made the certificate's signature."""
    return any(_signed(each, certificate) for each in authorities)


def _signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # each wrong key type has an exception of its own
        return False
    return True


def name_of(certificate: x509.Certificate) -> str:
    return readable(certificate.subject.rfc4514_string()) or "no subject"


def describe(certificate: x509.Certificate) -> str:
    """Subject and dates on one line."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return f"{name_of(certificate)}, valid {start:%Y-%m-%d} to {end:%Y-%m-%d}"


def read_der(der: bytes) -> x509.Certificate | None:
    try:
        return _wholly(x509.load_der_x509_certificate(der))
    except (ValueError, UnsupportedAlgorithm):
        return None


def _wholly(certificate: x509.Certificate) -> x509.Certificate:
    """Raises at once what the library, which reads late, would raise at its use."""
    certificate.subject.rfc4514_string()
    certificate.issuer.rfc4514_string()
    certificate.public_key()
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return certificate


def readable(text: str, limit: int = 300) -> str:
    """One line of what another machine sent, without what could steer a terminal."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else f"{shown[:limit]}..."


def _loads_as_certificate(content: bytes) -> bool:
    return read_der(content) is not None


def _loads_as_key(content: bytes) -> bool:
    try:
        load_der_private_key(content, None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        return True  # encrypted
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True
