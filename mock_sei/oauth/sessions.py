"""End users' sessions: who is logged in, and whether once or more often.

A session is made by a log-in, on the page or by the password grant, and lives as long as a token
that stands on it can. ``endOtherSessions`` and the refusal of a second session are the vendor's
(authorize page); how long a session lives, and what it is refused with, is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import Clock
from mock_sei.rules.randomness import new_secret

LIFETIME = timedelta(minutes=60)
"""After the last time it was used to get a token."""


@dataclass(kw_only=True)
class Session:
    """One log-in of a user."""

    identifier: str
    """Secret: the log-in page's cookie, and what ``sessionToken`` exchanges."""
    user: str
    expires_at: float
    """Seconds since the epoch on the platform's clock."""


class Sessions:
    """The live sessions of a platform state."""

    def __init__(self, *, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._sessions: dict[str, Session] = {}
        self._by_user: dict[str, dict[str, Session]] = {}
        self._ends = Ends[str]()

    def start(self, user: str) -> Session:
        for ended in self._ends.take(self._clock.timestamp(), self._end_of):
            self.end(self._sessions[ended])
        session = Session(identifier=new_secret(self._random), user=user, expires_at=0)
        self.keep_alive(session)
        self._sessions[session.identifier] = session
        self._by_user.setdefault(user, {})[session.identifier] = session
        self._ends.add(session.identifier, session.expires_at)
        return session

    def keep_alive(self, session: Session) -> None:
        session.expires_at = self._clock.timestamp() + LIFETIME.total_seconds()

    def find(self, identifier: str) -> Session | None:
        session = self._sessions.get(identifier)
        return session if session is not None and self._is_live(session) else None

    def live_of(self, user: str) -> list[Session]:
        return [each for each in self._by_user.get(user, {}).values() if self._is_live(each)]

    def end(self, session: Session) -> None:
        if self._sessions.pop(session.identifier, None) is None:
            return
        self._ends.discard(session.identifier)
        of_user = self._by_user[session.user]
        del of_user[session.identifier]
        if not of_user:
            del self._by_user[session.user]

    def __len__(self) -> int:
        """Ended ones that were not swept away yet included."""
        return len(self._sessions)

    def _is_live(self, session: Session) -> bool:
        return session.expires_at > self._clock.timestamp()

    def _end_of(self, identifier: str) -> float | None:
        session = self._sessions.get(identifier)
        return None if session is None else session.expires_at
