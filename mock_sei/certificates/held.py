"""The certificates of one service account, and which of them is current.

This module knows neither trust nor time. :mod:`mock_sei.certificates.accounts` adds and removes
certificates under its own lock.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.certificates.authority import Authority, load_key
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
from mock_sei.rules.connection import ClientCertificate
from mock_sei.values.cached import cached_property
from mock_sei.values.codecs import Codec


class Origin(StrEnum):
    """Where an account's certificate is from."""

    ISSUED = "issued"
    """The platform made the key and the certificate."""
    SIGNED = "signed"
    """The platform's CA signed a certificate signing request; only the client has the key."""
    OWN = "own"
    """The client's own CA signed it; the client registered it together with the CA."""


@dataclass(frozen=True, kw_only=True)
class AccountCertificate(Certified):
    """One certificate of a service account."""

    account: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    """The CAs above it, from its issuer upward."""
    origin: Origin
    variant: Variant = Variant.VALID
    key: PrivateKey | None = field(default=None, repr=False)

    @classmethod
    def issued(
        cls, account: str, identity: Identity, variant: Variant = Variant.VALID
    ) -> AccountCertificate:
        """An account's certificate whose key the platform made."""
        return cls(
            account=account,
            certificate=identity.certificate,
            chain=identity.chain,
            origin=Origin.ISSUED,
            variant=variant,
            key=identity.key,
        )

    @cached_property
    def peer(self) -> ClientCertificate:
        """The certificate as the platform's checks see it."""
        return super().peer

    @property
    def certificate_pem(self) -> str:
        """The certificate as PEM, without the CAs above it."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def chain_pem(self) -> str:
        """The CAs above the certificate, as PEM."""
        return "".join(each.public_bytes(Encoding.PEM).decode() for each in self.chain)

    @property
    def issuer(self) -> str:
        """The name of the CA that signed it, in the form of RFC 4514."""
        return self.certificate.issuer.rfc4514_string()

    @property
    def identity(self) -> Identity:
        """Certificate and key. Raises :class:`UnknownCertificate` if only the client has the
        key."""
        if self.key is None:
            raise UnknownCertificate(
                f"the private key of {self.account}'s certificate {self.serial_number:x} is not "
                "known here: only the client has it"
            )
        return Identity(certificate=self.certificate, key=self.key, chain=self.chain)

    @property
    def has_key(self) -> bool:
        """True if the platform knows the private key."""
        return self.key is not None

    @property
    def is_renewed_here(self) -> bool:
        """True if the platform can issue the next one; not for one of a client's own CA."""
        return self.origin is not Origin.OWN

    def download(self, format_name: str, options: BundleOptions) -> CertificateFile:
        """The certificate as one file in this format.

        Raises :class:`UnknownCertificate` if the format needs the key and only the client has it.
        """
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
                f"a {format_name} holds the private key, and only the client has that of "
                f"{self.account}; the possible formats are {' and '.join(files)}"
            )
        return files[format_name]


def certificate_codec(authority: Authority) -> Codec[AccountCertificate]:
    """How a store keeps an account's certificate, with its key: as PEM. Most have the chain of
    ``authority``, which is not parsed again."""

    def write(certificate: AccountCertificate) -> str:
        key = certificate.identity.key_pem.decode() if certificate.has_key else None
        is_usual = certificate.chain == authority.chain
        return json.dumps(
            {
                "account": certificate.account,
                "certificate": certificate.certificate_pem,
                "chain": None if is_usual else certificate.chain_pem,
                "origin": certificate.origin,
                "variant": certificate.variant,
                "key": key,
            }
        )

    def read(text: str) -> AccountCertificate:
        written = json.loads(text)
        chain, key = written["chain"], written["key"]
        return AccountCertificate(
            account=written["account"],
            certificate=x509.load_pem_x509_certificate(written["certificate"].encode()),
            chain=authority.chain if chain is None else _read_chain(chain),
            origin=Origin(written["origin"]),
            variant=Variant(written["variant"]),
            key=None if key is None else load_key(key.encode()),
        )

    return Codec(write=write, read=read)


def _read_chain(pem: str) -> tuple[x509.Certificate, ...]:
    return tuple(x509.load_pem_x509_certificates(pem.encode())) if pem else ()


class Held:
    """The certificates that one account got in this platform state; those on file are not here."""

    def __init__(self, place: int, is_revoked: Callable[[AccountCertificate], bool]) -> None:
        self.place = place
        """The account's place in the registry. Another account of the same name does not get these
        certificates."""
        self.making = threading.RLock()
        """A lock for making the account's missing certificate: calls at the same time get one."""
        self._is_revoked = is_revoked
        self.certificates: dict[str, AccountCertificate] = {}
        """All these certificates by their key in the store, the oldest first."""
        self.newest_with_key: AccountCertificate | None = None
        self.own_count = 0
        """The number of certificates of clients' own CAs, with revoked ones."""
        self._sound: list[AccountCertificate] = []
        self._by_serial: defaultdict[int, list[AccountCertificate]] = defaultdict(list)

    def add(self, key: str, certificate: AccountCertificate) -> None:
        """Adds a certificate. Unless it is a wrong variant, it is then the current one."""
        self.certificates[key] = certificate
        self._by_serial[certificate.serial_number].append(certificate)
        self.own_count += certificate.origin is Origin.OWN
        if certificate.variant is Variant.VALID:
            self._sound.append(certificate)
            if certificate.has_key:
                self.newest_with_key = certificate

    def find(self, serial_number: int) -> Sequence[AccountCertificate]:
        """All certificates with this serial number: two CAs of a client may use the same number."""
        return self._by_serial.get(serial_number, ())

    def find_current(self) -> AccountCertificate | None:
        """The newest certificate that is neither a wrong variant nor revoked, None without one."""
        while self._sound and self._is_revoked(self._sound[-1]):
            self._sound.pop()  # a revocation cannot be undone, so it need not be checked again
        return self._sound[-1] if self._sound else None
