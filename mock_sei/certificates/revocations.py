"""Which certificates of the platform's CA are revoked, in one platform state, and their lists.

Source: RFC 5280 section 5 (a list names serial numbers of one issuer).
"""

from __future__ import annotations

import itertools
import threading
from datetime import datetime

from cryptography import x509

from mock_sei.certificates.authority import Authority

TOLD = 10_000
"""Revocations in a listener's own list, the newest. OpenSSL reads through the list at each
handshake, and 100,000 entries made one four times as dear; our own check knows them all."""


class Revocations:
    """Grows only; a reset makes another one."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._lock = threading.Lock()
        self._entries: dict[int, x509.RevokedCertificate | None] = {}
        self._number = authority.new_number()
        # The whole list as it was last signed
        self._signing = threading.Lock()
        self._signed: tuple[int, bytes] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def number(self) -> int:
        """The number of the list: higher after each change, and another in each state."""
        return self._number

    def is_revoked(self, serial_number: int) -> bool:
        return serial_number in self._entries

    def add(self, serial_number: int, *, now: datetime) -> None:
        """Revokes from the next handshake on, and from the next request of an open connection.

        A certificate that is revoked already keeps its date.
        """
        entry = _entry(serial_number, now)
        with self._lock:
            if serial_number not in self._entries:
                self._entries[serial_number] = entry
                self._number = self._authority.new_number()

    def crl_pem(self) -> bytes:
        """All of them, signed; the same bytes until the next change."""
        with self._signing:
            if self._signed is None or self._signed[0] != self._number:
                number, entries = self._newest(None)
                self._signed = number, self._authority.sign_revocations(entries, number=number)
            return self._signed[1]

    def newest_pem(self) -> bytes:
        """The newest :data:`TOLD` of them, signed: what a listener is given."""
        if len(self) <= TOLD:
            return self.crl_pem()
        number, entries = self._newest(TOLD)
        return self._authority.sign_revocations(entries, number=number)

    def _newest(self, count: int | None) -> tuple[int, list[x509.RevokedCertificate]]:
        with self._lock:
            newest = itertools.islice(reversed(self._entries.values()), count)
            return self._number, [each for each in newest if each is not None][::-1]


def _entry(serial_number: int, now: datetime) -> x509.RevokedCertificate | None:
    """None for a number that no list can hold: somebody signed with our CA's key by hand."""
    try:
        builder = x509.RevokedCertificateBuilder().serial_number(serial_number)
    except ValueError:
        return None
    return builder.revocation_date(now.replace(microsecond=0)).build()
