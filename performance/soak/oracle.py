"""Predicts whether the platform must accept a token, from the token's beginning, uses and end.

The callers report each answer and each change of the clock to the oracle, which never asks the
server. A request takes time, so the oracle knows its moment on the platform's clock only as a span.
If both ends of the span lead to the same answer, that answer is expected; otherwise both answers
are right. While the clock stands still, the span is a point and the prediction is exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

LIFETIME = 60 * 60
IDLE_LIMIT = 30 * 60
CODE_LIFETIME = 20
SESSION = 60 * 60
REFRESH_LIFETIME = 30 * 24 * 60 * 60


class Expectation(StrEnum):
    """The expected answer to a token: accepted, refused or either."""

    HONOUR = "honoured"
    REFUSE = "refused"
    EITHER = "either"


class Span(NamedTuple):
    """The two moments between which something happened, in seconds of the platform's clock."""

    early: float
    late: float

    def hull(self, other: Span) -> Span:
        return Span(min(self.early, other.early), max(self.late, other.late))


def may_have_expired(issued: Span, used: Span) -> bool:
    """Whether the 20 seconds of an authorization code may be over at its use."""
    return used.late >= issued.early + CODE_LIFETIME


@dataclass(kw_only=True)
class SigningKey:
    """A key that signs tokens, or that signed them before."""

    kid: str
    seeded: bool = False
    """Whether it is the key of the certs folder, which a reset restores."""
    retired: bool = False


@dataclass(kw_only=True)
class Session:
    """A session, which begins with the log-in of a user."""

    user: str
    until: Span
    token: str = field(default="", repr=False)
    """The value for ``sessionToken``, if the log-in page returned one."""
    consents: list[Consent] = field(default_factory=list, repr=False)
    """The consents that end with this session."""
    ended: bool | None = False
    """Whether the session was ended; None if that is not known."""


@dataclass(kw_only=True)
class Consent:
    """The consent that a family of tokens depends on. A client_credentials token has its own."""

    born: Span
    session: Session | None = None
    refresh_token: str | None = field(default=None, repr=False)
    used_refresh_token: str | None = field(default=None, repr=False)
    ended: bool | None = False
    """None if it is not known, because an answer was lost."""

    def may_have_ended(self) -> None:
        if not self.ended:
            self.ended = None


@dataclass(kw_only=True)
class Token:
    """An access token that the server issued."""

    text: str = field(repr=False)
    consent: Consent
    key: SigningKey
    born: Span
    used: Span


@dataclass(kw_only=True)
class Assertion:
    """A SAML assertion, which can be exchanged for tokens once."""

    text: str = field(repr=False)
    user: str
    starts: float
    ends: float
    trusted: bool = True
    """Whether the registered key signed the assertion."""
    used: bool | None = False
    """None if it is not known, because an answer was lost."""


