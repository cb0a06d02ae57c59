"""Authorization codes: 20 seconds, one use (authorize steps; RFC 6749 section 4.1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from mock_sei.oauth.proof_key import Challenge
from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.randomness import new_secret

LIFETIME = timedelta(seconds=20)

_KEPT = timedelta(minutes=60)
"""A used or expired code is kept for so long, to detect its reuse and to explain the refusal."""


@dataclass(kw_only=True)
class Code:
    """An authorization code's content: the consent that it was issued for."""

    app_key: str
    user: str
    scope: str
    redirect_address: str
    redirect_sent: bool
    """True if the authorization request named its redirect address: the token request then must,
    too."""
    challenge: Challenge | None = field(repr=False)
    session: str = field(repr=False)
    issued_at: float
    family: str | None = None
    """The family of the tokens that its first use gave. A second use ends these tokens."""
    burnt: bool = False
    """True if it was used, or if a wrong verifier was sent with it: it gives no tokens any more."""


class Codes:
    """The authorization codes of one platform state."""

    def __init__(self, *, clock: PlatformClock, random: Random) -> None:
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
        """Stores the consent and returns a new code for it."""
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
        """The content of a code, also of a used or expired one; None if the code is unknown."""
        code = self._codes.get(text)
        return code if code is not None and self._is_kept(code) else None

    def age(self, code: Code) -> float:
        """Seconds since the code was issued, on the platform's clock."""
        return self._clock.timestamp() - code.issued_at

    def __len__(self) -> int:
        """The number of stored codes, with old ones that are not yet deleted."""
        return len(self._codes)

    def _end_of(self, text: str) -> float | None:
        code = self._codes.get(text)
        return None if code is None else code.issued_at + _KEPT.total_seconds()

    def _is_kept(self, code: Code) -> bool:
        return self.age(code) < _KEPT.total_seconds()
