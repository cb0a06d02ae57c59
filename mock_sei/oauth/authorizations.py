"""Authorizations: what a user allowed an application, and the tokens that follow from it.

All tokens of one consent are a family. Each access token and each refresh token names its family. A
refresh token can be used once. The whole family ends together: when one of its tokens is revoked,
when a code or a refresh token is used twice (RFC 6749 section 4.1.2, RFC 9700 section 4.14.2), and
when its session ends.

Refresh tokens are not stored. A refresh token consists of its family's number, its own number in
the family, and a signature of both, made with a key that only this store has. So a used refresh
token is recognised, even if many newer ones were issued.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from random import Random

from mock_sei.assumptions.groups import RefreshTokenRules
from mock_sei.oauth.sweeping import Ends
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.randomness import SECRET_LENGTH
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import codec_of

USUAL_RULES = RefreshTokenRules()
"""The refresh tokens of a family live for 30 days. A new one ends when the first would have ended
(get-token page)."""

_WITHOUT_REFRESH = timedelta(minutes=60)
"""How long a consent without refresh tokens is kept, at least."""


@dataclass(kw_only=True)
class Authorization:
    """One consent of a user, and the state of the tokens that were issued for it."""

    family: str
    app_key: str
    user: str
    scope: str
    """The scope that was granted. A refresh may ask for a part of it, and later for all again."""
    redirect_address: str | None
    session: str
    expires_at: int
    """The end of its refresh tokens, in seconds since the epoch on the platform's clock."""
    refresh_token: str | None = field(default=None, repr=False)
    """The refresh token that is valid now; None if the grant gives no refresh tokens."""
    refresh_family: str = field(default="", repr=False)
    """The first characters of all its refresh tokens; empty if the grant gives none."""
    rotations: int = 0
    """The number of refresh tokens that were issued for it."""


_FAMILY_BYTES, _NUMBER_BYTES, _SIGNATURE_BYTES = 12, 4, 16
"""The parts of a refresh token: 256 bits in all, 128 of which nobody can guess."""
_FAMILY_LENGTH = 16
"""The number of characters that the first part has in Base64."""


class Authorizations:
    """The authorizations of one platform state, by family."""

    def __init__(
        self,
        *,
        clock: PlatformClock,
        random: Random,
        rules: RefreshTokenRules = USUAL_RULES,
        token_lifetime: timedelta = _WITHOUT_REFRESH,
        stored: Stored | None = None,
    ) -> None:
        """``token_lifetime`` is that of access tokens."""
        self.rules = rules
        self._without_refresh = max(_WITHOUT_REFRESH, token_lifetime)
        stored = Stored() if stored is None else stored
        self._clock = clock
        self._random = random
        self._key = stored.secret("refresh tokens", lambda: random.randbytes(32))
        self._by_refresh_family: dict[str, str] = {}
        self._by_session: dict[str, dict[str, None]] = {}
        """The families of each session, in the order in which they were granted."""
        self._by_application: dict[str, dict[str, None]] = {}
        """The families of each AppKey, in the order in which they were granted."""
        self._ends = Ends[str]()
        self._families = Table(
            stored, "oauth/authorizations", codec_of(Authorization), changed=self._changed
        )

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
        """Stores a new consent and issues its first refresh token, if the grant gives one."""
        lifetime = self.rules.lifetime if refreshable else self._without_refresh
        authorization = Authorization(
            family=family,
            app_key=app_key,
            user=user,
            scope=scope,
            redirect_address=redirect_address,
            session=session,
            expires_at=int(self._clock.timestamp() + lifetime.total_seconds()),
            refresh_family=_encoded(self._random.randbytes(_FAMILY_BYTES)) if refreshable else "",
        )
        self._families[family] = authorization
        if refreshable:
            self.rotate(authorization)
        for ended in self._ends.take(self._clock.timestamp(), self._end_of):
            del self._families[ended]
        return authorization

    def rotate(self, authorization: Authorization) -> None:
        """Issues a new refresh token. The old one is still recognised, to detect its reuse."""
        self._families.changing(authorization.family)
        number = authorization.rotations.to_bytes(_NUMBER_BYTES)
        begin = base64.urlsafe_b64decode(authorization.refresh_family)
        authorization.refresh_token = self._signed(begin + number)
        authorization.rotations += 1

    def find(self, family: str) -> Authorization | None:
        """The authorization of a family, None if there is none."""
        return self._families.get(family)

    def find_by_refresh_token(self, token: str) -> Authorization | None:
        """The authorization that a refresh token belongs to, also if it is used or expired."""
        if not self.has_issued(token):
            return None
        family = self._by_refresh_family.get(token[:_FAMILY_LENGTH])
        return None if family is None else self._families.get(family)

    def has_issued(self, token: str) -> bool:
        """True if this store issued the refresh token, even if its family no longer exists."""
        if len(token) != SECRET_LENGTH or not token.isascii():
            return False
        try:
            content = base64.urlsafe_b64decode(f"{token}=")
        except ValueError:
            return False
        return hmac.compare_digest(self._signed(content[:-_SIGNATURE_BYTES]), token)

    def seconds_left(self, authorization: Authorization) -> int:
        """Whole seconds until the refresh tokens of an authorization end, 0 if they have ended."""
        return max(0, authorization.expires_at - int(self._clock.timestamp()))

    def is_live(self, authorization: Authorization) -> bool:
        """True if the refresh tokens of an authorization have not ended."""
        return authorization.expires_at > self._clock.timestamp()

    def of_sessions(self, sessions: Iterable[str]) -> list[Authorization]:
        """All authorizations that were granted in these sessions, given by identifier."""
        found = [
            self._families.get(family)
            for session in sessions
            for family in list(self._by_session.get(session, ()))
        ]
        return [each for each in found if each is not None]

    def count_of(self, app_key: str) -> int:
        """The number of stored authorizations of an application."""
        return len(self._by_application.get(app_key, ()))

    def newest_of(self, app_key: str, count: int) -> list[Authorization]:
        """The newest authorizations of an application, so many at most, the newest first."""
        families = islice(reversed(self._by_application.get(app_key, {})), count)
        found = [self._families.get(each) for each in list(families)]
        return [each for each in found if each is not None]

    def remove(self, family: str) -> None:
        """Forgets a family. Its refresh tokens are then unknown."""
        self._families.pop(family)

    def __len__(self) -> int:
        """The number of stored authorizations, with expired ones that are not yet deleted."""
        return len(self._families)

    def _changed(
        self, family: str, before: Authorization | None, after: Authorization | None
    ) -> None:
        if before is None and after is not None:
            self._by_session.setdefault(after.session, {})[family] = None
            self._by_application.setdefault(after.app_key, {})[family] = None
            self._ends.add(family, after.expires_at)
            if after.refresh_family:
                self._by_refresh_family[after.refresh_family] = family
        elif before is not None and after is None:
            self._ends.discard(family)
            self._by_refresh_family.pop(before.refresh_family, None)
            _take_out(self._by_session, before.session, family)
            _take_out(self._by_application, before.app_key, family)

    def _end_of(self, family: str) -> float | None:
        found = self._families.get(family)
        return None if found is None else found.expires_at

    def _signed(self, content: bytes) -> str:
        signature = hmac.digest(self._key, content, sha256)[:_SIGNATURE_BYTES]
        return _encoded(content + signature)


def _take_out(index: dict[str, dict[str, None]], key: str, family: str) -> None:
    families = index[key]
    del families[family]
    if not families:
        del index[key]


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
