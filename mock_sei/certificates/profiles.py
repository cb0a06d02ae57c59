"""What is in a leaf certificate: one profile for servers, one for identities, and their variants.

trustme's own leaves are valid from 2000 to 3000, for servers, clients and code at once, with a
critical subject alternative name; strict verifiers refuse such a leaf. These have one purpose, a
bounded life and the extensions of RFC 5280 section 4.2.1, signed with the key of a trustme CA.

Source for the identity: two-way-TLS page (CN equals the service account, two years).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Names = Sequence[str]

SERVER_LIFETIME = timedelta(days=365)
"""Mozilla's intermediate profile allows one day more; the file is issued again in good time."""

LONGEST_COMMON_NAME = 64
"""Characters (RFC 5280 appendix A.1, ub-common-name)."""


class Variant(StrEnum):
    """A certificate as it should be, or wrong in one way."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNTRUSTED = "untrusted"
    """By a stranger's CA."""
    SELF_SIGNED = "self-signed"
    WRONG_CN = "wrong-cn"


class ServerVariant(StrEnum):
    """The server's certificate as it should be, or wrong in one way."""

    VALID = "valid"
    EXPIRED = "expired"
    WRONG_HOST = "wrong-host"
    """Of another name."""
    SELF_SIGNED = "self-signed"
    UNTRUSTED = "untrusted"
    """By a stranger's CA."""


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """A CA as a signature needs it."""

    certificate: x509.Certificate
    key: PrivateKey


def two_years_after(moment: datetime) -> datetime:
    """The same day two years on; 29 February becomes 1 March."""
    try:
        return moment.replace(year=moment.year + 2)
    except ValueError:
        return moment.replace(year=moment.year + 2, month=3, day=1)


def _two_years_before(moment: datetime) -> datetime:
    try:
        return moment.replace(year=moment.year - 2)
    except ValueError:  # no day is two years before 29 February
        return moment.replace(year=moment.year - 2, day=28)


def new_identity_key() -> rsa.RSAPrivateKey:
    """RSA, since the documented ``openssl rsa`` command reads nothing else; 15 to 110 ms."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_server_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def identity_period(variant: Variant, now: datetime) -> tuple[datetime, datetime]:
    """First and last moment of an identity certificate: exactly two years, wherever they lie."""
    start = now.replace(microsecond=0)
    if variant is Variant.EXPIRED:
        start = _two_years_before(start - timedelta(days=1))
    if variant is Variant.NOT_YET_VALID:
        start += timedelta(days=1)
    return start, two_years_after(start)


def sign_identity(
    *,
    common_name: str,
    public_key: PublicKey,
    issuer: Issuer | None,
    own_key: PrivateKey | None = None,
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    """A client certificate for one service account; without ``issuer`` its own key signs it."""
    builder = _leaf(
        subject=_name(common_name),
        public_key=public_key,
        issuer=issuer,
        not_before=not_before,
        not_after=not_after,
        purpose=ExtendedKeyUsageOID.CLIENT_AUTH,
        key_encipherment=isinstance(public_key, rsa.RSAPublicKey),
    )
    signer = issuer.key if issuer else own_key
    if signer is None:
        raise ValueError("neither an issuer nor the certificate's own key to sign with")
    return builder.sign(signer, hashes.SHA256())


def sign_server(
    *,
    names: Names,
    public_key: ec.EllipticCurvePublicKey,
    issuer: Issuer | None,
    own_key: PrivateKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    """A server certificate for host names and addresses; ``issuer`` None makes it self-signed."""
    builder = _leaf(
        subject=_name(names[0]),
        public_key=public_key,
        issuer=issuer,
        not_before=not_before,
        not_after=not_after,
        purpose=ExtendedKeyUsageOID.SERVER_AUTH,
        key_encipherment=False,
    ).add_extension(
        x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
    )
    return builder.sign(issuer.key if issuer else own_key, hashes.SHA256())


def server_names(certificate: x509.Certificate) -> set[str]:
    """The names and addresses a server certificate is for, as text."""
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return {str(name.value) for name in extension.value}


def _leaf(
    *,
    subject: x509.Name,
    public_key: PublicKey,
    issuer: Issuer | None,
    not_before: datetime,
    not_after: datetime,
    purpose: x509.ObjectIdentifier,
    key_encipherment: bool,
) -> x509.CertificateBuilder:
    signer_key = issuer.certificate.public_key() if issuer else public_key
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=key_encipherment,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key)  # type: ignore[arg-type]  # CAs here are RSA or EC
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(authority, critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "mock-sei (test only)"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
