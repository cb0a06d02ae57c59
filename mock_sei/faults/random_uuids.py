"""Random UUIDs for scripted answers."""

from __future__ import annotations

from random import Random
from uuid import UUID

from mock_sei.rules.stored import Stored, Table

_AHEAD = "ahead"


class RandomUuids:
    """Random UUIDs (version 4), which can be looked at before they are taken.

    Those that somebody looked at are stored, so that every server of the state gives the same.
    """

    def __init__(self, random: Random, stored: Stored) -> None:
        self._random = random
        self._ahead: Table[list[str]] = Table(stored, "scripts/uuids")

    def foresee(self, count: int) -> list[str]:
        """The UUIDs that are taken next."""
        ahead = self._ahead.get(_AHEAD, [])
        if len(ahead) < count:
            ahead = [*ahead, *(self._make() for _ in range(count - len(ahead)))]
            self._ahead[_AHEAD] = ahead
        return ahead[:count]

    def take(self, count: int) -> list[str]:
        """The next UUIDs. Nobody gets them again."""
        if not count:
            return []
        ahead = self._ahead.get(_AHEAD, [])
        if ahead:
            self._ahead[_AHEAD] = ahead[count:]
        return [*ahead[:count], *(self._make() for _ in range(count - len(ahead)))]

    def _make(self) -> str:
        return str(UUID(bytes=self._random.randbytes(16), version=4))
