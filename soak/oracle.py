"""What the platform must say to a token, known from outside: by its birth, its uses, its end.

The driver tells it every answer and every change of the clock; it never asks the server. A moment
on the platform's clock is a span, since a request travels: where both ends give one verdict it is
that, where they differ either answer is right. While the clock stands still the span is a point
and the verdict exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

LIFETIME = 60 * 60
IDLE_LIMIT = 30 * 60
SESSION = 60 * 60
REFRESH_LIFETIME = 30 * 24 * 60 * 60


class Verdict(StrEnum):
    """What must become of a token that is shown."""

    HONOUR = "honoured"
    REFUSE = "refused"
    EITHER = "either"


class Span(NamedTuple):
    """Between which two moments something happened, seconds of the platform's clock."""

    early: float
    late: float

    def hull(self, other: Span) -> Span:
        return Span(min(self.early, other.early), max(self.late, other.late))


@dataclass(kw_only=True)
class SigningKey:
    """A key that signs or signed tokens."""

    kid: str
    seeded: bool = False
    """Whether it is the one of the certs folder, which a reset brings back."""
    retired: bool = False


@dataclass(kw_only=True)
class Session:
    """One log-in of a user."""

    user: str
    until: Span
    token: str = field(default="", repr=False)
    """What ``sessionToken`` exchanges, where the log-in page gave it."""
    consents: list[Consent] = field(default_factory=list, repr=False)
    """What stands on it."""
    ended: bool | None = False
    """None where it may have been."""


@dataclass(kw_only=True)
class Consent:
    """What the tokens of one family stand on; a client_credentials token has one of its own."""

    born: Span
    session: Session | None = None
    refresh_token: str | None = field(default=None, repr=False)
    used_refresh_token: str | None = field(default=None, repr=False)
    ended: bool | None = False
    """None where the answer that would have told was lost."""

    def may_have_ended(self) -> None:
        if not self.ended:
            self.ended = None


@dataclass(kw_only=True)
class Token:
    """An access token that the server gave."""

    text: str = field(repr=False)
    consent: Consent
    key: SigningKey
    born: Span
    used: Span


@dataclass(kw_only=True)
class Assertion:
    """A SAML assertion; it gives tokens once."""

    text: str = field(repr=False)
    user: str
    starts: float
    ends: float
    trusted: bool = True
    """Whether the registered key signed it."""
    used: bool | None = False
    """None where the answer that would have told was lost."""


