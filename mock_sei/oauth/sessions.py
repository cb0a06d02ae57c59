"""End users' sessions: who is logged in, and whether once or more often.

A session is made by a log-in, on the page or by the password grant, and lives as long as a token
that stands on it can. ``endOtherSessions`` and the refusal of a second session are the vendor's
(authorize page); how long a session lives, and what it is refused with, is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from mock_sei.clock import Clock
from mock_sei.oauth.sweeping import Sweeping
from mock_sei.randomness import new_secret

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
        self._sweeping = Sweeping()

    def start(self, user: str) -> Session:
        session = Session(identifier=new_secret(self._random), user=user, expires_at=0)
        self.keep_alive(session)
        if self._sweeping.is_due():
            self._drop_expired()
        self._sessions[session.identifier] = session
        return session

    def keep_alive(self, session: Session) -> None:
        session.expires_at = self._clock.timestamp() + LIFETIME.total_seconds()

    def find(self, identifier: str) -> Session | None:
        session = self._sessions.get(identifier)
        return session if session is not None and self._is_live(session) else None

    def live_of(self, user: str) -> list[Session]:
        return [
            each for each in self._sessions.values() if each.user == user and self._is_live(each)
        ]

    def end(self, session: Session) -> None:
        self._sessions.pop(session.identifier, None)

    def __len__(self) -> int:
        """Ended ones that were not swept away yet included."""
        return len(self._sessions)

    def _is_live(self, session: Session) -> bool:
        return session.expires_at > self._clock.timestamp()

    def _drop_expired(self) -> None:
        self._sessions = {key: each for key, each in self._sessions.items() if self._is_live(each)}
