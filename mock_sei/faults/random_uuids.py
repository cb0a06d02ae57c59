"""Random UUIDs for scripted answers."""

from __future__ import annotations

import itertools
from collections import deque
from random import Random
from uuid import UUID


class RandomUuids:
    """Random UUIDs (version 4), which can be looked at before they are taken."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._ahead: deque[str] = deque()

    def foresee(self, count: int) -> list[str]:
        """The UUIDs that are taken next."""
        while len(self._ahead) < count:
            self._ahead.append(str(UUID(bytes=self._random.randbytes(16), version=4)))
        return list(itertools.islice(self._ahead, count))

    def take(self, count: int) -> list[str]:
        """The next UUIDs. Nobody gets them again."""
        self.foresee(count)
        return [self._ahead.popleft() for _ in range(count)]
