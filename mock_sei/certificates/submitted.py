"""Checks of what a client submits: a certificate signing request (CSR), or its own certificate.

The CN must be the service account's user name, and the key must be strong enough. A certificate
must also be valid now and be for clients; the CA that was submitted with it must have signed it,
and each CA up to the root must be good.

Source: two-way-TLS page (the client's own provider, the CN is the account). The rest is assumed;
RFC 5280 says what a certificate must hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mock_sei.certificates.bundles import common_names
from mock_sei.certificates.conversions import Role, SourceFile, find_commands, is_usable
from mock_sei.certificates.forms import Form
from mock_sei.certificates.judgements import (
    MIN_RSA_BITS,
    UNREADABLE,
    find_extension,
    find_weak_hash,
    is_self_issued,
    name_of,
)
from mock_sei.certificates.profiles import PublicKey
from mock_sei.certificates.recognition import form_of
from mock_sei.certificates.soundness import (
    LONGEST_CHAIN,
    find_chain_problems,
    is_valid,
    may_have_issued,
)
from mock_sei.errors import Rejected
from mock_sei.rules.connection import ChainProblem, ChainProblemKind

REQUEST = "request"
CERTIFICATE = "certificate"
CA = "ca"
"""The names of a submission's fields, which an error uses."""

MAX_RSA_BITS = 16384
"""OpenSSL cannot check signatures of a larger RSA key (OPENSSL_RSA_MAX_MODULUS_BITS)."""
LARGE_RSA_BITS = 3072
MAX_EXPONENT_BITS = 64
"""OpenSSL refuses a larger public exponent of a large RSA key (OPENSSL_RSA_MAX_PUBEXP_BITS)."""
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
MOST_OF_ONE_NAME = 100
"""Of CAs with the same name, so many signatures are checked at most, to bound the cost."""

_ROLES = {REQUEST: Role.REQUEST, CERTIFICATE: Role.CERTIFICATE, CA: Role.CA}

_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")


def read_request(pem: str, account: str) -> PublicKey:
    """The public key of a CSR in PEM. Raises :class:`Rejected` if something is wrong with it."""
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
    """A client's own certificate, and the CAs above it, from its issuer upward.

    ``pem`` is the certificate, ``ca_pem`` the CAs. Raises :class:`Rejected` if something is wrong.
    """
    certificate = _read_certificates(CERTIFICATE, pem)[0]
    authorities = _read_certificates(CA, ca_pem)
    with _reading(CERTIFICATE):
        if certificate.serial_number <= 0:
            raise _rejected(
                CERTIFICATE, "its serial number is not positive (RFC 5280 section 4.1.2.2)"
            )
        _check_name(CERTIFICATE, common_names(certificate.subject), account)
        sound_key(CERTIFICATE, certificate.public_key())
        _check_purpose(certificate)
        _check_chain([certificate], now)
    with _reading(CA):
        chain = _chain(certificate, authorities, now)
        _check_chain([certificate, *chain], now)
        return certificate, chain


def sound_key(field: str, key: object) -> PublicKey:
    """Returns ``key`` if it is good. Raises :class:`Rejected` if it is too weak or unsupported."""
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
        raise _rejected(field, "holds a private key, which you must keep; submit only the rest")
    if not labels:
        problem = f"not PEM text: no line -----BEGIN {wanted[0]}-----"
        raise _rejected(field, problem + _help(field, pem))
    if labels[0] not in wanted:
        raise _rejected(field, f"a {labels[0]}, not a {wanted[0]}" + _help(field, pem))


def _help(field: str, pem: str) -> str:
    """The end of a sentence: what a wrong text is, and the commands that convert it to PEM."""
    content = pem.encode(errors="surrogatepass")
    form = form_of(content)
    said = "" if form in (Form.PEM, Form.EMPTY, Form.TEXT) else f"; it is {form}"
    made = find_commands(content, SourceFile(path="FILE", role=_ROLES[field]))
    commands = [each for each in made if not each.startswith("then ")]
    return f"{said}; do: {' && '.join(commands)}" if commands else said


def _check_name(field: str, names: Sequence[str], account: str) -> None:
    if list(names) != [account]:
        shown = ", ".join(each[:64] for each in names) or "missing"
        raise _rejected(
            field, f"its CN is {shown}; it must be {account}, the service account's user name"
        )


