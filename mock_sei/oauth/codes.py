"""Authorization codes: 20 seconds, one use (authorize steps; RFC 6749 section 4.1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from mock_sei.assumptions.groups import CodeRules
from mock_sei.oauth.proof_key import Challenge
from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.randomness import new_secret
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import codec_of

_KEPT = timedelta(minutes=60)
"""A code is kept for so long after its end, to detect its reuse and to explain the refusal."""
USUAL_RULES = CodeRules()


@dataclass(kw_only=True)
class Code:
    """An authorization code, and the consent that it was issued for."""

    text: str = field(repr=False)
    """The code itself."""
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

    def __init__(
        self,
        *,
        clock: PlatformClock,
        random: Random,
        rules: CodeRules = USUAL_RULES,
        stored: Stored | None = None,
    ) -> None:
        self.lifetime = int(rules.lifetime.total_seconds())
        """Seconds in which a code can be used."""
        self._kept = self.lifetime + _KEPT.total_seconds()
        self._clock = clock
        self._random = random
        self._ends = Ends[str]()
        self._codes = Table(
            Stored() if stored is None else stored,
            "oauth/codes",
            codec_of(Code),
            changed=self._changed,
        )

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
        text, now = new_secret(self._random), self._clock.timestamp()
        self._codes[text] = Code(
            text=text,
            app_key=app_key,
            user=user,
            scope=scope,
            redirect_address=redirect_address,
            redirect_sent=redirect_sent,
            challenge=challenge,
            session=session,
            issued_at=now,
        )
        for ended in self._ends.take(now, self._end_of):
            del self._codes[ended]
        return text

    def burn(self, code: Code, *, family: str | None = None) -> None:
        """Lets a code give no tokens any more. ``family`` is that of the tokens which it gave."""
        self._codes.changing(code.text)
        code.family = family  # first: another thread never sees a used code without its family
        code.burnt = True

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

    def _changed(self, text: str, before: Code | None, after: Code | None) -> None:
        if after is None:
            self._ends.discard(text)
        elif before is None:
            self._ends.add(text, after.issued_at + self._kept)

    def _end_of(self, text: str) -> float | None:
        code = self._codes.get(text)
        return None if code is None else code.issued_at + self._kept

    def _is_kept(self, code: Code) -> bool:
        return self.age(code) < self._kept
