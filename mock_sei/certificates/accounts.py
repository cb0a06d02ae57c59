"""Which certificates each service account has: issued here, signed from a request, or its own.

What a reset brings back is in :class:`SeededIdentities`: the accounts of the fixtures keep their
certificates on file. Everything else belongs to one platform state. Which of them a listener lets
in follows from :attr:`AccountCertificates.own_pem` and the authority.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

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
from mock_sei.certificates.store import CertificateStore
from mock_sei.certificates.submitted import CERTIFICATE, read_own_certificate, read_request
from mock_sei.clock import Clock
from mock_sei.errors import Rejected, UnknownAccount, UnknownCertificate
from mock_sei.peer import PeerCertificate
from mock_sei.records import CertificateSource, ServiceAccount
from mock_sei.registry import Registry


class Origin(StrEnum):
    """How an account came by a certificate."""

    ISSUED = "issued"
    """By this platform's CA, key included."""
    SIGNED = "signed"
    """By this platform's CA, from a request; the key is the client's."""
    OWN = "own"
    """By the client's own CA, which was submitted with it."""


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
        """With its key. Raises :class:`UnknownCertificate` where that is the client's alone."""
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
        """One file of it. Raises :class:`UnknownCertificate` for a format that wants the key."""
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


class SeededIdentities:
    """The certificates of the fixtures' accounts, on file; they outlive a reset."""

    def __init__(self, store: CertificateStore, accounts: Mapping[str, ServiceAccount]) -> None:
        self._store = store
        self._accounts = accounts
        self._lock = threading.Lock()
        self._identities: dict[str, Identity] = {}

    def holds(self, account: ServiceAccount) -> bool:
        """Whether the account is of the fixtures; another may have taken its name since."""
        return self._accounts.get(account.username) is account

    def find(self, account: ServiceAccount) -> Identity | None:
        """The one that was made or read already."""
        return self._identities.get(account.username) if self.holds(account) else None

    def find_on_file(self, account: ServiceAccount) -> Identity | None:
        """The same, or one on file that nobody asked for yet."""
        if not self.holds(account):
            return None
        return self.find(account) or self._store.find_identity(account.username)

    def require(self, account: ServiceAccount) -> Identity:
        """Read from its file, or made when first asked for."""
        with self._lock:
            found = self._identities.get(account.username)
            if found is None:
                found = self._identities[account.username] = self._seed(account.username)
            return found

    def _seed(self, username: str) -> Identity:
        # Dated by the machine's clock: a reset brings that time back and must find it valid.
        now = datetime.now(UTC)
        found = self._store.find_identity(username)
        if found is None or found.not_after <= now:
            found = self._store.authority.issue_identity(username, now=now)
            self._store.write_identity(username, found)
        return found


