"""The checks of one certificate in a client's chain, one for each kind of problem.

Source: RFC 5280 sections 4.2 and 6.1. Where OpenSSL is stricter, the checks follow its
``crypto/x509/v3_purp.c`` and ``x509_vfy.c``, since the listeners and most clients use OpenSSL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from mock_sei.rules.connection import ChainProblemKind

MIN_RSA_BITS = 2048
MIN_CURVE_BITS = 224
"""The smallest EC key: it has 112 bits of security, which is OpenSSL's level 2."""
_WEAK_HASHES = ("md5", "sha1")
_LONGEST_NAME = 200

UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    TypeError,
    KeyError,  # cryptography before 50, for a text of unknown type
    x509.InvalidVersion,
    x509.DuplicateExtension,
    CryptographyDeprecationWarning,  # an error where somebody's tests run with -W error
)
"""The errors that cryptography raises for an unreadable certificate, at once or at a later use."""

_KNOWN_EXTENSIONS = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.OCSP_NO_CHECK,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        x509.ObjectIdentifier("2.16.840.1.113730.1.1"),  # Netscape's certificate type
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.7"),  # addresses (RFC 3779)
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.8"),  # autonomous systems (RFC 3779)
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14"),  # a proxy certificate (RFC 3820)
    }
)
"""The critical extensions that OpenSSL knows, as in its ``X509_supported_extension``."""

PURPOSES: Mapping[x509.ObjectIdentifier, str] = {
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
}

T = TypeVar("T", bound=x509.ExtensionType)


class ChainPlace(NamedTuple):
    """A certificate and its place in a chain."""

    certificate: x509.Certificate
    position: int
    """0 is the client's own certificate, 1 the CA that issued it, and so on upward."""
    issuer: x509.Certificate | None
    """The next certificate of the chain, None for the last one."""
    cas_below: int
    """The number of CAs between it and the client's own certificate, without self-issued ones."""
    now: datetime

    @property
    def is_ca(self) -> bool:
        """True if the certificate must be that of a CA."""
        return self.position > 0

    @property
    def is_root(self) -> bool:
        """True for a root certificate, whose signature nobody checks since it signed itself."""
        return self.issuer is None and is_self_issued(self.certificate)


class Problem(NamedTuple):
    """A problem of a certificate as a clause, and the two values that differ."""

    what: str
    expected: str
    actual: str


Judgement = Callable[[ChainPlace], Problem | None]


def find_weak_hash(algorithm: hashes.HashAlgorithm | None) -> str | None:
    """The name of a signature's hash if it is too weak, such as ``sha1``; None otherwise."""
    if algorithm is None or algorithm.name not in _WEAK_HASHES:
        return None
    return algorithm.name


def is_self_issued(certificate: x509.Certificate) -> bool:
    """True if the subject and the issuer have the same name."""
    return certificate.issuer == certificate.subject


