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


NEVER = Span(0, 0)


@dataclass(kw_only=True)
class SigningKey:
    """A key that signs or signed tokens."""

    kid: str
    seeded: bool = False
    """Whether it is the one of the certs folder, which a reset brings back."""
    retired: bool = False


@dataclass(kw_only=True)
class Consent:
    """What all tokens of one log-in stand on; a client_credentials token has one of its own."""

    born: Span
    user: str | None = None
    session_until: Span = NEVER
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


class Oracle:
    """One for a run; :meth:`reset` when the platform is."""

    def __init__(self, key: SigningKey) -> None:
        self._seeded_key = key
        self._consents: list[Consent] = []
        self._latest = 0.0
        self.key = key
        self.retirable: list[SigningKey] = []

    def reset(self) -> None:
        self._consents, self._latest = [], 0.0
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

    def log_in(self, user: str | None, span: Span, *, refresh_token: str | None = None) -> Consent:
        consent = Consent(born=span, user=user, refresh_token=refresh_token)
        if user is not None:
            consent.session_until = Span(span.early + SESSION, span.late + SESSION)
            self._consents.append(consent)
        return consent

    def mint(self, text: str, consent: Consent, span: Span) -> Token:
        """A token carries whole seconds, rounded down."""
        born = Span(math.floor(span.early), math.floor(span.late))
        return Token(text=text, consent=consent, key=self.key, born=born, used=born)

    def refreshed(self, consent: Consent, refresh_token: str | None, span: Span) -> None:
        consent.used_refresh_token = consent.refresh_token
        consent.refresh_token = refresh_token
        longer = Span(span.early + SESSION, span.late + SESSION)
        if not self._is_past(consent.session_until):
            consent.session_until = longer
        elif span.early < consent.session_until.late:  # it may or may not have lived still
            consent.session_until = consent.session_until.hull(longer)

    def used(self, token: Token, span: Span, *, surely: bool = True) -> None:
        """``surely`` is False where no answer came."""
        token.used = span if surely else token.used.hull(span)

    def clock_moved(self, now: float) -> None:
        self._latest = max(self._latest, now)

    def user_sessions_ended(self, user: str, span: Span) -> None:
        """A log-in with ``endOtherSessions``: every live session goes, with all that stands on it.

        A session that has ended by its time takes nothing with it.
        """
        for each in self._consents:
            if each.user != user or each.ended:
                continue
            if self._is_past(each.session_until):
                each.may_have_ended()
            elif span.late < each.session_until.early:
                each.ended = True
            else:
                each.may_have_ended()

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

    def _is_past(self, end: Span) -> bool:
        """Whether the clock ever stood there or later, even if it was set back since."""
        return self._latest >= end.early
