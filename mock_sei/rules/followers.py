"""Who wants to know when something changes: each of them is called, and looks then for itself.

It says only that there may be something new. A call must cost little and raise nothing, because it
comes from any thread, in the middle of the work that made the change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

Follower = Callable[[], None]


class Followers:
    """All followers of one platform. Telling them needs no lock, and costs nothing without one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: tuple[Follower, ...] = ()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, follower: Follower, *, most: int) -> bool:
        """Adds a follower. Returns False if there are ``most`` of them already."""
        with self._lock:
            if len(self._all) >= most:
                return False
            self._all = (*self._all, follower)
            return True

    def remove(self, follower: Follower) -> None:
        """Removes a follower, which may be gone already."""
        with self._lock:
            self._all = tuple(each for each in self._all if each is not follower)

    def tell(self) -> None:
        """Tells all followers that something has changed."""
        for each in self._all:
            each()
