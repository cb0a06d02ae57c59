"""The certificates of service accounts: files, further ones, requests, own ones, one-time links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AwareDatetime, Field

from mock_sei.certificates.bundles import FORMATS, BundleOptions, Identity
from mock_sei.certificates.held import AccountCertificate, Origin
from mock_sei.certificates.profiles import Variant
from mock_sei.errors import Rejected
from mock_sei.operations.answers import File
from mock_sei.operations.kinds import MOST_LISTED, Flag, Passphrase, SerialNumber, Username
from mock_sei.operations.requests import Fields, Request
from mock_sei.portal.links import Delivery
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE, find_warning

if TYPE_CHECKING:
    from mock_sei.platform import Platform

FILES = {name: writer for files in FORMATS.values() for name, writer in files.items()} | {
    "certificate.pem": lambda identity, _: identity.certificate_pem + identity.chain_pem
}
"""Every file of an account that can be fetched, and how it is written."""

Pem = Annotated[str, Field(examples=["-----BEGIN CERTIFICATE-----\n…"])]


class HeldCertificate(Fields):
    """One certificate of an account."""

    serial_number: SerialNumber
    """The serial number, hexadecimal."""
    not_before: Annotated[AwareDatetime, Field(examples=["2026-01-31T09:00:00Z"])]
    """The first moment at which it is valid."""
    not_after: Annotated[AwareDatetime, Field(examples=["2028-01-31T09:00:00Z"])]
    """The last moment at which it is valid."""
    issuer: Annotated[str, Field(examples=["CN=mock-sei issuing CA"])]
    """The name of the CA that signed it."""
    origin: Annotated[Origin, Field(examples=["issued"])]
    """Issued here, signed from a request, or of an own CA."""
    variant: Annotated[Variant, Field(examples=["valid"])]
    """Valid, or wrong in one way."""
    revoked: Annotated[bool, Field(examples=[False])]
    """Whether it is revoked."""
    current: Annotated[bool, Field(examples=[True])]
    """Whether it is the one that files and links give out."""


def held(certificate: AccountCertificate, platform: Platform, *, current: bool) -> HeldCertificate:
    return HeldCertificate(
        serial_number=f"{certificate.serial_number:x}",
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        issuer=certificate.issuer,
        origin=certificate.origin,
        variant=certificate.variant,
        revoked=platform.certificates.is_revoked(certificate),
        current=current,
    )


class ListCertificates(Request[list[HeldCertificate]]):
    """All certificates of an account, oldest first."""

    username: Username
    """The user name of the account."""
    offset: Annotated[int, Field(ge=0, examples=[0])] = 0
    """How many of the oldest are left out."""
    limit: Annotated[int, Field(ge=1, le=MOST_LISTED, examples=[100])] = MOST_LISTED
    """How many are listed at most."""

    def perform(self, platform: Platform) -> list[HeldCertificate]:
        certificates = platform.certificates
        current = certificates.current(self.username)
        return [
            held(each, platform, current=each is current)
            for each in certificates.of(self.username)[self.offset : self.offset + self.limit]
        ]


class IssuedCertificate(Fields):
    """A certificate with its private key, PEM."""

    certificate: Pem
    """The certificate, without the CAs above it."""
    chain: Pem
    """The CAs above it, nearest first."""
    private_key: Annotated[str, Field(examples=["-----BEGIN PRIVATE KEY-----\n…"])]
    """The private key, PKCS#8, not encrypted."""
    serial_number: SerialNumber
    """The serial number, hexadecimal."""

    @classmethod
    def of(cls, identity: Identity) -> IssuedCertificate:
        return cls(
            certificate=identity.certificate_pem.decode(),
            chain=identity.chain_pem.decode(),
            private_key=identity.key_pem.decode(),
            serial_number=f"{identity.serial_number:x}",
        )


class ShowIdentity(Request[Identity]):
    """The current certificate of an account, with its private key.

    Raises :class:`~mock_sei.errors.UnknownCertificate` where only the client has its key.
    """

    username: Username
    """The user name of the account."""

    def perform(self, platform: Platform) -> Identity:
        return platform.certificates.identity(self.username)


