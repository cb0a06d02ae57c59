"""What a client submits: a request to be signed (CSR), or a certificate of its own CA.

Accepted only where the CN is the service account's user name and the key is sound; a certificate
also where its dates are, it is for clients, and the CA that came with it signed it.

Source: two-way-TLS page (the client's own provider, CN equals the account); the rest is assumed,
with RFC 5280 for what a certificate must hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from mock_sei.certificates.bundles import common_names
from mock_sei.certificates.conversions import Place, Role, find_commands, is_usable
from mock_sei.certificates.forms import Form
from mock_sei.certificates.profiles import PublicKey
from mock_sei.certificates.recognition import form_of
from mock_sei.errors import Rejected

REQUEST = "request"
CERTIFICATE = "certificate"
CA = "ca"
"""The fields of a submission, by which a refusal names what is wrong."""

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 16384
"""OpenSSL checks no signature of a larger key (OPENSSL_RSA_MAX_MODULUS_BITS)."""
LARGE_RSA_BITS = 3072
MAX_EXPONENT_BITS = 64
"""OpenSSL takes no larger public exponent with a large key (OPENSSL_RSA_MAX_PUBEXP_BITS)."""
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
WEAK_HASHES = ("md5", "sha1")
LONGEST_CHAIN = 8
MOST_OF_ONE_NAME = 100
"""CAs of one name whose signature is tried, so that thousands of them cost nothing."""

T = TypeVar("T", bound=x509.ExtensionType)

_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    TypeError,
    KeyError,  # cryptography before 50, for a text of unknown type
    x509.InvalidVersion,
    x509.DuplicateExtension,
    CryptographyDeprecationWarning,  # an error where somebody's tests run with -W error
)

_ROLES = {REQUEST: Role.REQUEST, CERTIFICATE: Role.CERTIFICATE, CA: Role.CA}

_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")


def read_request(pem: str, account: str) -> PublicKey:
    """The key of a certificate signing request. Raises :class:`Rejected` for the field."""
    _check_label(pem, REQUEST, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
    with _reading(REQUEST, pem):
        request = x509.load_pem_x509_csr(pem.encode())
        _check_name(REQUEST, common_names(request.subject), account)
        _check_hash(REQUEST, request)
        key = sound_key(REQUEST, request.public_key())
        if not request.is_signature_valid:
            raise _rejected(REQUEST, "its signature does not fit: the file was changed")
    return key


def read_own_certificate(
    pem: str, ca_pem: str, account: str, *, now: datetime
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """A certificate and the CAs above it, nearest first. Raises :class:`Rejected`."""
    certificate = _read_certificates(CERTIFICATE, pem)[0]
    authorities = _read_certificates(CA, ca_pem)
    with _reading(CERTIFICATE):
        if certificate.serial_number <= 0:
            raise _rejected(
                CERTIFICATE, "its serial number is not positive (RFC 5280 section 4.1.2.2)"
            )
        _check_name(CERTIFICATE, common_names(certificate.subject), account)
        sound_key(CERTIFICATE, certificate.public_key())
        _check_hash(CERTIFICATE, certificate)
        _check_dates(certificate, now)
        _check_purpose(certificate)
    with _reading(CA):
        return certificate, _chain(certificate, authorities)


def sound_key(field: str, key: object) -> PublicKey:
    """Raises :class:`Rejected` for a key that TLS would not accept, or should not."""
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            raise _rejected(
                field,
                f"its RSA key has {key.key_size} bits, too few; make one of {MIN_RSA_BITS} or more",
            )
        if key.key_size > MAX_RSA_BITS:
            raise _rejected(
                field,
                f"its RSA key has {key.key_size} bits, more than TLS can use; make one of "
                f"{MAX_RSA_BITS} or less",
            )
        exponent_bits = key.public_numbers().e.bit_length()
        if key.key_size > LARGE_RSA_BITS and exponent_bits > MAX_EXPONENT_BITS:
            raise _rejected(
                field,
                f"its RSA key has a public exponent of {exponent_bits} bits, more than TLS can "
                "use; make one with the exponent 65537",
            )
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, CURVES):
            raise _rejected(
                field, f"its key is on {key.curve.name}; use secp256r1, secp384r1 or secp521r1"
            )
        return key
    raise _rejected(field, f"its key is neither RSA nor EC ({type(key).__name__})")


def _read_certificates(field: str, pem: str) -> Sequence[x509.Certificate]:
    _check_label(pem, field, "CERTIFICATE", "X509 CERTIFICATE")
    with _reading(field, pem):
        return x509.load_pem_x509_certificates(pem.encode())


def _check_label(pem: str, field: str, *wanted: str) -> None:
    labels = _LABEL.findall(pem)
    if any("PRIVATE KEY" in label for label in labels):
        raise _rejected(field, "holds a private key, which stays with you; submit the rest alone")
    if not labels:
        problem = f"not PEM text: no line -----BEGIN {wanted[0]}-----"
        raise _rejected(field, problem + _help(field, pem))
    if labels[0] not in wanted:
        raise _rejected(field, f"a {labels[0]}, not a {wanted[0]}" + _help(field, pem))


def _help(field: str, pem: str) -> str:
    """What the text is instead, and the commands that make of it what is wanted; may be empty."""
    content = pem.encode(errors="surrogatepass")
    form = form_of(content)
    said = "" if form in (Form.PEM, Form.EMPTY, Form.TEXT) else f"; it is {form}"
    made = find_commands(content, Place(path="FILE", role=_ROLES[field]))
    commands = [each for each in made if not each.startswith("then ")]
    return f"{said}; do: {' && '.join(commands)}" if commands else said


def _check_name(field: str, names: Sequence[str], account: str) -> None:
    if list(names) != [account]:
        shown = ", ".join(each[:64] for each in names) or "missing"
        raise _rejected(
            field, f"its CN is {shown}; it must be {account}, the service account's user name"
        )


def _check_hash(field: str, signed: x509.Certificate | x509.CertificateSigningRequest) -> None:
    try:
        algorithm = signed.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    if algorithm is not None and algorithm.name in WEAK_HASHES:
        raise _rejected(field, f"it is signed with {algorithm.name.upper()}; use SHA-256 or better")


def _check_dates(certificate: x509.Certificate, now: datetime) -> None:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > end:
        problem = f"it expired on {end:%Y-%m-%d}"
    elif now < start:
        problem = f"it is not valid before {start:%Y-%m-%d %H:%M:%S} UTC"
    else:
        return
    raise _rejected(CERTIFICATE, f"{problem}; the platform's clock says {now:%Y-%m-%d %H:%M:%S}")


def _check_purpose(certificate: x509.Certificate) -> None:
    """RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12."""
    if certificate.version is not x509.Version.v3:
        raise _rejected(CERTIFICATE, "it is not of version 3")
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise _rejected(CERTIFICATE, "it is a CA's; submit the account's own in this field")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise _rejected(CERTIFICATE, "its key usage lacks digitalSignature, which TLS needs")
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    if extended is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in extended:
        raise _rejected(CERTIFICATE, "its extended key usage lacks clientAuth")


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _chain(
    certificate: x509.Certificate, authorities: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """From the certificate up to a root among the authorities."""
    chain: list[x509.Certificate] = []
    below = certificate
    while len(chain) < LONGEST_CHAIN:
        named = (each for each in authorities if each.subject == below.issuer)
        signers = [each for each in islice(named, MOST_OF_ONE_NAME) if _signed(below, each)]
        issuer = next((each for each in signers if _is_ca(each)), None)
        if issuer is None and signers:
            raise _rejected(
                CA,
                f"{_name_of(signers[0].subject)} is no CA: its basicConstraints do not say so; "
                "submit a certificate that a CA issued, with that CA",
            )
        if issuer is None:
            break
        chain.append(issuer)
        if issuer.issuer == issuer.subject:
            return tuple(chain)
        below = issuer
    if not chain:
        raise _rejected(
            CA,
            f"none of these signed the certificate, whose issuer is "
            f"{_name_of(certificate.issuer)}; submit the CA that issued it",
        )
    raise _rejected(
        CA,
        f"the chain ends below {_name_of(chain[-1].issuer)}; submit the CAs up to the root",
    )


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # each wrong key type has an exception of its own
        return False
    return True


def _name_of(name: x509.Name) -> str:
    return name.rfc4514_string()[:200]


@contextmanager
def _reading(field: str, pem: str = "") -> Iterator[None]:
    """What the library finds out only when a part is asked for is the submission's fault too."""
    try:
        yield
    except Rejected:
        raise  # said already, by this module
    except _UNREADABLE as error:
        is_damaged = is_usable(pem.encode(errors="surrogatepass"), _ROLES[field])
        problem = f"cannot be read, cut short or changed ({_clip(error)})"
        raise _rejected(field, problem + ("" if is_damaged else _help(field, pem))) from None


def _rejected(field: str, problem: str) -> Rejected:
    return Rejected({field: problem})


def _clip(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
