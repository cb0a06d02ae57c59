"""How often tokens of each application were revoked, and when last. For the portal's pages."""

from __future__ import annotations

import json
from typing import NamedTuple

from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import Codec

_MOST = 10_000
"""So many AppKeys are remembered."""


class Revoked(NamedTuple):
    """The revocations of one application."""

    families: int
    """The number of families: of consents, and of tokens without one."""
    last: float
    """The time of the last one, in seconds since the epoch on the platform's clock."""


_CODEC: Codec[Revoked] = Codec(write=json.dumps, read=lambda text: Revoked(*json.loads(text)))


class RevocationCounts:
    """The revocations of each AppKey in one platform state."""

    def __init__(self, *, clock: PlatformClock, stored: Stored | None = None) -> None:
        stored = Stored() if stored is None else stored
        self._clock = clock
        self._revoked = Table(stored, "oauth/revocation counts", _CODEC)

    def note(self, app_key: str) -> None:
        """Counts one family."""
        before = self._revoked.get(app_key)
        count = 1 if before is None else before.families + 1
        self._revoked[app_key] = Revoked(count, self._clock.timestamp())
        if len(self._revoked) > _MOST:
            self._revoked.pop(next(iter(self._revoked.by_key)))

    def find(self, app_key: str) -> Revoked | None:
        """The revocations of an application, None if there were none."""
        return self._revoked.get(app_key)
