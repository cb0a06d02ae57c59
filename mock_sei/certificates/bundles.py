"""The files a certificate travels in: PEM, PKCS#12 (``.pfx``, ``.p12``) and PKCS#7 (``.p7s``).

Pure functions from an :class:`Identity` to bytes. A table says which file names a format has.

Source: Security FAQ, the extraction instructions for Windows and Mac.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

from mock_sei.certificates.profiles import PrivateKey
from mock_sei.rules.arguments import require_flag, require_text
from mock_sei.rules.connection import PeerCertificate
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE

CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much the clocks of machines that share a certs folder may differ."""

LONGEST_SHOWN_NAME = 256
"""Characters of a CN, or of an issuer's name, that are kept of a certificate that was shown."""

_REMEMBERED = 128
"""Certificates whose description is kept: a client shows the same one every time."""


class Certified:
    """Whatever has a certificate: what that says of itself."""

    certificate: x509.Certificate

    @property
    def serial_number(self) -> int:
        return self.certificate.serial_number

    @property
    def not_before(self) -> datetime:
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        return self.certificate.not_valid_after_utc

    def is_valid_at(self, moment: datetime) -> bool:
        """By its dates. One of a machine whose clock is a little ahead of this one's is valid."""
        return self.not_before - CLOCKS_DIFFER <= moment < self.not_after

    @property
    def peer(self) -> PeerCertificate:
        return describe(self.certificate)


@dataclass(frozen=True, kw_only=True)
class Identity(Certified):
    """A certificate with its key and the CAs above it, nearest first."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def certificate_pem(self) -> bytes:
        """The leaf alone, as the documented extraction leaves it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def chain_pem(self) -> bytes:
        return b"".join(each.public_bytes(Encoding.PEM) for each in self.chain)

    @property
    def key_pem(self) -> bytes:
        return self.encrypted_key_pem(None)

    def encrypted_key_pem(self, passphrase: str | None) -> bytes:
        """PKCS#8, encrypted where a passphrase is given. ``ValueError`` for an empty one."""
        return write_key(self.key, passphrase)

    @property
    def common_name(self) -> str:
        return common_name(self.certificate)


def write_key(key: PrivateKey, passphrase: str | None) -> bytes:
    """PKCS#8, PEM, encrypted where a passphrase is given.

    ``ValueError`` for a passphrase that is empty, too long or no UTF-8 text.
    """
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        encryption = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@dataclass(frozen=True, kw_only=True)
class BundleOptions:
    """What a user may choose about an encrypted file."""

    passphrase: str = DEFAULT_PASSPHRASE
    """Empty for a file that everybody can open."""
    legacy: bool = False
    """3DES and SHA-1, for importers of old Windows and macOS."""

    def __post_init__(self) -> None:
        """Raises :class:`Rejected` for what cannot be used."""
        require_text("passphrase", self.passphrase)
        require_flag("legacy", self.legacy)

    def encryption(self) -> KeySerializationEncryption:
        """How a PKCS#12 file is encrypted. ``ValueError`` for a passphrase that is too long.

        An empty passphrase encrypts too: most importers read such a file, while the Java of a file
        that is not encrypted finds no key in it. cryptography refuses an empty passphrase when the
        encryption is made, but not when a file is written, so it is put in after that.
        """
        passphrase = self.passphrase.encode()
        encryption: KeySerializationEncryption = (
            _LEGACY.build(passphrase or b"-")
            if self.legacy
            else BestAvailableEncryption(passphrase or b"-")
        )
        vars(encryption)["password"] = passphrase
        return encryption


_LEGACY = (
    PrivateFormat.PKCS12.encryption_builder()
    .kdf_rounds(50_000)
    .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
    .hmac_hash(hashes.SHA1())  # noqa: S303  # nosec B303  # what the old importers can read
)


def common_names(subject: x509.Name) -> list[str]:
    """The CNs of a subject; a certificate of ours has one."""
    return [str(each.value) for each in subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]


def common_name(certificate: x509.Certificate) -> str:
    """The subject's first CN, empty where there is none."""
    return next(iter(common_names(certificate.subject)), "")


def describe(certificate: x509.Certificate) -> PeerCertificate:
    """Its long names are cut, since a journal keeps them and nobody here has one so long."""
    return PeerCertificate(
        common_name=_clip(common_name(certificate)),
        serial_number=certificate.serial_number,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        issuer=_clip(certificate.issuer.rfc4514_string()),
        der=certificate.public_bytes(Encoding.DER),
    )


