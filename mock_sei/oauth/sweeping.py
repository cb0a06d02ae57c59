"""The ends of a store's entries: it finds expired entries without looking at all others."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key")

_AT_ONCE = 4
"""One call looks at so many entries at most, so that its cost does not grow with the store."""
_MOST_STALE = 1024
"""So many entries of discarded keys may always stay; more only while they are fewer than the
rest."""


class Ends(Generic[Key]):
    """The ends of the entries of one store. The store itself keeps the entries."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self._latest: dict[Key, int] = {}
        """The number of the newest entry of each key. Older entries are ignored."""
        self._added = 0

    def add(self, key: Key, end: float) -> None:
        """Notes the end of a key, in seconds since the epoch on the platform's clock.

        The store may put the end off later. If a key is added again, its new end replaces the old.
        """
        self._added += 1
        self._latest[key] = self._added
        heapq.heappush(self._heap, (end, self._added, key))
        if len(self._heap) > 2 * len(self._latest) + _MOST_STALE:
            self._heap = [each for each in self._heap if self._latest.get(each[2]) == each[1]]
            heapq.heapify(self._heap)

    def discard(self, key: Key) -> None:
        """Forgets a key whose entry was removed before its end."""
        self._latest.pop(key, None)

    def take(self, now: float, end_of: Callable[[Key], float | None]) -> Iterator[Key]:
        """Some keys whose entries have ended, a few with each call. These keys are forgotten here.

        ``end_of`` returns the current end of an entry, None if the store has no such entry.
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
        """The number of entries that are kept, with those of discarded keys."""
        return len(self._heap)
