"""What outlives a reset: the certificates of the fixtures' accounts, which lie in the certs folder,
and whose every certificate is that was issued while the server ran."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.held import AccountCertificate
from mock_sei.certificates.store import CertificateStore, FileStamp
from mock_sei.rules import machine
from mock_sei.rules.records import ServiceAccount

logger = logging.getLogger(__name__)

MOST_OWNERS = 100_000
"""Issued certificates whose account is remembered, the newest."""


@dataclass(kw_only=True)
class _OnFile:
    """What is known of an account's files."""

    stamp: FileStamp | None
    certificates: tuple[AccountCertificate, ...]
    """Oldest first; more than one where somebody put another in the place of the first."""


class SeededIdentities:
    """Made or read when first asked for; read again where the file was replaced since."""

    def __init__(self, store: CertificateStore, accounts: Mapping[str, ServiceAccount]) -> None:
        self._store = store
        self._accounts = accounts
        self._making = threading.Lock()
        self._reading = threading.Lock()
        self._on_file: dict[str, _OnFile] = {}
        self._owners: dict[int, ServiceAccount] = {}
        """Whose the certificates on file are, by serial number."""
        self._issued_owners: OrderedDict[int, ServiceAccount] = OrderedDict()
        """Whose the certificates are that were issued or signed in this state or a former one."""
        self.known: list[AccountCertificate] = []
        """All that were made or read, in that order; it only grows."""

    def holds(self, account: ServiceAccount) -> bool:
        """Whether the account is of the fixtures; another may have taken its name since."""
        return self._accounts.get(account.username) is account

    def known_of(self, account: ServiceAccount) -> Sequence[AccountCertificate]:
        """The certificates that were made or read already, oldest first; the last lies on file."""
        on_file = self._on_file.get(account.username) if self.holds(account) else None
        return on_file.certificates if on_file is not None else ()

    def of(self, account: ServiceAccount) -> Sequence[AccountCertificate]:
        """As :meth:`known_of`, after a look whether somebody replaced the file."""
        on_file = self._on_file.get(account.username)
        if on_file is not None and self.holds(account):
            stamp = self._store.identity_stamp(account.username)
            if stamp != on_file.stamp:
                self._remember(account, self._store.read_identity(account.username), stamp)
        return self.known_of(account)

    def find_owner(self, serial_number: int) -> ServiceAccount | None:
        """Whose certificate of this platform's CA has this number."""
        return self._owners.get(serial_number) or self._issued_owners.get(serial_number)

    def drop_invalid(self) -> None:
        """Forgets the certificates that are not valid by the machine's clock: others are made."""
        now = machine.now()
        with self._reading:
            for on_file in self._on_file.values():
                valid = tuple(each for each in on_file.certificates if each.is_valid_at(now))
                on_file.certificates = valid

    def note_owner(self, serial_number: int, account: ServiceAccount) -> None:
        """A certificate was issued; after a reset another account may have taken the name."""
        with self._reading:
            self._issued_owners[serial_number] = account
            if len(self._issued_owners) > MOST_OWNERS:
                self._issued_owners.popitem(last=False)

    def find_on_file(self, account: ServiceAccount) -> AccountCertificate | None:
        """The newest, or one on file that nobody asked for yet.

        It waits for nobody who makes one at this moment: that one is known by its owner.
        """
        known = self.of(account)
        if known or not self.holds(account):
            return known[-1] if known else None
        found = self._store.read_identity(account.username)
        return AccountCertificate.issued(account.username, found) if found else None

    def require(self, account: ServiceAccount) -> AccountCertificate:
        """Read from its file, or made when first asked for."""
        with self._making:
            known = self.of(account)
            # Dated by the machine's clock, which a reset brings back.
            now = machine.now()
            if not known or not known[-1].is_valid_at(now):
                stamp = self._store.identity_stamp(account.username)
                found = self._store.find_or_write_identity(
                    account.username,
                    lambda: self._store.authority.issue_identity(account.username, now=now),
                    now=now,
                )
                self._remember(account, found, stamp)
                known = self.of(account)
            return known[-1]

    def _remember(
        self, account: ServiceAccount, found: Identity | None, stamp: FileStamp | None
    ) -> None:
        """``stamp`` is older than what was found: what is written meanwhile is read once more."""
        with self._reading:
            on_file = self._on_file.setdefault(
                account.username, _OnFile(stamp=stamp, certificates=())
            )
            on_file.stamp = stamp
            if (
                found is None
                or not found.is_valid_at(machine.now())
                or any(found.certificate == each.certificate for each in on_file.certificates[-1:])
            ):
                return  # half-written, not valid now, or the one that is known
            read = AccountCertificate.issued(account.username, found)
            on_file.certificates = (*on_file.certificates, read)
            self._owners[read.serial_number] = account
            self.known.append(read)
