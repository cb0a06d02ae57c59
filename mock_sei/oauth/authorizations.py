"""What a user allowed an application: the family of all tokens that follow from one consent.

An access token names its family; a refresh token is found here, since it is used once. The whole
family dies together: by revocation, by a code or refresh token used twice (RFC 6749 section 4.1.2,
RFC 9700 section 4.14.2), by the end of its session.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from mock_sei.clock import Clock
from mock_sei.oauth.sweeping import Sweeping
from mock_sei.randomness import new_secret

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


class Authorizations:
    """The families of a platform state."""

    def __init__(self, *, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._families: dict[str, Authorization] = {}
        self._by_refresh_token: dict[str, str] = {}
        self._sweeping = Sweeping()

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
        if self._sweeping.is_due():
            self._drop_expired()
        lifetime = REFRESH_LIFETIME if refreshable else _WITHOUT_REFRESH
        authorization = Authorization(
            family=family,
            app_key=app_key,
            user=user,
            scope=scope,
            redirect_address=redirect_address,
            session=session,
            expires_at=int(self._clock.timestamp() + lifetime.total_seconds()),
        )
        self._families[family] = authorization
        if refreshable:
            self.rotate(authorization)
        return authorization

    def rotate(self, authorization: Authorization) -> None:
        """Gives a new refresh token; the old one is still known, so that its reuse is seen."""
        token = new_secret(self._random)
        authorization.refresh_token = token
        self._by_refresh_token[token] = authorization.family

    def find(self, family: str) -> Authorization | None:
        return self._families.get(family)

    def find_by_refresh_token(self, token: str) -> Authorization | None:
        """The family a refresh token belongs to, good, used or expired."""
        family = self._by_refresh_token.get(token)
        return None if family is None else self._families.get(family)

    def has_issued(self, token: str) -> bool:
        """Whether it was a refresh token here, of whatever became of its family."""
        return token in self._by_refresh_token

    def seconds_left(self, authorization: Authorization) -> int:
        """Until its refresh tokens end."""
        return max(0, authorization.expires_at - int(self._clock.timestamp()))

    def is_live(self, authorization: Authorization) -> bool:
        return authorization.expires_at > self._clock.timestamp()

    def of_sessions(self, sessions: Container[str]) -> list[Authorization]:
        return [each for each in self._families.values() if each.session in sessions]

    def remove(self, family: str) -> None:
        """Forgets a family; its refresh tokens are unknown from now on."""
        self._families.pop(family, None)

    def __len__(self) -> int:
        """Expired ones that were not swept away yet included."""
        return len(self._families)

    def _drop_expired(self) -> None:
        self._families = {key: each for key, each in self._families.items() if self.is_live(each)}
        self._by_refresh_token = {
            token: family
            for token, family in self._by_refresh_token.items()
            if family in self._families
        }
