"""Sessions of end users: one for each log-in.

A log-in on the page or by the password grant starts a session. It lives as long as a token that was
issued in it. ``endOtherSessions`` and the refusal of a second session are documented (authorize
page). How long a session lives, and the error of a refused one, are assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.randomness import new_secret

LIFETIME = timedelta(minutes=60)
"""A session ends so long after it was last used to get a token."""


@dataclass(kw_only=True)
class Session:
    """One log-in of a user."""

    identifier: str
    """A secret: the value of the log-in page's cookie, and of the parameter ``sessionToken``."""
    user: str
    expires_at: float
    """Its end, in seconds since the epoch on the platform's clock."""


class Sessions:
    """The sessions of one platform state."""

    def __init__(self, *, clock: PlatformClock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._sessions: dict[str, Session] = {}
        self._by_user: dict[str, dict[str, Session]] = {}
        self._ends = Ends[str]()

    def start(self, user: str) -> Session:
        """Starts a session of a user, given by e-mail address."""
        for ended in self._ends.take(self._clock.timestamp(), self._end_of):
            self.end(self._sessions[ended])
        session = Session(identifier=new_secret(self._random), user=user, expires_at=0)
        self.keep_alive(session)
        self._sessions[session.identifier] = session
        self._by_user.setdefault(user, {})[session.identifier] = session
        self._ends.add(session.identifier, session.expires_at)
        return session

    def keep_alive(self, session: Session) -> None:
        """Prolongs a session: it then ends ``LIFETIME`` after now."""
        session.expires_at = self._clock.timestamp() + LIFETIME.total_seconds()

    def find(self, identifier: str) -> Session | None:
        """The session with this identifier, None if it is unknown or has ended."""
        session = self._sessions.get(identifier)
        return session if session is not None and self._is_live(session) else None

    def live_of(self, user: str) -> list[Session]:
        """A user's sessions that have not ended."""
        return [each for each in self._by_user.get(user, {}).values() if self._is_live(each)]

    def end(self, session: Session) -> None:
        """Ends a session. Its tokens are not revoked here."""
        if self._sessions.pop(session.identifier, None) is None:
            return
        self._ends.discard(session.identifier)
        of_user = self._by_user[session.user]
        del of_user[session.identifier]
        if not of_user:
            del self._by_user[session.user]

    def __len__(self) -> int:
        """The number of stored sessions, with ended ones that are not yet deleted."""
        return len(self._sessions)

    def _is_live(self, session: Session) -> bool:
        return session.expires_at > self._clock.timestamp()

    def _end_of(self, identifier: str) -> float | None:
        session = self._sessions.get(identifier)
        return None if session is None else session.expires_at
