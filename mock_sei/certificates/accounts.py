"""Which certificates each service account has: issued here, signed from a request, or its own.

What a reset brings back is in :class:`~mock_sei.certificates.seeded.SeededIdentities`: the accounts
of the fixtures keep their certificates on file. Everything else belongs to one platform state, its
revocations included. Which certificates a listener lets in follows from
:meth:`AccountCertificates.trusted` and the authority.

A certificate belongs to an account's record, not to its name. An account may go while its
certificate is made: whatever is handed out or kept is asked for once more under the lock.
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
from mock_sei.rules.clock import Clock
from mock_sei.rules.connection import PeerCertificate
from mock_sei.rules.records import CertificateSource, ServiceAccount
from mock_sei.rules.registry import Registry
from mock_sei.values.texts import spelled

TlsProblem = Callable[[str], str | None]
"""What TLS finds wrong with a client certificate that it is to trust, where a client shows it with
the CAs behind it, all PEM; None if nothing."""


MOST_OWN = 1000
"""Certificates of own CAs that one account may register. OpenSSL looks through all of one name:
4,000 made a listener's context cost 3 seconds."""


class Trusted(NamedTuple):
    """Whom TLS lets in beside the clients of the platform's CA, and whom of those it does not."""

    own_pem: bytes
    """The certificates of clients' own CAs, each let in by itself."""
    crl_pem: bytes
    """The list of the platform's CA; empty where there is nothing to look for."""