def _check_hash(field: str, signed: x509.CertificateSigningRequest) -> None:
    weak = _weak_hash(signed)
    if weak is not None:
        raise _rejected(field, f"it is signed with {weak.upper()}; use SHA-256 or better")


def _check_chain(chain: Sequence[x509.Certificate], now: datetime) -> None:
    """Raises :class:`Rejected` for the first problem: of the client's certificate, then the CAs."""
    for found in find_chain_problems(chain, now):
        raise _rejected(CA if found.position else CERTIFICATE, _words_of(found, now))


def _words_of(found: ChainProblem, now: datetime) -> str:
    words = found.problem
    if found.kind in (ChainProblemKind.EXPIRED, ChainProblemKind.NOT_YET_VALID):
        words += f"; the platform's clock says {now:%Y-%m-%d %H:%M:%S}"
    elif found.kind is ChainProblemKind.WEAK_SIGNATURE:
        words += "; use SHA-256 or better"
    if not found.position:
        return words
    return f"{found.subject} cannot be in the chain: {words}"


def _check_purpose(certificate: x509.Certificate) -> None:
    """Raises :class:`Rejected` if a certificate is a CA's (RFC 5280 sections 4.1.2.1, 4.2.1.9)."""
    if certificate.version is not x509.Version.v3:
        raise _rejected(CERTIFICATE, "it is not of version 3")
    constraints = find_extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise _rejected(CERTIFICATE, "it is a CA's; submit the account's certificate here")


def _chain(
    certificate: x509.Certificate, authorities: Sequence[x509.Certificate], now: datetime
) -> tuple[x509.Certificate, ...]:
    """The CAs from the certificate's issuer up to a root, chosen from ``authorities``.

    If several CAs signed one, such as a renewed CA and its predecessor, the first that is valid now
    is chosen, as OpenSSL does. Raises :class:`Rejected` if there is no complete chain.
    """
    chain: list[x509.Certificate] = []
    below = certificate
    while len(chain) < LONGEST_CHAIN:
        named = (each for each in authorities if each.subject == below.issuer)
        signers = [each for each in islice(named, MOST_OF_ONE_NAME) if _signed(below, each)]
        authorized = [each for each in signers if _is_ca(each)]
        if signers and not authorized:
            raise _rejected(
                CA,
                f"{name_of(signers[0].subject)} is not a CA: its basicConstraints do not say so; "
                "submit a certificate that a CA issued, with that CA",
            )
        if not authorized:
            break
        issuer = next((each for each in authorized if is_valid(each, now)), authorized[0])
        chain.append(issuer)
        if is_self_issued(issuer):
            return tuple(chain)
        below = issuer
    if not chain:
        raise _rejected(
            CA,
            f"none of these signed the certificate, whose issuer is "
            f"{name_of(certificate.issuer)}; submit the CA that issued it",
        )
    raise _rejected(
        CA,
        f"the chain ends below {name_of(chain[-1].issuer)}; submit the CAs up to the root",
    )


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = find_extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """True if ``issuer`` signed the certificate.

    The library cannot check a signature with a broken hash. Then the names decide.
    """
    if _weak_hash(certificate) is not None:
        return may_have_issued(issuer, certificate)
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # each wrong key type has its own exception
        return False
    return True


def _weak_hash(signed: x509.Certificate | x509.CertificateSigningRequest) -> str | None:
    """The name of a signature's hash if it is too weak; None otherwise, or if it is unknown."""
    try:
        return find_weak_hash(signed.signature_hash_algorithm)
    except UnsupportedAlgorithm:
        return None


@contextmanager
def _reading(field: str, pem: str = "") -> Iterator[None]:
    """Raises :class:`Rejected` for the errors of the library, which may come at a later use."""
    try:
        yield
    except Rejected:
        raise  # an error of this module
    except UNREADABLE as error:
        is_of_the_form = is_usable(pem.encode(errors="surrogatepass"), _ROLES[field])
        problem = f"cannot be read, cut short or changed ({_clip(error)})"
        raise _rejected(field, problem + ("" if is_of_the_form else _help(field, pem))) from None


def _rejected(field: str, problem: str) -> Rejected:
    return Rejected({field: problem})


def _clip(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
