"""SAML assertions that were exchanged: each gives tokens once (assumed; RFC 7522 section 3).

One is remembered until it has expired; then it is refused for that.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import Clock


class UsedAssertions:
    """The ones of a platform state."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._used: dict[bytes, float] = {}
        """Ends, by a digest: an ID may be as long as a request."""
        self._ends = Ends[bytes]()

    def add(self, app_key: str, identifier: str, *, end: datetime) -> None:
        for ended in self._ends.take(self._clock.timestamp(), self._used.get):
            del self._used[ended]
        digest, until = _digest(app_key, identifier), end.timestamp()
        self._used[digest] = until
        self._ends.add(digest, until)

    def __contains__(self, key: tuple[str, str]) -> bool:
        """Whether an application, by its AppKey, has used the assertion with this ID."""
        return _digest(*key) in self._used

    def __len__(self) -> int:
        """Expired ones that were not swept away yet included."""
        return len(self._used)


def _digest(app_key: str, identifier: str) -> bytes:
    return sha256(f"{len(app_key)} {app_key} {identifier}".encode(errors="surrogatepass")).digest()
