"""The SAML assertions that were used: each gives tokens once (assumed; RFC 7522 section 3).

An assertion is remembered until it expires. After that, it is refused because it has expired.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.stored import Stored, Table


class UsedAssertions:
    """The used assertions of one platform state."""

    def __init__(self, *, clock: PlatformClock, stored: Stored | None = None) -> None:
        self._clock = clock
        self._ends = Ends[str]()
        self._used: Table[float] = Table(
            Stored() if stored is None else stored, "oauth/used assertions", changed=self._changed
        )
        """The end of each assertion, in seconds since the epoch. The key is a digest, since an ID
        may be as long as a request."""

    def add(self, app_key: str, identifier: str, *, end: datetime) -> None:
        """Remembers until ``end`` that an application used the assertion with this ID."""
        self._used[_digest(app_key, identifier)] = end.timestamp()
        for ended in self._ends.take(self._clock.timestamp(), self._used.get):
            del self._used[ended]

    def __contains__(self, key: tuple[str, str]) -> bool:
        """True if an application used an assertion; ``key`` is its AppKey and the assertion's
        ID."""
        return _digest(*key) in self._used

    def __len__(self) -> int:
        """The number of stored assertions, with expired ones that are not yet deleted."""
        return len(self._used)

    def _changed(self, digest: str, _: float | None, end: float | None) -> None:
        if end is None:
            self._ends.discard(digest)
        else:
            self._ends.add(digest, end)


def _digest(app_key: str, identifier: str) -> str:
    text = f"{len(app_key)} {app_key} {identifier}"
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
