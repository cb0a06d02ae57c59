"""The bodies of recorded answers: few in memory, many in a file without a name.

A recording may be larger than memory, and its files may change while the server runs.
"""

from __future__ import annotations

import tempfile
import threading
import weakref
from dataclasses import dataclass
from hashlib import blake2b

IN_MEMORY = 4 * 1024 * 1024
"""Bytes of all bodies together that stay in memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayBody:
    """The place of a body."""

    start: int
    size: int


class KeptBodies:
    """Keeps bodies, equal ones once. Threads may read at the same time."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # closed below
        self._lock = threading.Lock()
        self._size = 0
        self._by_digest: dict[bytes, ReplayBody] = {}
        weakref.finalize(self, self._file.close)

    def add(self, data: bytes) -> ReplayBody:
        """Keeps a body. Raises ``OSError`` if it cannot be written."""
        digest = blake2b(data, digest_size=16).digest()
        found = self._by_digest.get(digest)
        if found is None:
            with self._lock:
                self._file.seek(self._size)
                self._file.write(data)
                found = ReplayBody(start=self._size, size=len(data))
                self._size += len(data)
            self._by_digest[digest] = found
        return found

    def end(self) -> None:
        """Call this after the last :meth:`add`: what finds equal bodies is forgotten."""
        self._by_digest.clear()

    def read(self, body: ReplayBody) -> bytes:
        """The bytes of a body. Raises ``OSError``."""
        with self._lock:
            self._file.seek(body.start)
            return self._file.read(body.size)
