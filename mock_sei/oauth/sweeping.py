"""When the entries of a store end, so that ended ones are found without a look at the others."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key")

_AT_ONCE = 4
"""Entries that are looked at in one go: a new entry pays for so many old ones, never for all."""
_MOST_STALE = 1024
"""Entries of keys that were taken out before their end, whatever the number of the others."""


class Ends(Generic[Key]):
    """The ends of the entries of one store, which keeps the entries itself."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self._latest: dict[Key, int] = {}
        """The entry of a key that counts, by its number."""
        self._added = 0

    def add(self, key: Key, end: float) -> None:
        """``end`` is in seconds since the epoch on the platform's clock; it may be put off later.

        A key that is added again has the new end.
        """
        self._added += 1
        self._latest[key] = self._added
        heapq.heappush(self._heap, (end, self._added, key))
        if len(self._heap) > 2 * len(self._latest) + _MOST_STALE:
            self._heap = [each for each in self._heap if self._latest.get(each[2]) == each[1]]
            heapq.heapify(self._heap)

    def discard(self, key: Key) -> None:
        """Its entry is gone before its end."""
        self._latest.pop(key, None)

    def take(self, now: float, end_of: Callable[[Key], float | None]) -> Iterator[Key]:
        """A few of the keys whose entries have ended; they are not known here any more.

        ``end_of`` gives an entry's end as it is now, None where the store has no such entry.
        """
        for _ in range(_AT_ONCE):
            if not self._heap or self._heap[0][0] > now:
                return
            _, number, key = heapq.heappop(self._heap)
            if self._latest.get(key) != number:
                continue
            del self._latest[key]
            end = end_of(key)
            if end is not None and end > now:
                self.add(key, end)
            elif end is not None:
                yield key

    def __len__(self) -> int:
        """Entries that are kept, those of discarded keys included."""
        return len(self._heap)
