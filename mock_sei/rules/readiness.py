"""Whether a server takes requests: not while it starts, and not once it ends.

It says nothing of the store that keeps the state, which can be away and come back in between.
"""

from __future__ import annotations

import sys

from mock_sei.rules.followers import Follower, Followers

LOADING = "the server is still loading what its answers need"
ENDING = "the server is ending: it answers what it has begun, and takes nothing new"


class Readiness:
    """Of one server. Only the thread of its event loop changes it."""

    def __init__(self) -> None:
        self._problem: str | None = None
        self._followers = Followers()

    @property
    def problem(self) -> str | None:
        """Why the server takes no requests, None if it takes them."""
        return self._problem

    @property
    def is_ending(self) -> bool:
        """Whether the server has begun to end. What waits for something must not wait longer."""
        return self._problem is ENDING

    def load(self) -> None:
        """The server begins to make and load what its first answers need."""
        self._problem = LOADING

    def take_requests(self) -> None:
        """The server has what it needs for its first answers."""
        if not self.is_ending:
            self._problem = None

    def end(self) -> None:
        """The server begins to end. Those who follow are told."""
        self._problem = ENDING
        self._followers.tell()

    def follow(self, follower: Follower) -> None:
        """Calls ``follower`` when the server begins to end; at once, if it has begun already."""
        self._followers.add(follower, most=sys.maxsize)
        if self.is_ending:
            follower()

    def unfollow(self, follower: Follower) -> None:
        """Ends what :meth:`follow` began."""
        self._followers.remove(follower)
