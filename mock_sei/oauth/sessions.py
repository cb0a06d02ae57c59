"""Sessions of end users: one for each log-in.

A log-in on the page or by the password grant starts a session. It lives as long as a token that was
issued in it. ``endOtherSessions`` and the refusal of a second session are documented (authorize
page). How long a session lives, and the error of a refused one, are assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from mock_sei.assumptions.groups import SessionRules
from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.randomness import new_secret
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import codec_of

USUAL_RULES = SessionRules()


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

    def __init__(
        self,
        *,
        clock: PlatformClock,
        random: Random,
        rules: SessionRules = USUAL_RULES,
        stored: Stored | None = None,
    ) -> None:
        self._lifetime = rules.lifetime.total_seconds()
        """A session ends so many seconds after it was last used to get a token."""
        self._clock = clock
        self._random = random
        self._by_user: dict[str, dict[str, Session]] = {}
        self._ends = Ends[str]()
        self._sessions = Table(
            Stored() if stored is None else stored,
            "oauth/sessions",
            codec_of(Session),
            changed=self._changed,
        )

    def start(self, user: str) -> Session:
        """Starts a session of a user, given by e-mail address."""
        session = Session(
            identifier=new_secret(self._random), user=user, expires_at=self._end_from_now()
        )
        self._sessions[session.identifier] = session
        for ended in self._ends.take(self._clock.timestamp(), self._end_of):
            del self._sessions[ended]
        return session

    def keep_alive(self, session: Session) -> None:
        """Prolongs a session: it then ends its lifetime after now."""
        self._sessions.changing(session.identifier)
        session.expires_at = self._end_from_now()

    def find(self, identifier: str) -> Session | None:
        """The session with this identifier, None if it is unknown or has ended."""
        session = self._sessions.get(identifier)
        return session if session is not None and self._is_live(session) else None

    def live_of(self, user: str) -> list[Session]:
        """A user's sessions that have not ended."""
        return [each for each in list(self._by_user.get(user, {}).values()) if self._is_live(each)]

    def end(self, session: Session) -> None:
        """Ends a session. Its tokens are not revoked here."""
        self._sessions.pop(session.identifier)

    def __len__(self) -> int:
        """The number of stored sessions, with ended ones that are not yet deleted."""
        return len(self._sessions)

    def _changed(self, identifier: str, before: Session | None, after: Session | None) -> None:
        if after is not None:
            self._by_user.setdefault(after.user, {})[identifier] = after
            if before is None:
                self._ends.add(identifier, after.expires_at)
        elif before is not None:
            self._ends.discard(identifier)
            of_user = self._by_user[before.user]
            del of_user[identifier]
            if not of_user:
                del self._by_user[before.user]

    def _end_from_now(self) -> float:
        return self._clock.timestamp() + self._lifetime

    def _is_live(self, session: Session) -> bool:
        return session.expires_at > self._clock.timestamp()

    def _end_of(self, identifier: str) -> float | None:
        session = self._sessions.get(identifier)
        return None if session is None else session.expires_at
