"""The certificates of each service account: issued here, signed from a CSR, or of its own CA.

Accounts of the fixtures keep their certificates on file, also after a reset
(:class:`~mock_sei.certificates.seeded.SeededIdentities`). All others belong to one platform state,
and so do the revocations. A listener lets a certificate in if the authority signed it, or if it is
in :meth:`AccountCertificates.trusted`.

A certificate belongs to an account's record, not to its name. An account may be deleted while its
certificate is made. So, before a certificate is stored or returned, the account is looked up again
under the lock. All servers know an account by its place in the registry of its platform state.

What was issued, registered and revoked is in tables that all servers of a platform have. Everything
else here is made from them, whichever server changed them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cryptography import x509

from mock_sei.certificates.authority import SpareKey
from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.held import AccountCertificate, Held, Origin, certificate_codec
from mock_sei.certificates.owners import CertificateOwner
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
from mock_sei.rules.stored import Stored, Table
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
        stored: Stored | None = None,
    ) -> None:
        """``stored`` has the tables of the platform state."""
        stored = Stored() if stored is None else stored
        self._authority = store.authority
        self._seeded = seeded
        self._registry = registry
        self._clock = clock
        self._tls_problem = tls_problem
        self._is_shared = stored.is_shared
        self._spare = SpareKey()
        self._lock = threading.RLock()
        self._held: dict[str, Held] = {}
        self._replaced: dict[str, None] = {}
        """The accounts whose current certificate may have changed."""
        self._seeded_seen = 0
        self._own: dict[str, AccountCertificate] = {}
        self._own_number = 0
        self._gone: Table[int] = Table(stored, "certificates/gone")
        """By user name, the place of the last account whose certificates were removed. It may still
        be registered, or in use by a running call."""
        self._revoked_own: Table[bool] = Table(
            stored, "certificates/revoked-own", changed=self._own_revoked
        )
        """Fingerprints of revoked certificates of clients' own CAs. Serial numbers would not do:
        two CAs may use the same."""
        self._certificates: Table[AccountCertificate] = Table(
            stored,
            "certificates/held",
            certificate_codec(store.authority),
            changed=self._held_changed,
        )
        """By the account's place in the registry, a slash, and the fingerprint."""
        self.revocations = Revocations(
            store.authority, stored=stored, lasting=seeded.lasting, changed=self._issued_revoked
        )
        self._state = self.revocations.first_number
        """A number that no other platform state has."""

    # What follows from the tables

    def _held_changed(
        self, key: str, before: AccountCertificate | None, after: AccountCertificate | None
    ) -> None:
        with self._lock:
            if before is None and after is not None:
                self._take_in(key, after)
            elif before is not None and after is None:
                self._leave_out(key, before)

    def _take_in(self, key: str, certificate: AccountCertificate) -> None:
        username, place = certificate.account, _place_in(key)
        held = self._held.get(username)
        if held is None or held.place != place:
            held = self._held[username] = Held(place, self.is_revoked)
        held.add(key, certificate)
        self._replaced[username] = None
        if certificate.origin is Origin.OWN:
            self._set_own(certificate.peer.fingerprint, certificate)

    def _leave_out(self, key: str, certificate: AccountCertificate) -> None:
        """An account loses all that it has, or nothing."""
        username = certificate.account
        held = self._held.get(username)
        if held is not None and held.place == _place_in(key):
            del self._held[username]
        self._replaced[username] = None
        if certificate.origin is Origin.OWN:
            self._set_own(certificate.peer.fingerprint, None)

    def _set_own(self, fingerprint: str, certificate: AccountCertificate | None) -> None:
        # A listener first reads the number without the lock, and then the certificates. With a new
        # number before and after the change, it never keeps an old result under the last number.
        self._own_number = self._authority.new_number()
        if certificate is None:
            self._own.pop(fingerprint, None)
        else:
            self._own[fingerprint] = certificate
        self._own_number = self._authority.new_number()

    def _own_revoked(self, fingerprint: str, _: bool | None, after: bool | None) -> None:
        own = self._own.get(fingerprint)
        if after and own is not None:
            self._note_replaced(own.account)

    def _issued_revoked(self, serial_number: int) -> None:
        owner = self._seeded.find_owner(serial_number)
        if owner is not None:
            self._note_replaced(owner.account)

    def _note_replaced(self, username: str) -> None:
        with self._lock:
            self._replaced[username] = None

    # Trust

    @property
    def trust_number(self) -> int:
        """A number of this server for the result of :meth:`trusted`. Each change and each platform
        state has a new one.

        It is 0 while the result is empty, so that the listeners need not change at a reset.
        """
        if self._own:
            return self._own_number
        return self.revocations.version if len(self.revocations) else 0

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
        if owner is None:
            return False
        row = self._registry.service_accounts.find_row(owner.account)
        if row is None or self._gone.by_key.get(owner.account) == row[0]:
            return True
        place, account = row
        if self._seeded.holds(account):
            return owner.state != 0
        return owner.state != self._state or owner.place != place

    def _owner(self, place: int, account: ServiceAccount) -> CertificateOwner:
        """An account of this state, as it is known for ever."""
        if self._seeded.holds(account):
            return CertificateOwner(account.username)
        return CertificateOwner(account.username, self._state, place)

    # Look-ups

    def of(self, username: str) -> list[AccountCertificate]:
        """All certificates of an account, the oldest first. Raises :class:`UnknownAccount`."""
        account = self.require_account(username)
        seeded = self._seeded.of(account)
        held = self._find_held(account)
        return [*seeded, *(held.certificates.values() if held else ())]

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

    def find_by_fingerprint(self, username: str, fingerprint: str) -> AccountCertificate:
        """The certificate of an account that has this SHA-256 fingerprint, in hexadecimal.

        Raises :class:`UnknownAccount` or :class:`UnknownCertificate`.
        """
        account = self.require_account(username)
        held = self._find_held(account)
        found = held.certificates.get(f"{held.place}/{fingerprint}") if held else None
        on_file = (each for each in self._seeded.of(account) if _has(each, fingerprint))
        found = found or next(on_file, None)
        if found is None:
            raise UnknownCertificate(
                f"no certificate of {username} has the fingerprint {spelled(fingerprint[:64])}"
            )
        return found

    def take_replaced(self) -> dict[str, AccountCertificate | None]:
        """The new current certificate of each account for which it changed since the last call.

        It is None if the account has none. The cost grows only with the result.
        """
        with self._lock:
            for username in self._seeded.changed[self._seeded_seen :]:
                self._seeded_seen += 1
                account = self._registry.service_accounts.get(username)
                if account is not None and self._seeded.holds(account):
                    self._replaced[username] = None
            replaced, self._replaced = self._replaced, {}
            return {each: self._find_known(each) for each in replaced}

    def _find_known(self, username: str) -> AccountCertificate | None:
        """The current certificate of an account, without a look at its file."""
        account = self._registry.service_accounts.get(username)
        if account is None:
            return None
        return self._current_among(account, self._seeded.known_of(account))

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
            held = self._require_held(account)
            if self.has_revoked(own.peer):
                raise Rejected({CERTIFICATE: "it was revoked here; submit another one"})
            if own.peer.fingerprint in self._own:
                return self._own[own.peer.fingerprint]
            if held.own_count >= MOST_OWN:
                raise Rejected(
                    {
                        CERTIFICATE: f"{username} has {MOST_OWN} certificates of its own already, "
                        "revoked ones included, and can have no more; a reset removes them, and so "
                        "does deleting the application"
                    }
                )
            return self._add(account, own)

    def prepare(self) -> None:
        """In a shared state, makes the key of this thread's next certificate ahead: call it before
        the first change, since nobody else can change the state between that and the end."""
        if self._is_shared and self._spare.key is None:
            self._spare.key = self._authority.new_key()

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
            self._note_replaced(username)

    def revoke_all(self, username: str) -> None:
        """Revokes all certificates of an account that is being deleted.

        So another account that gets its name later cannot use them. From now on the account gets no
        new certificates, even while it is still in the registry. Certificates of a client's own CA
        are only forgotten, so that the next account of that name may register them again.
        """
        account = self.require_account(username)
        on_file = self._seeded.find_on_file(account)
        with self._lock:
            row = self._registry.service_accounts.find_row(username)
            if row is not None and row[1] is account:
                self._gone[username] = row[0]
            for each in (*([on_file] if on_file else ()), *self._seeded.of(account)):
                self._revoke(each)
            held = self._held.get(username)
            if held is not None:
                self._let_go(held)
            self._note_replaced(username)

    def _let_go(self, held: Held) -> None:
        for key, each in list(held.certificates.items()):
            # Our own CA may have signed a client's own one, and would let it in.
            if each.origin is not Origin.OWN or self._authority.has_signed(each.peer):
                self._revoke(each)
            del self._certificates[key]

    def _revoke(self, certificate: AccountCertificate) -> None:
        if certificate.origin is Origin.OWN:
            self._revoked_own[certificate.peer.fingerprint] = True
        if certificate.origin is not Origin.OWN or self._authority.has_signed(certificate.peer):
            self.revocations.add(certificate.serial_number, now=self._clock.now())

    # Internals

    def _is_registered(self, account: ServiceAccount) -> bool:
        """True if exactly this record is in the registry and is not being deleted."""
        return self._place_of(account) is not None

    def _place_of(self, account: ServiceAccount) -> int | None:
        """The place of exactly this record in the registry, None if it is not there or is being
        deleted."""
        row = self._registry.service_accounts.find_row(account.username)
        if row is None or row[1] is not account or self._gone.get(account.username) == row[0]:
            return None
        return row[0]

    def _require_still(self, account: ServiceAccount) -> int:
        """The account's place in the registry."""
        place = self._place_of(account)
        if place is None:
            raise UnknownAccount(
                f"service account {spelled(account.username)} was deleted meanwhile; it got no "
                "certificate"
            )
        return place

    def _find_held(self, account: ServiceAccount) -> Held | None:
        found = self._held.get(account.username)
        return found if found is not None and found.place == self._place_of(account) else None

    def _require_held(self, account: ServiceAccount) -> Held:
        """Raises :class:`UnknownAccount` if the account was deleted."""
        with self._lock:
            place = self._require_still(account)
            found = self._held.get(account.username)
            if found is not None and found.place != place:
                self._let_go(found)  # its account left the registry without a call of revoke_all
                found = None
            if found is None:
                found = self._held[account.username] = Held(place, self.is_revoked)
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
        self.prepare()
        identity = self._authority.issue_identity(
            account.username, now=self._clock.now(), variant=variant, key=self._spare.key
        )
        made = AccountCertificate.issued(account.username, identity, variant)
        added = self._add(account, made)  # if it must run again, it does so with the same key
        self._spare.key = None
        return added

    def _add(self, account: ServiceAccount, certificate: AccountCertificate) -> AccountCertificate:
        """Raises :class:`UnknownAccount` if the account was deleted while this one was made."""
        with self._lock:
            place = self._place_of(account)
            if certificate.origin is not Origin.OWN:
                owner = self._owner(-1 if place is None else place, account)
                if owner.state and self._seeded.lasting.has_ended:
                    # Nobody could know later that this certificate is of an account of the past.
                    raise UnknownAccount(
                        f"service account {spelled(account.username)} ended with a reset by "
                        "another server; it got no certificate"
                    )
                self._seeded.issued.note(certificate.serial_number, owner)
            try:
                held = self._require_held(account)
            except UnknownAccount:
                self._revoke(certificate)
                raise
            self._certificates[f"{held.place}/{certificate.peer.fingerprint}"] = certificate
        return certificate


def _has(certificate: AccountCertificate, fingerprint: str) -> bool:
    return certificate.peer.fingerprint == fingerprint


def _place_in(key: str) -> int:
    """The account's place in the key of a certificate."""
    return int(key.partition("/")[0])
