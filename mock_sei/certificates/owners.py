"""For which account each certificate was issued, also before a reset.

An account is more than its name: after a deletion or a reset, another account may have that name.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple

from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import codec_of

MOST_OWNERS = 100_000
"""The account of the newest issued certificates is remembered, so many at most."""


class CertificateOwner(NamedTuple):
    """One account: no other one is equal to it, on no server and at no time."""

    account: str
    """Its user name."""
    state: int = 0
    """The number of the platform state in which it was registered; 0 for one of the fixtures, which
    are the same in each state."""
    place: int = 0
    """Its place in the table of accounts of that state; 0 for one of the fixtures."""


class CertificateOwners:
    """The account of each certificate that was issued or signed. No reset empties this."""

    def __init__(self, lasting: Stored) -> None:
        self._lock = threading.Lock()
        self._order: deque[str] = deque()
        self._by_serial: dict[int, CertificateOwner] = {}
        self._owners: Table[CertificateOwner] = Table(
            lasting, "lasting/certificate-owners", codec_of(CertificateOwner), changed=self._changed
        )
        """By serial number, hexadecimal, the oldest first."""

    def note(self, serial_number: int, owner: CertificateOwner) -> None:
        """Remembers for which account a certificate was issued."""
        with self._lock:
            self._owners[f"{serial_number:x}"] = owner
            while len(self._owners) > MOST_OWNERS:
                del self._owners[self._order[0]]

    def find(self, serial_number: int) -> CertificateOwner | None:
        """The account for which a certificate was issued, None if that is not known."""
        return self._by_serial.get(serial_number)

    def _changed(
        self, key: str, before: CertificateOwner | None, after: CertificateOwner | None
    ) -> None:
        serial_number = int(key, 16)
        if after is None:
            del self._by_serial[serial_number]
            if self._order and self._order[0] == key:
                self._order.popleft()
            return
        self._by_serial[serial_number] = after
        if before is None:
            self._order.append(key)
