"""The content of issued certificates: a profile for servers, one for clients, and wrong variants.

trustme's own certificates are valid from 2000 to 3000, for servers, clients and code at once, and
their subject alternative name is critical; strict clients refuse them. The certificates made here
have one purpose, a normal lifetime and the extensions of RFC 5280 section 4.2.1. The key of a
trustme CA signs them.

Source for clients: two-way-TLS page (the CN is the service account, valid for two years).
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
"""How long a server certificate is valid: one day less than Mozilla's intermediate profile
allows."""

LONGEST_COMMON_NAME = 64
"""The largest number of characters in a CN (RFC 5280 appendix A.1, ub-common-name)."""


class Variant(StrEnum):
    """The variants of a client certificate: a good one, and those that are wrong in one way."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNTRUSTED = "untrusted"
    """An unknown CA signed it."""
    SELF_SIGNED = "self-signed"
    WRONG_CN = "wrong-cn"


class ServerVariant(StrEnum):
    """The variants of the server certificate: a good one, and those that are wrong in one way."""

    VALID = "valid"
    EXPIRED = "expired"
    WRONG_HOST = "wrong-host"
    """It is for another host name."""
    SELF_SIGNED = "self-signed"
    UNTRUSTED = "untrusted"
    """An unknown CA signed it."""


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """The certificate and the private key of a CA that signs."""

    certificate: x509.Certificate
    key: PrivateKey


def two_years_after(moment: datetime) -> datetime:
    """The same day two years later; for 29 February it is 1 March."""
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
    """A new RSA key for a client certificate; it takes 15 to 110 ms.

    It is RSA since the documented command ``openssl rsa`` cannot read other keys.
    """
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_server_key() -> ec.EllipticCurvePrivateKey:
    """A new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def identity_period(variant: Variant, now: datetime) -> tuple[datetime, datetime]:
    """The first and the last moment of a client certificate, always exactly two years apart."""
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
    """A client certificate for one service account.

    ``own_key`` signs it if there is no ``issuer``.
    """
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
    """A server certificate for host names and addresses.

    It is self-signed with ``own_key`` if there is no ``issuer``.
    """
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
    """The host names and addresses that a server certificate is for, as text."""
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
