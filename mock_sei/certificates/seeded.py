"""Certificates that a reset keeps: those of the fixtures' accounts, which are in the certs folder.

It also remembers for which account each certificate was issued, before and after a reset.
"""

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
"""The account of the newest issued certificates is remembered, so many at most."""


@dataclass(kw_only=True)
class _OnFile:
    """The certificates that were read from an account's files."""

    stamp: FileStamp | None
    certificates: tuple[AccountCertificate, ...]
    """The oldest first. There are several if somebody replaced the file."""


class SeededIdentities:
    """The certificates on file of the fixtures' accounts.

    A certificate is made or read when it is first needed. It is read again if its file was
    replaced.
    """

    def __init__(self, store: CertificateStore, accounts: Mapping[str, ServiceAccount]) -> None:
        self._store = store
        self._accounts = accounts
        self._making = threading.Lock()
        self._reading = threading.Lock()
        self._on_file: dict[str, _OnFile] = {}
        self._owners: dict[int, ServiceAccount] = {}
        """The account of each certificate on file, by serial number."""
        self._issued_owners: OrderedDict[int, ServiceAccount] = OrderedDict()
        """The account of each certificate that was issued or signed, also before a reset."""
        self.known: list[AccountCertificate] = []
        """All certificates that were made or read, in that order. It only grows."""

    def holds(self, account: ServiceAccount) -> bool:
        """True if exactly this account is of the fixtures; another may have its name now."""
        return self._accounts.get(account.username) is account

    def known_of(self, account: ServiceAccount) -> Sequence[AccountCertificate]:
        """An account's certificates that were made or read already, the oldest first.

        The last one is on file.
        """
        on_file = self._on_file.get(account.username) if self.holds(account) else None
        return on_file.certificates if on_file is not None else ()

    def of(self, account: ServiceAccount) -> Sequence[AccountCertificate]:
        """As :meth:`known_of`, but a file that somebody replaced is read again before."""
        on_file = self._on_file.get(account.username)
        if on_file is not None and self.holds(account):
            stamp = self._store.identity_stamp(account.username)
            if stamp != on_file.stamp:
                self._remember(account, self._store.read_identity(account.username), stamp)
        return self.known_of(account)

    def find_owner(self, serial_number: int) -> ServiceAccount | None:
        """The account for which this platform's CA issued the certificate with this number."""
        return self._owners.get(serial_number) or self._issued_owners.get(serial_number)

    def drop_invalid(self) -> None:
        """Forgets certificates that are not valid by the machine's clock. New ones are then
        made."""
        now = machine.now()
        with self._reading:
            for on_file in self._on_file.values():
                valid = tuple(each for each in on_file.certificates if each.is_valid_at(now))
                on_file.certificates = valid

    def note_owner(self, serial_number: int, account: ServiceAccount) -> None:
        """Remembers for which account a certificate was issued.

        After a reset, another account may have the same name.
        """
        with self._reading:
            self._issued_owners[serial_number] = account
            if len(self._issued_owners) > MOST_OWNERS:
                self._issued_owners.popitem(last=False)

    def find_on_file(self, account: ServiceAccount) -> AccountCertificate | None:
        """The account's newest certificate, also if it was not read from its file yet.

        This does not wait for a certificate that another thread is making.
        """
        known = self.of(account)
        if known or not self.holds(account):
            return known[-1] if known else None
        found = self._store.read_identity(account.username)
        return AccountCertificate.issued(account.username, found) if found else None

    def require(self, account: ServiceAccount) -> AccountCertificate:
        """The account's certificate on file. It is made if there is none that is valid."""
        with self._making:
            known = self.of(account)
            # Its dates are by the machine's clock, to which a reset sets the platform's clock.
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
        """Stores a certificate that was read from its file.

        ``stamp`` was taken before the file was read, so a file that was replaced meanwhile is read
        again later.
        """
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
                return  # half-written, not valid now, or known already
            read = AccountCertificate.issued(account.username, found)
            on_file.certificates = (*on_file.certificates, read)
            self._owners[read.serial_number] = account
            self.known.append(read)