def _clip(name: str) -> str:
    return name if len(name) <= LONGEST_SHOWN_NAME else f"{name[:LONGEST_SHOWN_NAME]}…"


@lru_cache(maxsize=_REMEMBERED)
def describe_der(der: bytes) -> PeerCertificate:
    """Raises ``ValueError`` where the bytes are no certificate."""
    return describe(x509.load_der_x509_certificate(der))


@lru_cache(maxsize=_REMEMBERED)
def pem_of(der: bytes) -> str:
    """Raises ``ValueError`` where the bytes are no certificate."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


@lru_cache(maxsize=_REMEMBERED)
def describe_pem(pem: str) -> PeerCertificate:
    """Raises ``ValueError`` where the text is no certificate."""
    return describe(x509.load_pem_x509_certificate(pem.encode()))


def pkcs12_bundle(identity: Identity, options: BundleOptions, *, chain: bool = True) -> bytes:
    """Key, leaf and, with ``chain``, the CAs above it.

    Key and leaf always go together: a file with the leaf alone has no localKeyID, and the
    documented ``openssl pkcs12 -clcerts`` would write nothing.
    """
    return pkcs12.serialize_key_and_certificates(
        name=identity.common_name.encode(),
        key=identity.key,
        cert=identity.certificate,
        cas=identity.chain if chain else None,
        encryption_algorithm=options.encryption(),
    )


def truststore(certificates: tuple[x509.Certificate, ...], passphrase: str) -> bytes:
    """A PKCS#12 file of trusted certificates, with the names Java's keytool lists them by.

    It holds no key, so with an empty passphrase it is not encrypted: then Java reads it whether it
    is given a password or none.
    """
    entries = [
        pkcs12.PKCS12Certificate(each, f"mock-sei-{i}".encode())
        for i, each in enumerate(certificates)
    ]
    encryption = BundleOptions(passphrase=passphrase).encryption() if passphrase else NoEncryption()
    return pkcs12.serialize_java_truststore(entries, encryption)


def trusted_certificates(content: bytes, passphrase: str) -> set[x509.Certificate]:
    """What a :func:`truststore` holds. ``ValueError`` where it cannot be read."""
    entries = pkcs12.load_pkcs12(content, passphrase.encode()).additional_certs
    return {each.certificate for each in entries}


def pkcs7_bundle(certificate: x509.Certificate, chain: Sequence[x509.Certificate]) -> bytes:
    """Leaf and intermediates, DER, no key: what Trustwave's ``.p7s`` holds. Keeps no order."""
    return pkcs7.serialize_certificates([certificate, *chain[:-1]], Encoding.DER)


Writer = Callable[[Identity, BundleOptions], bytes]

FORMATS: Mapping[str, Mapping[str, Writer]] = {
    "pem": {
        "certificate.crt": lambda identity, _: identity.certificate_pem,
        "privatekey.key": lambda identity, _: identity.key_pem,
    },
    "pfx": {"certificate.pfx": pkcs12_bundle},
    "p12": {
        "certificate.p12": lambda identity, options: pkcs12_bundle(identity, options, chain=False),
        "privatekey.p12": lambda identity, options: pkcs12_bundle(identity, options, chain=False),
    },
    "p7s": {
        "certificate.p7s": lambda identity, _: pkcs7_bundle(identity.certificate, identity.chain),
        "privatekey.key": lambda identity, _: identity.key_pem,
    },
}
"""Format to its files and how each is written."""


@dataclass(frozen=True, kw_only=True)
class CertificateFile:
    """A file as it is downloaded."""

    name: str
    content: bytes


def download(identity: Identity, format_name: str, options: BundleOptions) -> CertificateFile:
    """One file for a whole format.

    A ``.p7s`` has no key beside it, as the FAQ's has none: the key chain that asked for it has the
    key. Other formats of several files come as one ``.zip``.
    """
    files = {name: write(identity, options) for name, write in FORMATS[format_name].items()}
    alone = f"certificate.{format_name}"
    if len(files) == 1 or format_name == "p7s":
        return CertificateFile(name=alone, content=files[alone])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return CertificateFile(name="certificate.zip", content=archive.getvalue())
