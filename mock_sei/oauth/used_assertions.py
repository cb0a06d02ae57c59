"""SAML assertions that were exchanged: each gives tokens once (assumed; RFC 7522 section 3).

One is remembered until it has expired; then it is refused for that.
"""

from __future__ import annotations

from datetime import datetime

from mock_sei.clock import Clock


class UsedAssertions:
    """The ones of a platform state."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[tuple[str, str], datetime] = {}

    def add(self, app_key: str, identifier: str, *, end: datetime) -> None:
        now = self._clock.now()
        self._ends = {key: each for key, each in self._ends.items() if each > now}
        self._ends[app_key, identifier] = end

    def __contains__(self, key: tuple[str, str]) -> bool:
        """Whether an application, by its AppKey, has used the assertion with this ID."""
        return key in self._ends

    def __len__(self) -> int:
        return len(self._ends)