class Oracle:
    """One for a run; :meth:`reset` when the platform is."""

    def __init__(self, key: SigningKey) -> None:
        self._seeded_key = key
        self._sessions: list[Session] = []
        self._latest = 0.0
        self.key = key
        self.retirable: list[SigningKey] = []

    def reset(self) -> None:
        self._sessions, self._latest = [], 0.0
        self._seeded_key.retired = False
        self.key, self.retirable = self._seeded_key, []

    def survivors(self, tokens: Iterable[Token]) -> list[Token]:
        """Those a reset leaves alive: uses and log-ins are forgotten, families are in the tokens.

        The server remembers no token; its signature and its dates still hold.
        """
        families: dict[int, Consent] = {}
        left = [each for each in tokens if each.key.seeded and each.consent.ended is False]
        return [
            Token(
                text=each.text,
                consent=families.setdefault(id(each.consent), Consent(born=each.born)),
                key=each.key,
                born=each.born,
                used=each.born,
            )
            for each in left
        ]

    # What happened

    def log_in(
        self,
        user: str | None,
        span: Span,
        *,
        refresh_token: str | None = None,
        session_token: str = "",
    ) -> Consent:
        if user is None:
            return Consent(born=span)
        session = Session(user=user, until=span, token=session_token)
        self._sessions.append(session)
        return self.allowed(session, span, refresh_token=refresh_token)

    def allowed(self, session: Session, span: Span, *, refresh_token: str | None = None) -> Consent:
        """Tokens were given for a session, which so was alive."""
        session.ended = False
        session.until = Span(span.early + SESSION, span.late + SESSION)
        consent = Consent(born=span, session=session, refresh_token=refresh_token)
        session.consents.append(consent)
        return consent

    def mint(self, text: str, consent: Consent, span: Span) -> Token:
        """A token carries whole seconds, rounded down."""
        born = Span(math.floor(span.early), math.floor(span.late))
        return Token(text=text, consent=consent, key=self.key, born=born, used=born)

    def refreshed(self, consent: Consent, refresh_token: str | None, span: Span) -> None:
        consent.used_refresh_token = consent.refresh_token
        consent.refresh_token = refresh_token
        if consent.session is not None:
            self.prolonged(consent.session, span)

    def prolonged(self, session: Session, span: Span, *, surely: bool = True) -> None:
        """Used to get a token, where it was alive; ``surely`` is False where no answer came."""
        longer = Span(span.early + SESSION, span.late + SESSION)
        if surely and self._lives(session, span):
            session.until = longer
        elif span.early < session.until.late:
            session.until = session.until.hull(longer)

    def used(self, token: Token, span: Span, *, surely: bool = True) -> None:
        """``surely`` is False where no answer came."""
        token.used = span if surely else token.used.hull(span)

    def clock_moved(self, now: float) -> None:
        self._latest = max(self._latest, now)

    def user_sessions_ended(self, user: str, span: Span) -> None:
        """A log-in with ``endOtherSessions``: every live session goes, with all that stands on it.

        A session that has ended by its time takes nothing with it.
        """
        for each in self._sessions:
            if each.user != user or each.ended:
                continue
            if self._lives(each, span):
                each.ended = True
                for consent in each.consents:
                    consent.ended = True
            else:
                each.ended = None
                for consent in each.consents:
                    consent.may_have_ended()

    def rotated(self, kid: str) -> None:
        self.retirable.append(self.key)
        self.key = SigningKey(kid=kid)

    def retired(self, key: SigningKey) -> None:
        key.retired = True
        self.retirable.remove(key)

    # What must happen

    def judge(self, token: Token, span: Span) -> Verdict:
        """Of a call with an access token."""
        if token.consent.ended or token.key.retired:
            return Verdict.REFUSE
        used = token.used
        if self._is_past(Span(token.born.early + LIFETIME, token.born.late + LIFETIME)):
            used = used.hull(token.born)  # past its end the server may forget a use
        if span.early >= token.born.late + LIFETIME or span.early - used.late >= IDLE_LIMIT:
            return Verdict.REFUSE
        lives = span.late < token.born.early + LIFETIME and span.late - used.early < IDLE_LIMIT
        return Verdict.HONOUR if lives and token.consent.ended is False else Verdict.EITHER

    def judge_refresh(self, consent: Consent, span: Span) -> Verdict:
        """Of a refresh with the newest refresh token."""
        if consent.ended or span.early >= consent.born.late + REFRESH_LIFETIME:
            return Verdict.REFUSE
        end = consent.born.early + REFRESH_LIFETIME
        lives = span.late < math.floor(end) and self._latest < math.floor(end)
        return Verdict.HONOUR if lives and consent.ended is False else Verdict.EITHER

    def judge_session(self, session: Session, span: Span) -> Verdict:
        """Of a ``sessionToken``."""
        if session.ended or span.early >= session.until.late:
            return Verdict.REFUSE
        lives = self._lives(session, span) and session.ended is False
        return Verdict.HONOUR if lives else Verdict.EITHER

    def judge_assertion(self, assertion: Assertion, span: Span) -> Verdict:
        """Of a token request with a SAML assertion."""
        is_over = span.early >= assertion.ends or span.late < assertion.starts
        if not assertion.trusted or is_over:
            return Verdict.REFUSE
        if assertion.used and not self._is_past(Span(assertion.ends, assertion.ends)):
            return Verdict.REFUSE  # past its end the server may forget the use
        is_good = assertion.starts <= span.early and span.late < assertion.ends
        return Verdict.HONOUR if is_good and assertion.used is False else Verdict.EITHER

    def _lives(self, session: Session, span: Span) -> bool:
        """For all that its time says of it."""
        return span.late < session.until.early and not self._is_past(session.until)

    def _is_past(self, end: Span) -> bool:
        """Whether the clock ever stood there or later, even if it was set back since."""
        return self._latest >= end.early
