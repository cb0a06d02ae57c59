"""Certificates that a reset keeps: those of the fixtures' accounts, which are in the certs folder.

In a shared state they are also in the store, so that all servers have the same: what one server
made or found replaced in its folder, another one writes into its own. It also remembers for which
account each certificate was issued, before and after a reset.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from mock_sei.certificates.authority import SpareKey
from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.held import AccountCertificate, certificate_codec
from mock_sei.certificates.owners import CertificateOwner, CertificateOwners
from mock_sei.certificates.store import CertificateStore, FileStamp
from mock_sei.errors import ConfigurationError
from mock_sei.rules import machine
from mock_sei.rules.records import ServiceAccount
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import Codec

logger = logging.getLogger(__name__)

_OnFile = tuple[AccountCertificate, ...]
"""The certificates that were read from an account's files, the oldest first. There are several if
somebody replaced the file."""


class SeededIdentities:
    """The certificates on file of the fixtures' accounts.

    A certificate is made or read when it is first needed. It is read again if its file was
    replaced.
    """

    def __init__(
        self,
        store: CertificateStore,
        accounts: Mapping[str, ServiceAccount],
        lasting: Stored | None = None,
    ) -> None:
        """``lasting`` has the tables that no reset empties."""
        self.lasting = Stored() if lasting is None else lasting
        self._store = store
        self._accounts = accounts
        self._making = threading.Lock()
        self._reading = threading.Lock()
        self._spare = SpareKey()
        self._stamps: dict[str, FileStamp | None] = {}
        """The stamp of each account's file when this server last read it."""
        self._written: dict[str, int] = {}
        """The serial number that was last seen in each account's file."""
        self._owners: dict[int, CertificateOwner] = {}
        """The account of each certificate on file, by serial number."""
        self.issued = CertificateOwners(self.lasting)
        """The account of each certificate that was issued or signed, also before a reset."""
        self.changed: list[str] = []
        """The account of each change of the certificates on file, in order. It only grows."""
        self._on_file: Table[_OnFile] = Table(
            self.lasting,
            "lasting/identities",
            _on_file_codec(certificate_codec(store.authority)),
            changed=self._changed,
        )
        """By user name."""

    def holds(self, account: ServiceAccount) -> bool:
        """True if exactly this account is of the fixtures; another may have its name now."""
        return self._accounts.get(account.username) is account

    def known_of(self, account: ServiceAccount) -> Sequence[AccountCertificate]:
        """An account's certificates that were made or read already, the oldest first.

        The last one is on file.
        """
        return self._on_file.get(account.username, ()) if self.holds(account) else ()

    def of(self, account: ServiceAccount) -> Sequence[AccountCertificate]:
        """As :meth:`known_of`, but a file that somebody replaced is read again before."""
        if account.username in self._on_file and self.holds(account):
            stamp = self._store.identity_stamp(account.username)
            if stamp != self._stamps.get(account.username):
                self._remember(account, self._store.read_identity(account.username), stamp)
        return self.known_of(account)

    def find_owner(self, serial_number: int) -> CertificateOwner | None:
        """The account for which this platform's CA issued the certificate with this number."""
        return self._owners.get(serial_number) or self.issued.find(serial_number)

    def read_files(self) -> None:
        """Reads what is on file already, so that all servers on a new store know it."""
        for account in self._accounts.values():
            stamp = self._store.identity_stamp(account.username)
            if stamp is not None:
                self._remember(account, self._store.read_identity(account.username), stamp)

    def drop_invalid(self) -> None:
        """Forgets certificates that are not valid by the machine's clock. New ones are then
        made."""
        now = machine.now()
        with self._reading:
            for username, known in list(self._on_file.items()):
                valid = tuple(each for each in known if each.is_valid_at(now))
                if len(valid) < len(known):
                    self._on_file[username] = valid

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
            if known and known[-1].is_valid_at(now):
                self._write_that_of_others(known[-1])
                return known[-1]
            self._make(account, now)
            return self.of(account)[-1]

    def _make(self, account: ServiceAccount, now: datetime) -> None:
        """Makes a certificate, unless there is a valid one on file."""
        username, authority = account.username, self._store.authority

        make = partial(authority.issue_identity, username, now=now)
        if self.lasting.is_shared:
            found = self._store.read_identity(username)
            if found is None or not found.is_valid_at(now):
                # It takes time to make a key, so that comes before the store is reserved.
                self._spare.key = self._spare.key or authority.new_key()
                make = partial(make, key=self._spare.key)
            self._on_file.changing(username)
        stamp = self._store.identity_stamp(username)
        found = self._store.find_or_write_identity(username, make, now=now)
        self._spare.key = None
        self._remember(account, found, stamp)

    def _write_that_of_others(self, newest: AccountCertificate) -> None:
        """Writes a certificate that another server made or found into this server's folder."""
        username = newest.account
        if not self.lasting.is_shared or self._written.get(username) == newest.serial_number:
            return
        self._written[username] = newest.serial_number
        try:
            self._store.write_identity(username, newest.identity)
        except ConfigurationError as error:  # a folder of files that nobody may change
            logger.warning("%s; the certificate is only in the store", error)
            return
        self._stamps[username] = self._store.identity_stamp(username)

    def _remember(
        self, account: ServiceAccount, found: Identity | None, stamp: FileStamp | None
    ) -> None:
        """Stores a certificate that was read from its file.

        ``stamp`` was taken before the file was read, so a file that was replaced meanwhile is read
        again later.
        """
        username = account.username
        with self._reading:
            known = self._on_file.get(username, ())
            # What this server reads first may be older than what another server has found.
            compared = known[-1:] if username in self._stamps else known
            if (
                found is not None
                and found.is_valid_at(machine.now())
                and all(found.certificate != each.certificate for each in compared)
            ):  # otherwise half-written, not valid now, or known already
                self._on_file[username] = (*known, AccountCertificate.issued(username, found))
            self._stamps[username] = stamp
            if found is not None:
                self._written[username] = found.serial_number

    def _changed(self, username: str, _: _OnFile | None, after: _OnFile | None) -> None:
        for each in after or ():
            self._owners[each.serial_number] = CertificateOwner(username)
        self.changed.append(username)


def _on_file_codec(one: Codec[AccountCertificate]) -> Codec[_OnFile]:
    return Codec(
        write=lambda all_: json.dumps([one.write(each) for each in all_]),
        read=lambda text: tuple(one.read(each) for each in json.loads(text)),
    )
