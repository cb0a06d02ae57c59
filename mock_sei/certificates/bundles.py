"""The file formats of a certificate: PEM, PKCS#12 (``.pfx``, ``.p12``) and PKCS#7 (``.p7s``).

Pure functions write an :class:`Identity` as bytes. :data:`FORMATS` lists the files of each format.

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
    pkcs12,
)

from mock_sei.certificates.profiles import PrivateKey
from mock_sei.rules.arguments import require_flag, require_text
from mock_sei.rules.connection import ClientCertificate
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE

CLOCKS_DIFFER = timedelta(minutes=1)
"""The clocks of two machines that share a certs folder may differ by so much."""

LONGEST_SHOWN_NAME = 256
"""So many characters are kept of the CN, and of the issuer's name, of a presented certificate."""

_REMEMBERED = 128
"""So many descriptions of certificates are kept, since clients present the same one every time."""


class Certified:
    """The base of classes that have a certificate: shortcuts to its fields."""

    certificate: x509.Certificate

    @property
    def serial_number(self) -> int:
        """The certificate's serial number."""
        return self.certificate.serial_number

    @property
    def not_before(self) -> datetime:
        """The first moment at which the certificate is valid, in UTC."""
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """The last moment at which the certificate is valid, in UTC."""
        return self.certificate.not_valid_after_utc

    def is_valid_at(self, moment: datetime) -> bool:
        """True if the certificate's dates allow ``moment``.

        A certificate that starts up to a minute later counts as valid: another machine may have
        made it, whose clock is ahead of this one's.
        """
        return self.not_before - CLOCKS_DIFFER <= moment < self.not_after

    @property
    def peer(self) -> ClientCertificate:
        """The certificate as the platform's checks see it."""
        return describe(self.certificate)


@dataclass(frozen=True, kw_only=True)
class PathStep(Certified):
    """One certificate of a path from a root CA down."""

    certificate: x509.Certificate

    @property
    def subject(self) -> str:
        """The name of its owner, in the form of RFC 4514."""
        return self.certificate.subject.rfc4514_string()

    @property
    def is_self_issued(self) -> bool:
        """True if its issuer has its own name, as that of a root CA."""
        return self.certificate.subject == self.certificate.issuer


def path_down(upward: Sequence[x509.Certificate]) -> list[PathStep]:
    """The steps from the root down. ``upward`` are the same certificates from the last one up."""
    return [PathStep(certificate=each) for each in reversed(upward)]


@dataclass(frozen=True, kw_only=True)
class Identity(Certified):
    """A certificate, its private key, and the CAs above it, from its issuer upward."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def certificate_pem(self) -> bytes:
        """Only the certificate, as PEM: the result of the vendor's documented extraction."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def chain_pem(self) -> bytes:
        """The CAs above the certificate, as PEM."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in self.chain)

    @property
    def key_pem(self) -> bytes:
        """The unencrypted private key, as PKCS#8 in PEM."""
        return self.encrypted_key_pem(None)

    def encrypted_key_pem(self, passphrase: str | None) -> bytes:
        """The private key as PKCS#8 in PEM, encrypted if there is a passphrase.

        Raises ``ValueError`` for an empty passphrase.
        """
        return write_key(self.key, passphrase)

    @property
    def common_name(self) -> str:
        """The first CN of the certificate's subject, empty if there is none."""
        return common_name(self.certificate)