def find_extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    """The extension of this type, None if there is none. Raises one of :data:`UNREADABLE`."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def name_of(name: x509.Name) -> str:
    """A name in the form of RFC 4514, cut if it is long."""
    return name.rfc4514_string()[:_LONGEST_NAME]


def _expired(place: ChainPlace) -> Problem | None:
    end = place.certificate.not_valid_after_utc
    if place.now <= end:
        return None
    return Problem(
        f"it expired on {end:%Y-%m-%d}", f"not after {end.isoformat()}", _moment(place.now, end)
    )


def _not_yet_valid(place: ChainPlace) -> Problem | None:
    start = place.certificate.not_valid_before_utc
    if place.now >= start:
        return None
    return Problem(
        f"it is not valid before {start:%Y-%m-%d %H:%M:%S} UTC",
        f"not before {start.isoformat()}",
        _moment(place.now, start),
    )


def _moment(now: datetime, limit: datetime) -> str:
    """``now`` to the second, or more exactly if it would otherwise equal ``limit``."""
    same = now.replace(microsecond=0) == limit.replace(microsecond=0)
    return now.isoformat(timespec="auto" if same else "seconds")


def _signature(place: ChainPlace) -> Problem | None:
    if place.issuer is None:
        return None
    try:
        place.certificate.verify_directly_issued_by(place.issuer)
    except InvalidSignature:
        issuer = name_of(place.issuer.subject)
        return Problem(
            f"the certificate of {issuer} that came with it did not sign it: it was changed, or "
            "another CA of that name signed it",
            f"signed by {issuer}, serial number {place.issuer.serial_number:x}",
            "a signature that does not fit",
        )
    return None


def _weak_signature(place: ChainPlace) -> Problem | None:
    if place.is_root:
        return None
    weak = find_weak_hash(place.certificate.signature_hash_algorithm)
    if weak is None:
        return None
    name = {"sha1": "SHA-1", "md5": "MD5"}[weak]
    return Problem(f"it is signed with {name}", "SHA-256 or better", name)


def _weak_key(place: ChainPlace) -> Problem | None:
    key = place.certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else "DSA"
        needed = MIN_RSA_BITS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        kind, needed = "EC", MIN_CURVE_BITS
    else:
        return None
    if key.key_size >= needed:
        return None
    return Problem(
        f"its {kind} key has {key.key_size} bits, too few",
        f"{needed} bits or more",
        f"{key.key_size} bits",
    )


def _not_a_ca(place: ChainPlace) -> Problem | None:
    if not place.is_ca:
        return None
    constraints = find_extension(place.certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        return Problem(
            "it is not a CA: its basicConstraints do not say so",
            "basicConstraints CA:TRUE",
            "no basicConstraints" if constraints is None else "CA:FALSE",
        )
    usage = find_extension(place.certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return Problem(
            "its key usage lacks keyCertSign, which a CA needs",
            "key usage keyCertSign",
            f"key usage {_usages(usage)}",
        )
    return None


def _purpose(place: ChainPlace) -> Problem | None:
    extended = find_extension(place.certificate, x509.ExtendedKeyUsage)
    if extended is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in extended:
        purposes = ", ".join(PURPOSES.get(each, each.dotted_string) for each in extended)
        any_purpose = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in extended
        return Problem(
            "its extended key usage lacks clientAuth"
            + (", and OpenSSL does not accept anyExtendedKeyUsage instead" if any_purpose else ""),
            "extended key usage clientAuth",
            f"extended key usage {purposes[:_LONGEST_NAME]}",
        )
    usage = None if place.is_ca else find_extension(place.certificate, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        return Problem(
            "its key usage lacks digitalSignature, which TLS needs",
            "key usage digitalSignature",
            f"key usage {_usages(usage)}",
        )
    return None


def _path_length(place: ChainPlace) -> Problem | None:
    if not place.is_ca:
        return None
    constraints = find_extension(place.certificate, x509.BasicConstraints)
    allowed = constraints.path_length if constraints is not None and constraints.ca else None
    if allowed is None or place.cas_below <= allowed:
        return None
    return Problem(
        f"its path length allows {allowed} CAs below it, but there are {place.cas_below}",
        f"{allowed} CAs below it, or fewer",
        f"{place.cas_below}",
    )


def _critical_extension(place: ChainPlace) -> Problem | None:
    strange = [
        each.oid.dotted_string
        for each in place.certificate.extensions
        if each.critical and each.oid not in _KNOWN_EXTENSIONS
    ]
    if not strange:
        return None
    named = ", ".join(strange)[:_LONGEST_NAME]
    return Problem(
        f"it has the critical extension {named}, which OpenSSL does not know",
        "no critical extension that OpenSSL does not know",
        f"critical extension {named}",
    )


_USAGES = (
    ("digital_signature", "digitalSignature"),
    ("content_commitment", "nonRepudiation"),
    ("key_encipherment", "keyEncipherment"),
    ("data_encipherment", "dataEncipherment"),
    ("key_agreement", "keyAgreement"),
    ("key_cert_sign", "keyCertSign"),
    ("crl_sign", "cRLSign"),
)


def _usages(usage: x509.KeyUsage) -> str:
    return ", ".join(word for name, word in _USAGES if getattr(usage, name)) or "none"


OF_DATES: Mapping[ChainProblemKind, Judgement] = {
    ChainProblemKind.EXPIRED: _expired,
    ChainProblemKind.NOT_YET_VALID: _not_yet_valid,
}
JUDGEMENTS: Mapping[ChainProblemKind, Judgement] = {
    **OF_DATES,
    ChainProblemKind.SIGNATURE: _signature,
    ChainProblemKind.WEAK_SIGNATURE: _weak_signature,
    ChainProblemKind.WEAK_KEY: _weak_key,
    ChainProblemKind.NOT_A_CA: _not_a_ca,
    ChainProblemKind.PURPOSE: _purpose,
    ChainProblemKind.PATH_LENGTH: _path_length,
    ChainProblemKind.CRITICAL_EXTENSION: _critical_extension,
}
"""All checks of a certificate, in the order in which problems are reported."""
