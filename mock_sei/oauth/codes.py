"""Authorization codes: 20 seconds, one use (authorize steps; RFC 6749 section 4.1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from mock_sei.oauth.proof_key import Challenge
from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import Clock
from mock_sei.rules.randomness import new_secret

LIFETIME = timedelta(seconds=20)

_KEPT = timedelta(minutes=60)
"""A used or expired code is known this long, so that the reason can be told and reuse be seen."""


@dataclass(kw_only=True)
class Code:
    """What a code stands for."""

    app_key: str
    user: str
    scope: str
    redirect_address: str
    redirect_sent: bool
    """The authorization request named its redirect address, so the token request must too."""
    challenge: Challenge | None = field(repr=False)
    session: str = field(repr=False)
    issued_at: float
    family: str | None = None
    """Set at its first use: the tokens that a second use ends."""
    burnt: bool = False
    """Spoilt by a wrong verifier, or used."""


class Codes:
    """The codes of a platform state."""

    def __init__(self, *, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._codes: dict[str, Code] = {}
        self._ends = Ends[str]()

    def issue(
        self,
        *,
        app_key: str,
        user: str,
        scope: str,
        redirect_address: str,
        redirect_sent: bool,
        challenge: Challenge | None,
        session: str,
    ) -> str:
        for ended in self._ends.take(self._clock.timestamp(), self._end_of):
            del self._codes[ended]
        text = new_secret(self._random)
        self._codes[text] = code = Code(
            app_key=app_key,
            user=user,
            scope=scope,
            redirect_address=redirect_address,
            redirect_sent=redirect_sent,
            challenge=challenge,
            session=session,
            issued_at=self._clock.timestamp(),
        )
        self._ends.add(text, code.issued_at + _KEPT.total_seconds())
        return text

    def find(self, text: str) -> Code | None:
        """The code, good or not."""
        code = self._codes.get(text)
        return code if code is not None and self._is_kept(code) else None

    def age(self, code: Code) -> float:
        """Seconds since it was issued."""
        return self._clock.timestamp() - code.issued_at

    def __len__(self) -> int:
        """Old ones that were not swept away yet included."""
        return len(self._codes)

    def _end_of(self, text: str) -> float | None:
        code = self._codes.get(text)
        return None if code is None else code.issued_at + _KEPT.total_seconds()

    def _is_kept(self, code: Code) -> bool:
        return self.age(code) < _KEPT.total_seconds()
