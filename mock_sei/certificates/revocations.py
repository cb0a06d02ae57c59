"""The revoked certificates of the platform's CA in one platform state, and its revocation list.

Source: RFC 5280 section 5 (a list has the serial numbers of one issuer).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import datetime

from cryptography import x509

from mock_sei.certificates.authority import Authority
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import codec_of

TOLD = 10_000
"""A listener's list has only the newest revocations, so many at most. OpenSSL reads the whole list
at each handshake, and 100,000 entries made a handshake four times slower. Our own check knows all
revocations."""


_FIRST, _NEWEST = "first", "newest"


class Revocations:
    """The revoked serial numbers of one platform state. A revocation cannot be undone."""

    def __init__(
        self,
        authority: Authority,
        *,
        stored: Stored | None = None,
        lasting: Stored | None = None,
        changed: Callable[[int], None] = lambda _: None,
    ) -> None:
        """``lasting`` has the tables that no reset empties. ``changed`` is called with a serial
        number after its certificate was revoked, on this server or another one."""
        stored = Stored() if stored is None else stored
        self._authority = authority
        self._lasting = Stored() if lasting is None else lasting
        self._told = changed
        self._lock = threading.Lock()
        self._entries: dict[int, x509.RevokedCertificate | None] = {}
        self.version = authority.new_number()
        """A number of this server for the present list: each change has a new one, and so has each
        state."""
        # The complete list as it was last signed
        self._signing = threading.Lock()
        self._signed: tuple[int, bytes] | None = None
        self._lists: Table[int] = Table(stored, "certificates/lists", changed=self._list_changed)
        """The numbers of this state's first and newest list."""
        self._dates: Table[datetime] = Table(
            stored, "certificates/revoked", codec_of(datetime), changed=self._revoked
        )
        """When each certificate was revoked, by serial number, hexadecimal."""
        if _FIRST not in self._lists:
            self._lists[_FIRST] = self._lists[_NEWEST] = self._new_number()

    def _new_number(self) -> int:
        return self._lasting.next_number("revocation lists")

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def number(self) -> int:
        """The number of the list. It is higher after each change, and differs between states. All
        servers have the same, and it never falls."""
        return self._lists[_NEWEST]

    @property
    def first_number(self) -> int:
        """The number of the list with which this state began. No other state has it."""
        return self._lists[_FIRST]

    def is_revoked(self, serial_number: int) -> bool:
        """True if the certificate with this serial number is revoked."""
        return serial_number in self._entries

    def find_date(self, serial_number: int) -> datetime | None:
        """When the certificate with this serial number was revoked, None if it is not revoked."""
        return self._dates.get(f"{serial_number:x}")

    def add(self, serial_number: int, *, now: datetime) -> None:
        """Revokes the certificate with this serial number.

        It takes effect at the next handshake, and at the next request of an open connection. If the
        certificate is revoked already, it keeps its date of revocation.
        """
        with self._lock:
            if serial_number not in self._entries:
                self._dates[f"{serial_number:x}"] = now.replace(microsecond=0)
                self._lists[_NEWEST] = self._new_number()

    def _revoked(self, key: str, before: datetime | None, after: datetime | None) -> None:
        if before is None and after is not None:
            serial_number = int(key, 16)
            self._entries[serial_number] = _entry(serial_number, after)
            self.version = self._authority.new_number()
            self._told(serial_number)

    def _list_changed(self, key: str, before: int | None, after: int | None) -> None:  # noqa: ARG002
        self.version = self._authority.new_number()

    def crl_pem(self) -> bytes:
        """The signed list of all revocations, as PEM. It stays the same until the next change."""
        with self._signing:
            if self._signed is None or self._signed[0] != self.version:
                version, (number, entries) = self.version, self._newest(None)
                self._signed = version, self._authority.sign_revocations(entries, number=number)
            return self._signed[1]

    def newest_pem(self) -> bytes:
        """The signed list for a listener, as PEM: only the newest revocations."""
        if len(self) <= TOLD:
            return self.crl_pem()
        number, entries = self._newest(TOLD)
        return self._authority.sign_revocations(entries, number=number)

    def _newest(self, count: int | None) -> tuple[int, list[x509.RevokedCertificate]]:
        with self._lock:
            newest = itertools.islice(reversed(self._entries.values()), count)
            return self.number, [each for each in newest if each is not None][::-1]


def _entry(serial_number: int, now: datetime) -> x509.RevokedCertificate | None:
    """The entry of a list, None for a serial number that no list can have.

    Such a certificate was not made here, but with a copy of our CA's key.
    """
    try:
        builder = x509.RevokedCertificateBuilder().serial_number(serial_number)
    except ValueError:
        return None
    return builder.revocation_date(now).build()