class AccountCertificates:
    """The certificates of every account in one platform state."""

    def __init__(
        self, *, store: CertificateStore, seeded: SeededIdentities, registry: Registry, clock: Clock
    ) -> None:
        self._authority = store.authority
        self._authority_name = store.authority.issuing.subject.rfc4514_string()
        self._seeded = seeded
        self._registry = registry
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, tuple[AccountCertificate, ...]] = {}
        self._own: dict[str, str] = {}
        self._revoked_own: frozenset[str] = frozenset()
        """By fingerprint, as those of clients' own CAs are known: another CA counts alike."""

    @property
    def own_pem(self) -> str:
        """Those of clients' own CAs: each is let in by itself, its CA lets in nobody else."""
        return "".join(self._own.values())

    def of(self, username: str) -> list[AccountCertificate]:
        """Oldest first. Raises :class:`UnknownAccount`."""
        seeded = self._seeded.find(self.require_account(username))
        held = self._held.get(username, ())
        return [*([_issued(username, seeded)] if seeded else []), *held]

    def current(self, username: str) -> AccountCertificate | None:
        """The newest that is as it should be."""
        sound = [
            each
            for each in self.of(username)
            if each.variant is Variant.VALID and not self.is_revoked(each)
        ]
        return sound[-1] if sound else None

    def identity(self, username: str) -> Identity:
        """The newest with its key, made when first asked for.

        Raises :class:`UnknownAccount`, or :class:`UnknownCertificate` for an account whose
        application brings its own certificate.
        """
        account = self.require_account(username)
        sound = [each for each in self._held.get(username, ()) if each.variant is Variant.VALID]
        keyed = [each for each in sound if each.key is not None]
        if keyed:
            return keyed[-1].identity
        if self._seeded.holds(account):
            return self._seeded.require(account)
        application = self._registry.find_application_of(username)
        if application is not None and application.certificate is CertificateSource.OWN:
            raise UnknownCertificate(
                f"{application.name} brings its own certificate, so none with a key is known for "
                f"{username}; sign its request or register its certificate"
            )
        return self.issue(username).identity

    def admits(self, peer: PeerCertificate) -> bool:
        """Whether it is of this platform's CA, or one of a client's own that is registered."""
        return peer.issuer == self._authority_name or peer.fingerprint in self._own

    def has_revoked(self, peer: PeerCertificate) -> bool:
        """Of our CA by its serial number, of a client's own by its fingerprint."""
        if peer.fingerprint in self._own:
            return peer.fingerprint in self._revoked_own
        return self._authority.is_revoked(peer.serial_number)

    def provide(self, username: str) -> AccountCertificate:
        """The current certificate, made where there is none yet."""
        found = self.current(username)
        if found is None:
            self.identity(username)
            found = self.current(username)
        return found or self.issue(username)  # the seeded one was revoked

    def renew(self, username: str) -> AccountCertificate:
        return self.issue(username)

    def ending(self) -> list[AccountCertificate]:
        """The current one of every account, but for those of clients' own CAs."""
        found = [self._find_current(username) for username in self._registry.service_accounts]
        return [each for each in found if each is not None and each.origin is not Origin.OWN]

    def _find_current(self, username: str) -> AccountCertificate | None:
        try:
            return self.current(username)
        except UnknownAccount:
            return None

    # To be replaced by engineer trust's: this one asks every account.
    def ending_before(self, moment: datetime) -> list[AccountCertificate]:
        """The current ones that end before then, but for those of clients' own CAs."""
        return [each for each in self.ending() if each.not_after < moment]

    def issue(self, username: str, variant: Variant = Variant.VALID) -> AccountCertificate:
        """A further certificate; a valid one becomes the current one."""
        self.require_account(username)
        identity = self._authority.issue_identity(username, now=self._clock.now(), variant=variant)
        return self._add(_issued(username, identity, variant))

    def sign(self, username: str, request: str) -> AccountCertificate:
        """Signs a PEM request. Raises :class:`~mock_sei.errors.Rejected`."""
        self.require_account(username)
        key = read_request(request, username)
        return self._add(
            AccountCertificate(
                account=username,
                certificate=self._authority.sign_request(username, key, now=self._clock.now()),
                chain=self._authority.chain,
                origin=Origin.SIGNED,
            )
        )

    def register_own(self, username: str, certificate: str, ca: str) -> AccountCertificate:
        """Lets in a certificate of the client's own CA, both PEM.

        Raises :class:`~mock_sei.errors.Rejected`.
        """
        self.require_account(username)
        read, chain = read_own_certificate(certificate, ca, username, now=self._clock.now())
        own = AccountCertificate(account=username, certificate=read, chain=chain, origin=Origin.OWN)
        fingerprint = own.peer.fingerprint
        if fingerprint in self._revoked_own:
            raise Rejected({CERTIFICATE: "it was revoked here; submit another one"})
        with self._lock:
            known = fingerprint in self._own
            self._own = self._own | {fingerprint: own.certificate_pem}
        return own if known else self._add(own)

    def find(self, username: str, serial_number: int) -> AccountCertificate:
        """Raises :class:`UnknownAccount`, :class:`UnknownCertificate`."""
        for each in self.of(username):
            if each.serial_number == serial_number:
                return each
        raise UnknownCertificate(
            f"{username} has no certificate with the serial number {f'{serial_number:x}'[:64]}"
        )

    def is_revoked(self, certificate: AccountCertificate) -> bool:
        return self.has_revoked(certificate.peer)

    def revoke(self, username: str, serial_number: int) -> None:
        """From the next handshake on, and at the next request of an open connection."""
        found = self.find(username, serial_number)
        if found.origin is Origin.OWN:
            self._revoked_own = self._revoked_own | {found.peer.fingerprint}
        else:
            self._authority.revoke(found.serial_number, now=self._clock.now())

    def revoke_all(self, username: str) -> None:
        """What an account leaves behind: nobody who takes its name may be let in with it.

        One of a client's own CA is forgotten: whoever takes the name may submit it again.
        """
        on_file = self._seeded.find_on_file(self.require_account(username))
        left = {on_file.serial_number} if on_file else set()
        gone = set()
        for each in self.of(username):
            if each.origin is Origin.OWN:
                gone.add(each.peer.fingerprint)
            else:
                left.add(each.serial_number)
        for serial_number in left:
            self._authority.revoke(serial_number, now=self._clock.now())
        with self._lock:
            self._held.pop(username, None)
            self._own = {key: pem for key, pem in self._own.items() if key not in gone}

    def require_account(self, username: str) -> ServiceAccount:
        """Raises :class:`UnknownAccount` naming the accounts there are."""
        return self._registry.require_account(username)

    def _add(self, certificate: AccountCertificate) -> AccountCertificate:
        with self._lock:
            held = self._held.get(certificate.account, ())
            self._held[certificate.account] = (*held, certificate)
        return certificate


def _issued(
    username: str, identity: Identity, variant: Variant = Variant.VALID
) -> AccountCertificate:
    return AccountCertificate(
        account=username,
        certificate=identity.certificate,
        chain=identity.chain,
        origin=Origin.ISSUED,
        variant=variant,
        key=identity.key,
    )