class DownloadCertificate(Request[File]):
    """One file of the current certificate of an account."""

    username: Username
    """The user name of the account."""
    passphrase: Passphrase = DEFAULT_PASSPHRASE
    """The passphrase of an encrypted file; empty for a file that anybody can open."""
    legacy: Annotated[bool, Field(examples=[False])] = False
    """True: with the encryption that old importers of Windows and macOS read."""
    file: str
    """The name of the file."""

    def perform(self, platform: Platform) -> File:
        options = BundleOptions(passphrase=self.passphrase, legacy=self.legacy)
        identity = platform.certificates.identity(self.username)
        return File(
            name=self.file,
            content=FILES[self.file](identity, options),
            warning=find_warning(self.file.rpartition(".")[2], self.passphrase),
        )


class IssueCertificate(Request[Identity]):
    """Issues a further certificate; a valid one becomes the account's current one."""

    username: Username
    """The user name of the account."""
    variant: Annotated[Variant, Field(examples=["expired"])] = Variant.VALID
    """Valid, or wrong in one way."""

    def perform(self, platform: Platform) -> Identity:
        return platform.certificates.issue(self.username, self.variant).identity


class RevokeCertificate(Request[None]):
    """Revokes a certificate: from the next handshake on, and at the next request of an open
    connection.
    """

    username: Username
    """The user name of the account."""
    serial_number: SerialNumber
    """The serial number, hexadecimal."""

    def perform(self, platform: Platform) -> None:
        try:
            number = int(self.serial_number, 16)
        except ValueError:
            problem = f"not a hexadecimal serial number: {self.serial_number[:100]}"
            raise Rejected({"serial_number": problem}) from None
        platform.certificates.revoke(self.username, number)


class CertificateLink(Fields):
    """A one-time link."""

    url: Annotated[str, Field(examples=["https://localhost/portal/certificates/…"])]
    """The address that downloads the certificate, once."""
    expires: Annotated[AwareDatetime, Field(examples=["2026-02-07T09:00:00Z"])]
    """When it ends."""
    warning: Annotated[str | None, Field(examples=[None])]
    """What to know of a file with an empty passphrase."""


class SendCertificateLink(Request[CertificateLink]):
    """A one-time link to the account's current certificate, which is mailed too."""

    username: Username
    """The user name of the account."""
    format: Annotated[Literal["pfx", "p12", "p7s", "pem"] | None, Field(examples=["pfx"])] = None
    """What the link downloads; left out: pfx, or pem where only the client has the key."""
    passphrase: Passphrase = DEFAULT_PASSPHRASE
    """The passphrase of an encrypted file; empty for a file that anybody can open."""
    legacy: Annotated[Flag, Field(examples=[False])] = False
    """True: with the encryption that old importers of Windows and macOS read."""
    renew: Annotated[Flag, Field(examples=[False])] = False
    """True: the link is to a further certificate, made for it; the first works until it ends."""

    def perform(self, platform: Platform) -> CertificateLink:
        delivery = Delivery(format=self.format, passphrase=self.passphrase, legacy=self.legacy)
        portal = platform.portal
        link = (portal.renew if self.renew else portal.send_link)(self.username, delivery)
        return CertificateLink(
            url=portal.link_url(link), expires=link.expires_at, warning=link.delivery.warning
        )


class SignedCertificate(Fields):
    """A certificate whose private key stays with the client, PEM."""

    certificate: Pem
    """The certificate, without the CAs above it."""
    chain: Pem
    """The CAs above it, nearest first."""
    serial_number: SerialNumber
    """The serial number, hexadecimal."""


class SignRequest(Request[SignedCertificate]):
    """Signs a certificate request (CSR); the private key stays with the client.

    Raises :class:`~mock_sei.errors.Rejected`.
    """

    username: Username
    """The user name of the account."""
    request: Annotated[str, Field(examples=["-----BEGIN CERTIFICATE REQUEST-----\n…"])]
    """The CSR, PEM; its CN is the user name of the account."""

    def perform(self, platform: Platform) -> SignedCertificate:
        signed = platform.certificates.sign(self.username, self.request)
        return SignedCertificate(
            certificate=signed.certificate_pem,
            chain=signed.chain_pem,
            serial_number=f"{signed.serial_number:x}",
        )


class RegisterCertificate(Request[HeldCertificate]):
    """Accepts a certificate of the client's own CA. Raises :class:`~mock_sei.errors.Rejected`."""

    username: Username
    """The user name of the account."""
    certificate: Pem
    """The certificate, PEM; its CN is the user name of the account."""
    ca: Pem
    """The CAs above it up to the root, PEM."""

    def perform(self, platform: Platform) -> HeldCertificate:
        own = platform.certificates.register_own(self.username, self.certificate, self.ca)
        return held(own, platform, current=True)