class AccountCertificates:
    """The certificates of every account in one platform state."""

    def __init__(
        self,
        *,
        store: CertificateStore,
        seeded: SeededIdentities,
        registry: Registry,
        clock: Clock,
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
        """Accounts that were let go of and are still registered, or in use by a call under way."""
        self._replaced: dict[str, AccountCertificate | None] = {}
        self._seeded_seen = 0
        self._own: dict[str, AccountCertificate] = {}
        self._own_number = 0
        self._revoked_own: set[str] = set()
        """Fingerprints of revoked own certificates: CAs of clients may share serial numbers."""

    # Whom TLS lets in

    @property
    def trust_number(self) -> int:
        """The number of what :meth:`trusted` answers: another after each change and in each state.

        It is 0 while there is nothing, so that a reset alone makes no listener change.
        """
        if self._own:
            return self._own_number
        return self.revocations.number if len(self.revocations) else 0

    def trusted(self) -> Trusted:
        """Whom TLS lets in now. It costs what it holds, so whoever asks keeps it by its number."""
        with self._lock:
            own = list(self._own.values())
        if own:
            # OpenSSL would want a list of every issuer then, and a client's CA has none: our own
            # check alone knows the revoked, and no alert says so.
            return Trusted("".join(each.certificate_pem for each in own).encode(), b"")
        # To look into an empty list would be a twentieth of a connection.
        return Trusted(b"", self.revocations.newest_pem() if len(self.revocations) else b"")

    def admits(self, peer: PeerCertificate) -> bool:
        """Whether this platform's CA signed it, or it is a client's own one that is registered."""
        return peer.fingerprint in self._own or self._authority.has_signed(peer)

    def chain_of(self, peer: PeerCertificate) -> Sequence[x509.Certificate]:
        """The CAs that were submitted with a registered certificate, nearest first."""
        own = self._own.get(peer.fingerprint)
        return own.chain if own is not None else ()

    def has_revoked(self, peer: PeerCertificate) -> bool:
        """Whether it is revoked: by serial number if our CA signed it, else by fingerprint."""
        if peer.fingerprint in self._revoked_own:
            return True
        return self._authority.has_signed(peer) and (
            self.revocations.is_revoked(peer.serial_number)
            or self._is_predecessors(peer.serial_number)
        )

    def is_revoked(self, certificate: AccountCertificate) -> bool:
        if certificate.origin is Origin.OWN:
            return self.has_revoked(certificate.peer)
        return self.revocations.is_revoked(certificate.serial_number)

    def _is_predecessors(self, serial_number: int) -> bool:
        """Whether it is of an account that is gone, by a deletion or by a reset."""
        owner = self._seeded.find_owner(serial_number)
        return owner is not None and not self._is_registered(owner)

    # What an account has

    def of(self, username: str) -> list[AccountCertificate]:
        """Oldest first. Raises :class:`UnknownAccount`."""
        account = self.require_account(username)
        seeded = self._seeded.of(account)
        held = self._find_held(account)
        return [*seeded, *(held.certificates if held else ())]

    def current(self, username: str) -> AccountCertificate | None:
        """The newest that is as it should be and not revoked."""
        return self._current_of(self.require_account(username))

    def find(self, username: str, serial_number: int) -> AccountCertificate:
        """The newest of the account's with this number.

        Raises :class:`UnknownAccount`, :class:`UnknownCertificate`.
        """
        return self._find_all(self.require_account(username), serial_number)[-1]

    def take_replaced(self) -> dict[str, AccountCertificate | None]:
        """By account: its current certificate, of those that became another since the last call.

        None where the current one is of a client's own CA, which the platform does not renew, and
        where there is none. It costs what it returns.
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
        """Raises :class:`UnknownAccount` naming the accounts there are."""
        return self._registry.require_account(username)

    # What an account gets

    def identity(self, username: str) -> Identity:
        """The newest with its key, made when first asked for: one, however many ask at once.

        Raises :class:`UnknownAccount`, or :class:`UnknownCertificate` for an account whose
        application brings its own certificate.
        """
        return self._with_key(self.require_account(username)).identity

    def provide(self, username: str) -> AccountCertificate:
        """The current certificate, made where there is none yet."""
        account = self.require_account(username)
        with self._require_held(account).making:
            found = self._current_of(account)
            if found is None:
                self._with_key(account)
                found = self._current_of(account)
            return found or self._issue(account)  # the one on file was revoked

    def renew(self, username: str) -> AccountCertificate:
        """A further certificate, current from now on."""
        return self.issue(username)

    def issue(self, username: str, variant: Variant = Variant.VALID) -> AccountCertificate:
        """A further certificate; a valid one becomes the current one."""
        return self._issue(self.require_account(username), variant)

    def sign(self, username: str, request: str) -> AccountCertificate:
        """Signs a PEM request. Raises :class:`~mock_sei.errors.Rejected`."""
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
        """Lets in a certificate of the client's own CA, both PEM.

        Raises :class:`~mock_sei.errors.Rejected`, also where TLS could not let it in.
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
                raise Rejected({field: f"TLS cannot let {what} in: {problem}"})
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
                        "revoked ones included, and can have no more; a reset, or deleting the "
                        "application, forgets them"
                    }
                )
            # A listener asks for the number first, without the lock: whatever it then finds, the
            # number that it took is either the last one or no longer right.
            self._own_number = self._authority.new_number()
            self._own[own.peer.fingerprint] = own
            self._own_number = self._authority.new_number()
            return self._add(account, own)

    # What an account loses

    def revoke(self, username: str, serial_number: int) -> None:
        """From the next handshake on, and at the next request of an open connection."""
        account = self.require_account(username)
        found = self._find_all(account, serial_number)
        with self._lock:
            for each in found:
                self._revoke(each)
            if self._is_registered(account):
                self._note_current(account)

    def revoke_all(self, username: str) -> None:
        """What an account leaves behind: nobody who takes its name may be let in with it.

        From now on the account gets nothing more, whether or not it is in the registry still. One
        of a client's own CA is forgotten: whoever takes the name may submit it again.
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
                if self._authority.has_signed(each.peer):  # or our own CA lets it in
                    self._revoke(each)

    def _revoke(self, certificate: AccountCertificate) -> None:
        if certificate.origin is Origin.OWN:
            self._revoked_own.add(certificate.peer.fingerprint)
        if certificate.origin is not Origin.OWN or self._authority.has_signed(certificate.peer):
            self.revocations.add(certificate.serial_number, now=self._clock.now())

    # Inside

    def _is_registered(self, account: ServiceAccount) -> bool:
        """Whether this very record stands in the registry, and is not about to go."""
        name = account.username
        return (
            self._registry.service_accounts.get(name) is account
            and self._gone.get(name) is not account
        )

    def _require_still(self, account: ServiceAccount) -> None:
        if not self._is_registered(account):
            raise UnknownAccount(
                f"service account {spelled(account.username)} was deleted meanwhile; nothing was "
                "kept or handed out for it"
            )

    def _find_held(self, account: ServiceAccount) -> Held | None:
        found = self._held.get(account.username)
        return found if found is not None and found.account is account else None

    def _require_held(self, account: ServiceAccount) -> Held:
        """Raises :class:`UnknownAccount` for an account that is gone."""
        with self._lock:
            self._require_still(account)
            found = self._held.get(account.username)
            if found is not None and found.account is not account:
                self._let_go(found)  # its account left the registry without a word
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
                f"{application.name} brings its own certificate, so none with a key is known for "
                f"{account.username}; sign its request or register its certificate"
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
        """Raises :class:`UnknownAccount` where the account went while the certificate was made."""
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
