"""What one service account holds: its certificates, and which of them is current.

Nothing here knows about trust or time; :mod:`mock_sei.certificates.accounts` decides, under its
lock, what is added and what is taken away.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.certificates.bundles import (
    BundleOptions,
    CertificateFile,
    Certified,
    Identity,
    download,
    pkcs7_bundle,
)
from mock_sei.certificates.profiles import PrivateKey, Variant
from mock_sei.errors import UnknownCertificate
from mock_sei.rules.connection import PeerCertificate
from mock_sei.rules.records import ServiceAccount


class Origin(StrEnum):
    """How an account came by a certificate."""

    ISSUED = "issued"
    """Issued by this platform's CA, which made the key too."""
    SIGNED = "signed"
    """Signed by this platform's CA, from a request; the key is the client's."""
    OWN = "own"
    """Signed by the client's own CA, which was submitted with it."""


@dataclass(frozen=True, kw_only=True)
class AccountCertificate(Certified):
    """One certificate of a service account."""

    account: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    """The CAs above it, nearest first."""
    origin: Origin
    variant: Variant = Variant.VALID
    key: PrivateKey | None = field(default=None, repr=False)

    @classmethod
    def issued(
        cls, account: str, identity: Identity, variant: Variant = Variant.VALID
    ) -> AccountCertificate:
        """A certificate that the platform's CA issued with its key."""
        return cls(
            account=account,
            certificate=identity.certificate,
            chain=identity.chain,
            origin=Origin.ISSUED,
            variant=variant,
            key=identity.key,
        )

    @cached_property
    def peer(self) -> PeerCertificate:
        """What a listener sees of the certificate."""
        return super().peer

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def chain_pem(self) -> str:
        return "".join(each.public_bytes(Encoding.PEM).decode() for each in self.chain)

    @property
    def issuer(self) -> str:
        """Who signed it, as a person reads it."""
        return self.certificate.issuer.rfc4514_string()

    @property
    def identity(self) -> Identity:
        """Certificate and key. Raises :class:`UnknownCertificate` if only the client has it."""
        if self.key is None:
            raise UnknownCertificate(
                f"the private key of {self.account}'s certificate {self.serial_number:x} is the "
                "client's own and not known here"
            )
        return Identity(certificate=self.certificate, key=self.key, chain=self.chain)

    @property
    def has_key(self) -> bool:
        return self.key is not None

    def download(self, format_name: str, options: BundleOptions) -> CertificateFile:
        """One file. Raises :class:`UnknownCertificate` if the format needs a key we lack."""
        if self.key is not None:
            return download(self.identity, format_name, options)
        files = {
            "pem": CertificateFile(name="certificate.crt", content=self.certificate_pem.encode()),
            "p7s": CertificateFile(
                name="certificate.p7s", content=pkcs7_bundle(self.certificate, self.chain)
            ),
        }
        if format_name not in files:
            raise UnknownCertificate(
                f"a {format_name} holds the private key, and {self.account}'s is the client's own; "
                f"there are {' and '.join(files)}"
            )
        return files[format_name]


class Held:
    """The certificates that one account got in this platform state, beside those on file."""

    def __init__(
        self, account: ServiceAccount, is_revoked: Callable[[AccountCertificate], bool]
    ) -> None:
        self.account = account
        """The record itself: another account of the same name holds nothing of this."""
        self.making = threading.RLock()
        """Held while the certificate is made that the account lacks: who waits gets it too."""
        self._is_revoked = is_revoked
        self.certificates: list[AccountCertificate] = []
        """Oldest first."""
        self.newest_with_key: AccountCertificate | None = None
        self.own_count = 0
        """The number of certificates of clients' own CAs, revoked ones included."""
        self._sound: list[AccountCertificate] = []
        self._by_serial: defaultdict[int, list[AccountCertificate]] = defaultdict(list)

    def add(self, certificate: AccountCertificate) -> None:
        self.certificates.append(certificate)
        self._by_serial[certificate.serial_number].append(certificate)
        self.own_count += certificate.origin is Origin.OWN
        if certificate.variant is Variant.VALID:
            self._sound.append(certificate)
            if certificate.has_key:
                self.newest_with_key = certificate

    def find(self, serial_number: int) -> Sequence[AccountCertificate]:
        """All with this number; several CAs of a client may each have given it."""
        return self._by_serial.get(serial_number, ())

    def find_current(self) -> AccountCertificate | None:
        """The newest that is as it should be and not revoked."""
        while self._sound and self._is_revoked(self._sound[-1]):
            self._sound.pop()  # a revocation is for good: it is not looked at again
        return self._sound[-1] if self._sound else None