def write_key(key: PrivateKey, passphrase: str | None) -> bytes:
    """A private key as PKCS#8 in PEM, encrypted if there is a passphrase.

    Raises ``ValueError`` if the passphrase is empty, too long, or has no UTF-8 form.
    """
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        encryption = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@dataclass(frozen=True, kw_only=True)
class BundleOptions:
    """A user's choices for an encrypted file."""

    passphrase: str = DEFAULT_PASSPHRASE
    """The passphrase. With an empty one, everybody can open the file."""
    legacy: bool = False
    """True for encryption with 3DES and SHA-1, which old versions of Windows and macOS can read."""

    def __post_init__(self) -> None:
        """Raises :class:`Rejected` if a value has the wrong type."""
        require_text("passphrase", self.passphrase)
        require_flag("legacy", self.legacy)

    def encryption(self) -> KeySerializationEncryption:
        """The encryption of a PKCS#12 file. Raises ``ValueError`` if the passphrase is too long.

        The file is encrypted even with an empty passphrase: most importers can read it, while Java
        finds no key in a file without encryption. cryptography refuses an empty passphrase when the
        encryption object is made, but not when a file is written. So this sets it afterwards.
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
    .hmac_hash(hashes.SHA1())  # noqa: S303  # nosec B303  # old importers know no other
)


def common_names(subject: x509.Name) -> list[str]:
    """All CNs of a subject. A certificate that this platform issues has one."""
    return [str(each.value) for each in subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]


def common_name(certificate: x509.Certificate) -> str:
    """The first CN of a certificate's subject, empty if there is none."""
    return next(iter(common_names(certificate.subject)), "")


def describe(certificate: x509.Certificate) -> ClientCertificate:
    """A certificate as the platform's checks see it. Long names are cut, since the journal stores
    them."""
    return ClientCertificate(
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
def describe_der(der: bytes) -> ClientCertificate:
    """:func:`describe` for a certificate in DER. Raises ``ValueError`` if it cannot be read."""
    return describe(x509.load_der_x509_certificate(der))


@lru_cache(maxsize=_REMEMBERED)
def pem_of(der: bytes) -> str:
    """The PEM text of a certificate in DER. Raises ``ValueError`` if it cannot be read."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


@lru_cache(maxsize=_REMEMBERED)
def describe_pem(pem: str) -> ClientCertificate:
    """:func:`describe` for a certificate in PEM. Raises ``ValueError`` if it cannot be read."""
    return describe(x509.load_pem_x509_certificate(pem.encode()))


def pkcs12_bundle(identity: Identity, options: BundleOptions, *, chain: bool = True) -> bytes:
    """A PKCS#12 file with the key, the certificate and, if ``chain`` is True, the CAs above it.

    The key is always included: without it, the certificate would have no localKeyID, and the
    documented command ``openssl pkcs12 -clcerts`` would write nothing.
    """
    return pkcs12.serialize_key_and_certificates(
        name=identity.common_name.encode(),
        key=identity.key,
        cert=identity.certificate,
        cas=identity.chain if chain else None,
        encryption_algorithm=options.encryption(),
    )


def truststore(certificates: tuple[x509.Certificate, ...], passphrase: str) -> bytes:
    """A PKCS#12 file of trusted certificates, with the alias names that Java's keytool lists.

    It has no key, so with an empty passphrase it is not encrypted. Java can then read it with any
    password and without one.
    """
    entries = [
        pkcs12.PKCS12Certificate(each, f"mock-sei-{i}".encode())
        for i, each in enumerate(certificates)
    ]
    encryption = BundleOptions(passphrase=passphrase).encryption() if passphrase else NoEncryption()
    return pkcs12.serialize_java_truststore(entries, encryption)


def trusted_certificates(content: bytes, passphrase: str) -> set[x509.Certificate]:
    """The certificates in a file of :func:`truststore`. Raises ``ValueError`` if it is bad."""
    entries = pkcs12.load_pkcs12(content, passphrase.encode()).additional_certs
    return {each.certificate for each in entries}


def pkcs7_bundle(certificate: x509.Certificate, chain: Sequence[x509.Certificate]) -> bytes:
    """A PKCS#7 file in DER with the certificate and the intermediate CAs, without the key.

    Trustwave's ``.p7s`` files are like that. The format does not keep an order.
    """
    # Few servers make one, and cryptography imports a parser of e-mail headers for it.
    from cryptography.hazmat.primitives.serialization import pkcs7

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
"""The files of each format, by name, each with the function that writes it."""


@dataclass(frozen=True, kw_only=True)
class CertificateFile:
    """A certificate file for a download."""

    name: str
    content: bytes


def download(identity: Identity, format_name: str, options: BundleOptions) -> CertificateFile:
    """All files of a format as one file for a download.

    For ``p7s`` it is only the certificate: as in the FAQ, the key is already in the client's key
    store. For other formats with several files, it is a ``.zip``.
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
