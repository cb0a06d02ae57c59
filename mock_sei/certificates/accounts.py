"""The certificates of each service account: issued here, signed from a CSR, or of its own CA.

Accounts of the fixtures keep their certificates on file, also after a reset
(:class:`~mock_sei.certificates.seeded.SeededIdentities`). All others belong to one platform state,
and so do the revocations. A listener lets a certificate in if the authority signed it, or if it is
in :meth:`AccountCertificates.trusted`.

A certificate belongs to an account's record, not to its name. An account may be deleted while its
certificate is made. So, before a certificate is stored or returned, the account is looked up again
under the lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple
from weakref import WeakValueDictionary

from cryptography import x509

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.held import AccountCertificate, Held, Origin
from mock_sei.certificates.profiles import Variant
from mock_sei.certificates.revocations import Revocations
from mock_sei.certificates.seeded import SeededIdentities
from mock_sei.certificates.store import CertificateStore
from mock_sei.certificates.submitted import CA, CERTIFICATE, read_own_certificate, read_request
from mock_sei.errors import Rejected, UnknownAccount, UnknownCertificate
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.connection import ClientCertificate
from mock_sei.rules.records import CertificateSource, ServiceAccount
from mock_sei.rules.registry import Registry
from mock_sei.values.texts import spelled

TlsProblem = Callable[[str], str | None]
"""A function that says why TLS would refuse a client that presents a certificate and the CAs above
it, all in one PEM text, even if the certificate is trusted; None if TLS would accept it."""


MOST_OWN = 1000
"""One account may register so many certificates of its own CAs. OpenSSL searches through all
certificates of one name: with 4,000 of them, to make a listener's context took 3 seconds."""


class Trusted(NamedTuple):
    """What a listener's TLS context needs besides the platform's CA: extra trust, revocations."""

    own_pem: bytes
    """The registered certificates of clients' own CAs. TLS trusts each of them, not their CA."""
    crl_pem: bytes
    """The revocation list of the platform's CA; empty if TLS need not check for revocation."""


