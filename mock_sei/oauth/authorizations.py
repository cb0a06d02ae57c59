"""What a user allowed an application: the family of all tokens that follow from one consent.

An access token names its family, and so does a refresh token, which is used once. The whole family
dies together: by revocation, by a code or refresh token used twice (RFC 6749 section 4.1.2, RFC
9700 section 4.14.2), by the end of its session.

Nothing is kept of a refresh token. It is a number of its family, its own number within it, and a
signature of both by a key that only this store has: so a used one is recognised, however many came
after it.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from random import Random

from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import Clock
from mock_sei.rules.randomness import SECRET_LENGTH

REFRESH_LIFETIME = timedelta(days=30)
"""Of the family: a new refresh token does not live longer than the first (get-token page)."""

_WITHOUT_REFRESH = timedelta(minutes=60)


@dataclass(kw_only=True)
class Authorization:
    """One consent and what was given for it."""

    family: str
    app_key: str
    user: str
    scope: str
    """Everything that was granted; a refresh may ask for less, and later for all again."""
    redirect_address: str | None
    session: str
    expires_at: int
    """Seconds since the epoch on the platform's clock: the end of its refresh tokens."""
    refresh_token: str | None = field(default=None, repr=False)
    """The one that is good now; None where the grant gives none."""
    refresh_family: bytes = field(default=b"", repr=False)
    """What all its refresh tokens begin with, decoded; empty where the grant gives none."""
    rotations: int = 0
    """How many refresh tokens it was given."""


_FAMILY_BYTES, _NUMBER_BYTES, _SIGNATURE_BYTES = 12, 4, 16
"""What a refresh token is made of: 256 bits in all, 128 of them nobody can guess."""


class Authorizations:
    """The families of a platform state."""

    def __init__(self, *, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._key = random.randbytes(32)
        self._families: dict[str, Authorization] = {}
        self._by_refresh_family: dict[bytes, str] = {}
        self._by_session: dict[str, dict[str, None]] = {}
        """Families, in the order in which they were granted."""
        self._ends = Ends[str]()

    def grant(
        self,
        *,
        family: str,
        app_key: str,
        user: str,
        scope: str,
        redirect_address: str | None,
        session: str,
        refreshable: bool,
    ) -> Authorization:
        for ended in self._ends.take(self._clock.timestamp(), self._end_of):
            self.remove(ended)
        lifetime = REFRESH_LIFETIME if refreshable else _WITHOUT_REFRESH
        authorization = Authorization(
            family=family,
            app_key=app_key,
            user=user,
            scope=scope,
            redirect_address=redirect_address,
            session=session,
            expires_at=int(self._clock.timestamp() + lifetime.total_seconds()),
            refresh_family=self._random.randbytes(_FAMILY_BYTES) if refreshable else b"",
        )
        self._families[family] = authorization
        self._by_session.setdefault(session, {})[family] = None
        self._ends.add(family, authorization.expires_at)
        if refreshable:
            self._by_refresh_family[authorization.refresh_family] = family
            self.rotate(authorization)
        return authorization

    def rotate(self, authorization: Authorization) -> None:
        """Gives a new refresh token; the old one is still known, so that its reuse is seen."""
        number = authorization.rotations.to_bytes(_NUMBER_BYTES)
        authorization.refresh_token = self._signed(authorization.refresh_family + number)
        authorization.rotations += 1

    def find(self, family: str) -> Authorization | None:
        return self._families.get(family)

    def find_by_refresh_token(self, token: str) -> Authorization | None:
        """The family a refresh token belongs to, good, used or expired."""
        if not self.has_issued(token):
            return None
        begin = base64.urlsafe_b64decode(f"{token}=")[:_FAMILY_BYTES]
        family = self._by_refresh_family.get(begin)
        return None if family is None else self._families.get(family)

    def has_issued(self, token: str) -> bool:
        """Whether it was a refresh token here, of whatever became of its family."""
        if len(token) != SECRET_LENGTH or not token.isascii():
            return False
        try:
            content = base64.urlsafe_b64decode(f"{token}=")
        except ValueError:
            return False
        return hmac.compare_digest(self._signed(content[:-_SIGNATURE_BYTES]), token)

    def seconds_left(self, authorization: Authorization) -> int:
        """Until its refresh tokens end."""
        return max(0, authorization.expires_at - int(self._clock.timestamp()))

    def is_live(self, authorization: Authorization) -> bool:
        return authorization.expires_at > self._clock.timestamp()

    def of_sessions(self, sessions: Iterable[str]) -> list[Authorization]:
        return [
            self._families[family]
            for session in sessions
            for family in self._by_session.get(session, ())
        ]

    def remove(self, family: str) -> None:
        """Forgets a family; its refresh tokens are unknown from now on."""
        removed = self._families.pop(family, None)
        if removed is None:
            return
        self._ends.discard(family)
        self._by_refresh_family.pop(removed.refresh_family, None)
        of_session = self._by_session[removed.session]
        del of_session[family]
        if not of_session:
            del self._by_session[removed.session]

    def __len__(self) -> int:
        """Expired ones that were not swept away yet included."""
        return len(self._families)

    def _end_of(self, family: str) -> float | None:
        found = self._families.get(family)
        return None if found is None else found.expires_at

    def _signed(self, content: bytes) -> str:
        signature = hmac.digest(self._key, content, sha256)[:_SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(content + signature).decode().rstrip("=")
