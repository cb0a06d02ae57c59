"""The revoked certificates of the platform's CA in one platform state, and its revocation list.

Source: RFC 5280 section 5 (a list has the serial numbers of one issuer).
"""

from __future__ import annotations

import itertools
import threading
from datetime import datetime

from cryptography import x509

from mock_sei.certificates.authority import Authority

TOLD = 10_000
"""A listener's list has only the newest revocations, so many at most. OpenSSL reads the whole list
at each handshake, and 100,000 entries made a handshake four times slower. Our own check knows all
revocations."""


class Revocations:
    """The revoked serial numbers of one platform state. A revocation cannot be undone."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._lock = threading.Lock()
        self._entries: dict[int, x509.RevokedCertificate | None] = {}
        self._number = authority.new_number()
        # The complete list as it was last signed
        self._signing = threading.Lock()
        self._signed: tuple[int, bytes] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def number(self) -> int:
        """The number of the list. It is higher after each change, and differs between states."""
        return self._number

    def is_revoked(self, serial_number: int) -> bool:
        """True if the certificate with this serial number is revoked."""
        return serial_number in self._entries

    def add(self, serial_number: int, *, now: datetime) -> None:
        """Revokes the certificate with this serial number.

        It takes effect at the next handshake, and at the next request of an open connection. If the
        certificate is revoked already, it keeps its date of revocation.
        """
        entry = _entry(serial_number, now)
        with self._lock:
            if serial_number not in self._entries:
                self._entries[serial_number] = entry
                self._number = self._authority.new_number()

    def crl_pem(self) -> bytes:
        """The signed list of all revocations, as PEM. It stays the same until the next change."""
        with self._signing:
            if self._signed is None or self._signed[0] != self._number:
                number, entries = self._newest(None)
                self._signed = number, self._authority.sign_revocations(entries, number=number)
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
            return self._number, [each for each in newest if each is not None][::-1]


def _entry(serial_number: int, now: datetime) -> x509.RevokedCertificate | None:
    """The entry of a list, None for a serial number that no list can have.

    Such a certificate was not made here, but with a copy of our CA's key.
    """
    try:
        builder = x509.RevokedCertificateBuilder().serial_number(serial_number)
    except ValueError:
        return None
    return builder.revocation_date(now.replace(microsecond=0)).build()