class Oracle:
    """The oracle of a run. Call :meth:`reset` when the platform is reset."""

    def __init__(self, key: SigningKey, *, idle_tolerance: float = 0) -> None:
        """``idle_tolerance`` are the seconds that a token may stay unused beyond the limit."""
        self._seeded_key = key
        self._idle_tolerance = idle_tolerance
        self._sessions: list[Session] = []
        self._latest = 0.0
        self.key = key
        self.retirable: list[SigningKey] = []

    def reset(self) -> None:
        self._sessions, self._latest = [], 0.0
        self._seeded_key.retired = False
        self.key, self.retirable = self._seeded_key, []

    def survivors(self, tokens: Iterable[Token]) -> list[Token]:
        """The tokens that are still valid after a reset.

        A reset forgets uses and log-ins. The server does not store tokens: signature, dates and
        family are in the token itself, so they stay valid.
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
        """The server issued tokens for a session, so the session was alive."""
        session.ended = False
        session.until = Span(span.early + SESSION, span.late + SESSION)
        consent = Consent(born=span, session=session, refresh_token=refresh_token)
        session.consents.append(consent)
        return consent

    def mint(self, text: str, consent: Consent, span: Span) -> Token:
        """A new token. Its dates are whole seconds, rounded down."""
        born = Span(math.floor(span.early), math.floor(span.late))
        return Token(text=text, consent=consent, key=self.key, born=born, used=born)

    def refreshed(self, consent: Consent, refresh_token: str | None, span: Span) -> None:
        consent.used_refresh_token = consent.refresh_token
        consent.refresh_token = refresh_token
        if consent.session is not None:
            self.prolonged(consent.session, span)

    def prolonged(self, session: Session, span: Span, *, surely: bool = True) -> None:
        """A session was used to get a token. ``surely`` is False if no answer came."""
        longer = Span(span.early + SESSION, span.late + SESSION)
        if surely and self._lives(session, span):
            session.until = longer
        elif span.early < session.until.late:
            session.until = session.until.hull(longer)

    def used(self, token: Token, span: Span, *, surely: bool = True) -> None:
        """A token was used. ``surely`` is False if no answer came."""
        token.used = span if surely else token.used.hull(span)

    def clock_moved(self, now: float) -> None:
        self._latest = max(self._latest, now)

    def user_sessions_ended(self, user: str, span: Span) -> None:
        """A log-in with ``endOtherSessions``: it ends all live sessions and their consents.

        A session that has already expired does not end its consents.
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

    def judge(self, token: Token, span: Span) -> Expectation:
        """The expected answer to a call with an access token."""
        if token.consent.ended or token.key.retired:
            return Expectation.REFUSE
        used = token.used
        if self._is_past(Span(token.born.early + LIFETIME, token.born.late + LIFETIME)):
            used = used.hull(token.born)  # the server may forget a use after the end of the token
        longest_idle = IDLE_LIMIT + self._idle_tolerance
        if span.early >= token.born.late + LIFETIME or span.early - used.late >= longest_idle:
            return Expectation.REFUSE
        lives = span.late < token.born.early + LIFETIME and span.late - used.early < IDLE_LIMIT
        return Expectation.HONOUR if lives and token.consent.ended is False else Expectation.EITHER

    def judge_refresh(self, consent: Consent, span: Span) -> Expectation:
        """The expected answer to a refresh with the newest refresh token."""
        if consent.ended or span.early >= consent.born.late + REFRESH_LIFETIME:
            return Expectation.REFUSE
        end = consent.born.early + REFRESH_LIFETIME
        lives = span.late < math.floor(end) and self._latest < math.floor(end)
        return Expectation.HONOUR if lives and consent.ended is False else Expectation.EITHER

    def judge_session(self, session: Session, span: Span) -> Expectation:
        """The expected answer to a token request with a ``sessionToken``."""
        if session.ended or span.early >= session.until.late:
            return Expectation.REFUSE
        lives = self._lives(session, span) and session.ended is False
        return Expectation.HONOUR if lives else Expectation.EITHER

    def judge_assertion(self, assertion: Assertion, span: Span) -> Expectation:
        """The expected answer to a token request with a SAML assertion."""
        is_over = span.early >= assertion.ends or span.late < assertion.starts
        if not assertion.trusted or is_over:
            return Expectation.REFUSE
        if assertion.used and not self._is_past(Span(assertion.ends, assertion.ends)):
            return Expectation.REFUSE  # the server may forget the use after its end
        is_good = assertion.starts <= span.early and span.late < assertion.ends
        return Expectation.HONOUR if is_good and assertion.used is False else Expectation.EITHER

    def _lives(self, session: Session, span: Span) -> bool:
        """Whether a session has not expired."""
        return span.late < session.until.early and not self._is_past(session.until)

    def _is_past(self, end: Span) -> bool:
        """Whether the clock has ever reached this moment, even if it was set back since."""
        return self._latest >= end.early