class AccountCertificates:
    """The certificates of every account in one platform state."""

    def __init__(
        self,
        *,
        store: CertificateStore,
        seeded: SeededIdentities,
        registry: Registry,
        clock: PlatformClock,
        tls_problem: TlsProblem = lambda _: None,
    ) -> None:
        self._authority = store.authority
        self._seeded = seeded
        self._registry = registry
        self._clock = clock
        self._tls_problem = tls_problem
        self.revocations = Revocations(store.authority)
        self._lock = threading.RLock()
        self._held: dict[str, Held] = {}
        self._gone: WeakValueDictionary[str, ServiceAccount] = WeakValueDictionary()
        """Accounts whose certificates were removed, but which are still registered or in use by a
        running call."""
        self._replaced: dict[str, AccountCertificate | None] = {}
        self._seeded_seen = 0
        self._own: dict[str, AccountCertificate] = {}
        self._own_number = 0
        self._revoked_own: set[str] = set()
        """Fingerprints of revoked certificates of clients' own CAs. Serial numbers would not do:
        two CAs may use the same."""

    # Trust

    @property
    def trust_number(self) -> int:
        """A number for the result of :meth:`trusted`. Each change and each platform state has a new
        one.

        It is 0 while the result is empty, so that the listeners need not change at a reset.
        """
        if self._own:
            return self._own_number
        return self.revocations.number if len(self.revocations) else 0

    def trusted(self) -> Trusted:
        """What TLS trusts now. The cost grows with the result, so callers keep it by its number."""
        with self._lock:
            own = list(self._own.values())
        if own:
            # With a revocation list, OpenSSL needs one of every issuer, and a client's CA has none.
            # So only our own check knows the revoked certificates, and it sends no alert.
            return Trusted("".join(each.certificate_pem for each in own).encode(), b"")
        # An empty list is left out: to search it would take 5 % of a connection's time.
        return Trusted(b"", self.revocations.newest_pem() if len(self.revocations) else b"")

    def admits(self, presented: ClientCertificate) -> bool:
        """True if this platform's CA signed the certificate, or if it is registered."""
        return presented.fingerprint in self._own or self._authority.has_signed(presented)

    def chain_of(self, presented: ClientCertificate) -> Sequence[x509.Certificate]:
        """The CAs that were submitted with a registered certificate, from its issuer upward."""
        own = self._own.get(presented.fingerprint)
        return own.chain if own is not None else ()

    def has_revoked(self, presented: ClientCertificate) -> bool:
        """True if a presented certificate is revoked, or if its account no longer exists.

        A certificate of the platform's CA is known by serial number, another by fingerprint.
        """
        if presented.fingerprint in self._revoked_own:
            return True
        return self._authority.has_signed(presented) and (
            self.revocations.is_revoked(presented.serial_number)
            or self._is_predecessors(presented.serial_number)
        )

    def is_revoked(self, certificate: AccountCertificate) -> bool:
        """True if an account's certificate is revoked."""
        if certificate.origin is Origin.OWN:
            return self.has_revoked(certificate.peer)
        return self.revocations.is_revoked(certificate.serial_number)

    def _is_predecessors(self, serial_number: int) -> bool:
        """True if the certificate's account was removed by a deletion or a reset."""
        owner = self._seeded.find_owner(serial_number)
        return owner is not None and not self._is_registered(owner)

    # Look-ups

    def of(self, username: str) -> list[AccountCertificate]:
        """All certificates of an account, the oldest first. Raises :class:`UnknownAccount`."""
        account = self.require_account(username)
        seeded = self._seeded.of(account)
        held = self._find_held(account)
        return [*seeded, *(held.certificates if held else ())]

    def current(self, username: str) -> AccountCertificate | None:
        """The newest certificate of an account that is neither a wrong variant nor revoked.

        Raises :class:`UnknownAccount`. None if the account has no such certificate.
        """
        return self._current_of(self.require_account(username))

    def find(self, username: str, serial_number: int) -> AccountCertificate:
        """The newest certificate of an account that has this serial number.

        Raises :class:`UnknownAccount` or :class:`UnknownCertificate`.
        """
        return self._find_all(self.require_account(username), serial_number)[-1]

    def take_replaced(self) -> dict[str, AccountCertificate | None]:
        """The new current certificate of each account for which it changed since the last call.

        It is None if the account has none, or one of a client's own CA, which the platform does not
        renew. The cost grows only with the result.
        """
        with self._lock:
            for each in self._seeded.known[self._seeded_seen :]:
                self._seeded_seen += 1
                account = self._registry.service_accounts.get(each.account)
                if account is not None and self._seeded.holds(account):
                    self._note_current(account)
            replaced, self._replaced = self._replaced, {}
            return replaced

    def require_account(self, username: str) -> ServiceAccount:
        """The service account with this user name.

        Raises :class:`UnknownAccount`, which lists existing accounts.
        """
        return self._registry.require_account(username)

    # Issuing and registering

    def identity(self, username: str) -> Identity:
        """The account's newest certificate whose key is known, and the key.

        It is made at the first call; calls at the same time get the same one. Raises
        :class:`UnknownAccount`, or :class:`UnknownCertificate` if the application registers
        certificates of its own CA.
        """
        return self._with_key(self.require_account(username)).identity

    def provide(self, username: str) -> AccountCertificate:
        """The current certificate of an account. If there is none, a new one is made."""
        account = self.require_account(username)
        with self._require_held(account).making:
            found = self._current_of(account)
            if found is None:
                self._with_key(account)
                found = self._current_of(account)
            return found or self._issue(account)  # the one on file was revoked

    def renew(self, username: str) -> AccountCertificate:
        """Issues a new certificate, which is then the current one."""
        return self.issue(username)

    def issue(self, username: str, variant: Variant = Variant.VALID) -> AccountCertificate:
        """Issues a new certificate of a variant. A valid one is then the current one."""
        return self._issue(self.require_account(username), variant)

    def sign(self, username: str, request: str) -> AccountCertificate:
        """Signs a certificate signing request in PEM; the certificate is then the current one.

        Raises :class:`UnknownAccount`, and :class:`~mock_sei.errors.Rejected` for a bad request.
        """
        account = self.require_account(username)
        key = read_request(request, username)
        return self._add(
            account,
            AccountCertificate(
                account=username,
                certificate=self._authority.sign_request(username, key, now=self._clock.now()),
                chain=self._authority.chain,
                origin=Origin.SIGNED,
            ),
        )

    def register_own(self, username: str, certificate: str, ca: str) -> AccountCertificate:
        """Registers a certificate of a client's own CA, so that the listener lets it in.

        ``certificate`` and ``ca`` are PEM texts. Raises :class:`UnknownAccount`, and
        :class:`~mock_sei.errors.Rejected` if something is wrong or if TLS would refuse it.
        """
        account = self.require_account(username)
        read, chain = read_own_certificate(certificate, ca, username, now=self._clock.now())
        own = AccountCertificate(account=username, certificate=read, chain=chain, origin=Origin.OWN)
        for field, shown in (
            (CERTIFICATE, own.certificate_pem),
            (CA, own.certificate_pem + own.chain_pem),
        ):
            problem = self._tls_problem(shown)
            if problem is not None:
                what = "it" if field == CERTIFICATE else "a client that sends this chain"
                raise Rejected({field: f"TLS would refuse {what}: {problem}"})
        with self._lock:
            self._require_still(account)
            if self.has_revoked(own.peer):
                raise Rejected({CERTIFICATE: "it was revoked here; submit another one"})
            if own.peer.fingerprint in self._own:
                return self._own[own.peer.fingerprint]
            if self._require_held(account).own_count >= MOST_OWN:
                raise Rejected(
                    {
                        CERTIFICATE: f"{username} has {MOST_OWN} certificates of its own already, "
                        "revoked ones included, and can have no more; a reset removes them, and so "
                        "does deleting the application"
                    }
                )
            # A listener first reads the number without the lock, and then the certificates. With a
            # new number before and after the change, it never keeps an old result under the last
            # number.
            self._own_number = self._authority.new_number()
            self._own[own.peer.fingerprint] = own
            self._own_number = self._authority.new_number()
            return self._add(account, own)

    # Revoking and removing

    def revoke(self, username: str, serial_number: int) -> None:
        """Revokes an account's certificates that have this serial number.

        It takes effect at the next handshake, and at the next request of an open connection. Raises
        :class:`UnknownAccount` or :class:`UnknownCertificate`.
        """
        account = self.require_account(username)
        found = self._find_all(account, serial_number)
        with self._lock:
            for each in found:
                self._revoke(each)
            if self._is_registered(account):
                self._note_current(account)

    def revoke_all(self, username: str) -> None:
        """Revokes all certificates of an account that is being deleted.

        So another account that gets its name later cannot use them. From now on the account gets no
        new certificates, even while it is still in the registry. Certificates of a client's own CA
        are only forgotten, so that the next account of that name may register them again.
        """
        account = self.require_account(username)
        on_file = self._seeded.find_on_file(account)
        with self._lock:
            self._gone[username] = account
            for each in (*([on_file] if on_file else ()), *self._seeded.of(account)):
                self._revoke(each)
            held = self._held.pop(username, None)
            if held is not None:
                self._let_go(held)
            self._replaced[username] = None

    def _let_go(self, held: Held) -> None:
        for each in held.certificates:
            if each.origin is not Origin.OWN:
                self._revoke(each)
            elif self._own.pop(each.peer.fingerprint, None) is not None:
                self._own_number = self._authority.new_number()
                if self._authority.has_signed(each.peer):  # otherwise our own CA would let it in
                    self._revoke(each)

    def _revoke(self, certificate: AccountCertificate) -> None:
        if certificate.origin is Origin.OWN:
            self._revoked_own.add(certificate.peer.fingerprint)
        if certificate.origin is not Origin.OWN or self._authority.has_signed(certificate.peer):
            self.revocations.add(certificate.serial_number, now=self._clock.now())

    # Internals

    def _is_registered(self, account: ServiceAccount) -> bool:
        """True if exactly this record is in the registry and is not being deleted."""
        name = account.username
        return (
            self._registry.service_accounts.get(name) is account
            and self._gone.get(name) is not account
        )

    def _require_still(self, account: ServiceAccount) -> None:
        if not self._is_registered(account):
            raise UnknownAccount(
                f"service account {spelled(account.username)} was deleted meanwhile; it got no "
                "certificate"
            )

    def _find_held(self, account: ServiceAccount) -> Held | None:
        found = self._held.get(account.username)
        return found if found is not None and found.account is account else None

    def _require_held(self, account: ServiceAccount) -> Held:
        """Raises :class:`UnknownAccount` if the account was deleted."""
        with self._lock:
            self._require_still(account)
            found = self._held.get(account.username)
            if found is not None and found.account is not account:
                self._let_go(found)  # its account left the registry without a call of revoke_all
                found = None
            if found is None:
                found = self._held[account.username] = Held(account, self.is_revoked)
            return found

    def _find_all(self, account: ServiceAccount, serial_number: int) -> list[AccountCertificate]:
        held = self._find_held(account)
        found = [
            *(each for each in self._seeded.of(account) if each.serial_number == serial_number),
            *(held.find(serial_number) if held else ()),
        ]
        if not found:
            raise UnknownCertificate(
                f"{account.username} has no certificate with the serial number "
                f"{f'{serial_number:x}'[:64]}"
            )
        return found

    def _current_of(self, account: ServiceAccount) -> AccountCertificate | None:
        return self._current_among(account, self._seeded.of(account))

    def _current_among(
        self, account: ServiceAccount, seeded: Sequence[AccountCertificate]
    ) -> AccountCertificate | None:
        held = self._find_held(account)
        with self._lock:
            found = held.find_current() if held else None
        if found is not None:
            return found
        return next((each for each in reversed(seeded) if not self.is_revoked(each)), None)

    def _with_key(self, account: ServiceAccount) -> AccountCertificate:
        held = self._require_held(account)
        if held.newest_with_key is not None:
            return held.newest_with_key
        if self._seeded.holds(account):
            found = self._seeded.require(account)
            self._require_still(account)
            return found
        application = self._registry.find_application_of(account.username)
        if application is not None and application.certificate is CertificateSource.OWN:
            raise UnknownCertificate(
                f"{application.name} brings its own certificate, so no private key is known "
                f"for {account.username}; sign its request or register its certificate"
            )
        with held.making:
            return held.newest_with_key or self._issue(account)

    def _issue(
        self, account: ServiceAccount, variant: Variant = Variant.VALID
    ) -> AccountCertificate:
        identity = self._authority.issue_identity(
            account.username, now=self._clock.now(), variant=variant
        )
        return self._add(account, AccountCertificate.issued(account.username, identity, variant))

    def _add(self, account: ServiceAccount, certificate: AccountCertificate) -> AccountCertificate:
        """Raises :class:`UnknownAccount` if the account was deleted while this one was made."""
        with self._lock:
            if certificate.origin is not Origin.OWN:
                self._seeded.note_owner(certificate.serial_number, account)
            try:
                self._require_held(account).add(certificate)
            except UnknownAccount:
                self._revoke(certificate)
                raise
            self._note_current(account)
        return certificate

    def _note_current(self, account: ServiceAccount) -> None:
        current = self._current_among(account, self._seeded.known_of(account))
        if current is not None and current.origin is Origin.OWN:
            current = None
        self._replaced[account.username] = current
