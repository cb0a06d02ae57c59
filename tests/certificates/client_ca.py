"""What a client submits: CSRs, and certificates of its own CA, good and wrong ones."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificatePublicKeyTypes,
)
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mock_sei.certificates.bundles import Identity
from mock_sei.errors import Rejected

SHA1_WITH_EC = bytes.fromhex("300906072a8648ce3d0401")

NOW = datetime.now(UTC).replace(microsecond=0)


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for the whole test run, since it takes long to make an RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def subject(*common_names: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Client & Co"),
            *(x509.NameAttribute(NameOID.COMMON_NAME, each) for each in common_names),
        ]
    )


def request(
    *common_names: str,
    key: CertificateIssuerPrivateKeyTypes | None = None,
    algorithm: hashes.SHA256 | hashes.SHA384 | None = hashes.SHA256(),  # noqa: B008  # a value
) -> x509.CertificateSigningRequest:
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject(*common_names))
    return builder.sign(key or ec_key(), algorithm)


def pem(*parts: x509.Certificate | x509.CertificateSigningRequest) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in parts)


def pem_of(der: bytes, label: str) -> str:
    """DER bytes as a PEM text, even if they are not valid."""
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


CaKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, kw_only=True)
class ClientCA:
    """A client's CA: below a parent, or a root. Its key is EC unless another one is given."""

    name: str = "Client CA"
    parent: ClientCA | None = None
    is_ca: bool = True
    key: CaKey
    certificate: x509.Certificate

    @classmethod
    def create(
        cls,
        name: str = "Client CA",
        *,
        parent: ClientCA | None = None,
        is_ca: bool = True,
        start: datetime = NOW - timedelta(days=30),
        end: datetime = NOW + timedelta(days=3650),
        path_length: int | None = None,
        extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
        key: CaKey | None = None,
    ) -> ClientCA:
        """A CA. ``extensions`` are pairs: an extension, and True if it is critical."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        above = parent.certificate.subject if parent else subject(name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject(name))
            .issuer_name(above)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        certificate = builder.sign(parent.key if parent else key, hashes.SHA256())
        return cls(name=name, parent=parent, is_ca=is_ca, key=key, certificate=certificate)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """This CA and those above it, the nearest first."""
        return (self.certificate, *(self.parent.chain if self.parent else ()))

    @property
    def pem(self) -> str:
        return pem(*self.chain)

    def sign(
        self,
        *common_names: str,
        public_key: CertificatePublicKeyTypes | None = None,
        start: datetime = NOW - timedelta(days=1),
        end: datetime = NOW + timedelta(days=365),
        serial_number: int | None = None,
        extensions: tuple[x509.ExtensionType, ...] = (),
        critical: tuple[x509.ExtensionType, ...] = (),
    ) -> x509.Certificate:
        """A certificate of this CA with exactly the given extensions."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject(*common_names))
            .issuer_name(self.certificate.subject)
            .public_key(public_key or ec_key().public_key())
            .serial_number(serial_number or x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )
        for each in extensions:
            builder = builder.add_extension(each, critical=False)
        for each in critical:
            builder = builder.add_extension(each, critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def identity(self, common_name: str, *, serial_number: int | None = None) -> Identity:
        """A good certificate of this CA, with its key."""
        certificate = self.sign(
            common_name,
            serial_number=serial_number,
            extensions=(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),),
        )
        return Identity(certificate=certificate, key=ec_key(), chain=self.chain)


def usage(*, digital_signature: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_encipherment=not digital_signature,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


# What the builders do not build


def tlv(tag: int, content: bytes) -> bytes:
    """One DER element (X.690 section 8.1)."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def signed(content: bytes, algorithm: bytes, signature: bytes) -> bytes:
    return tlv(0x30, content + algorithm + tlv(0x03, b"\0" + signature))


def signed_with_sha1(certificate: x509.Certificate, issuer: ec.EllipticCurvePrivateKey) -> bytes:
    """A certificate in DER that its issuer signed again with a broken hash."""
    sha256 = bytes.fromhex("300a06082a8648ce3d040302")
    inside = certificate.tbs_certificate_bytes.replace(sha256, SHA1_WITH_EC)
    content = tlv(0x30, inside[4:] if inside[1] == 0x82 else inside[3:])
    signature = issuer.sign(content, ec.ECDSA(hashes.SHA1()))  # noqa: S303  # what it is for
    return signed(content, SHA1_WITH_EC, signature)


def refusal(read: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(Rejected) as caught:
        read()
    return caught.value.problems
