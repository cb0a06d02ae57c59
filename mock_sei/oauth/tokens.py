"""Access tokens: JWTs signed with python-jose, opaque to the client.

The server remembers no token. It keeps from a token's first use the time of its last one, until the
token would have expired, and a revoked family longer, since the clock may be set back. Times inside
a token are whole seconds of the platform's clock; 60 minutes in all, 30 idle (token page).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

from jose import jwk, jws
from jose.exceptions import JOSEError

from mock_sei.access import AccessToken
from mock_sei.clock import Clock
from mock_sei.errors import TOKEN_EXPIRED, TOKEN_INVALID, Refusal
from mock_sei.oauth.sweeping import Sweeping

ALGORITHM = "ES256"
LIFETIME = timedelta(minutes=60)
IDLE_LIMIT = timedelta(minutes=30)
CHECK = "access token"

_LIFETIME_SECONDS = int(LIFETIME.total_seconds())
_IDLE_SECONDS = int(IDLE_LIMIT.total_seconds())
_ENDED_KEPT = 10_000
"""Revoked families past their end that are kept all the same, the newest: set back to before that
end, the clock would bring their tokens to life."""


_lifetime: ContextVar[int] = ContextVar("token_lifetime", default=_LIFETIME_SECONDS)
"""Seconds of the tokens that the request at hand mints; requests run side by side."""


@contextmanager
def lifetime_of(seconds: int | None) -> Iterator[None]:
    """Tokens minted within live so long, whatever the answer says; None is as usual."""
    before = _lifetime.set(_LIFETIME_SECONDS if seconds is None else seconds)
    try:
        yield
    finally:
        _lifetime.reset(before)


class SigningKey:
    """The key that signs tokens, made ready once: parsing it costs more than a hundred tokens."""

    def __init__(self, pem: bytes) -> None:
        """Raises ``ValueError`` where it is no P-256 private key."""
        try:
            self.private = jwk.construct(pem.decode(), ALGORITHM)
            self.public = self.private.public_key()
            coordinates = {name: self.public.to_dict()[name] for name in ("kty", "crv", "x", "y")}
        except (JOSEError, KeyError, ValueError) as error:
            raise ValueError(f"not a P-256 key: {error}") from None
        self.public_jwk: Mapping[str, str] = coordinates
        self.kid = _thumbprint(coordinates)
        self.header = {"kid": self.kid}


class KeyRing:
    """The keys whose tokens are accepted; the first of them signs."""

    def __init__(self, key: SigningKey) -> None:
        self._keys = [key]

    @property
    def signing(self) -> SigningKey:
        return self._keys[0]

    @property
    def all(self) -> list[SigningKey]:
        return list(self._keys)

    def find(self, kid: object) -> SigningKey | None:
        return next((key for key in self._keys if key.kid == kid), None)

    def rotate(self, key: SigningKey) -> None:
        """A new key signs; tokens of the old ones are accepted until those are retired."""
        self._keys = [key, *self._keys]

    def retire(self, kid: str) -> None:
        """Raises ``ValueError`` for the signing key or an unknown one."""
        if self.find(kid) is None:
            known = ", ".join(key.kid for key in self._keys)
            raise ValueError(f"no signing key {kid[:40]!r}; there are {known}")
        if kid == self.signing.kid:
            raise ValueError(f"{kid} signs; rotate first, then retire it")
        self._keys = [key for key in self._keys if key.kid != kid]


def _thumbprint(public_jwk: Mapping[str, str]) -> str:
    """RFC 7638, shortened to 16 characters: enough to tell two keys apart in a journal."""
    canonical = json.dumps(dict(sorted(public_jwk.items())), separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:16]


class _Seen(NamedTuple):
    """A token whose signature was checked, and the key that made it."""

    key: SigningKey
    token: AccessToken


_MOST_SEEN = 256
"""Such tokens that are kept: clients call again and again with the same one."""


class _Use(NamedTuple):
    last: float
    expires_at: int


class Tokens:
    """Mints tokens and judges them. One for the life of a platform state."""

    def __init__(self, *, keys: KeyRing, clock: Clock, random: Random) -> None:
        self._keys = keys
        self._clock = clock
        # No secrets: a token is known by its signature. The system's would cost a call of it each.
        self._identifiers = Random(random.getrandbits(128))  # noqa: S311
        self._seen: dict[str, _Seen] = {}
        self._uses: dict[str, _Use] = {}
        self._revoked: dict[str, int] = {}
        self._sweeping = Sweeping()

    def mint(
        self,
        *,
        issuer: str,
        app_key: str,
        service_account: str | None,
        user: str | None,
        scope: str,
        family: str | None = None,
    ) -> str:
        """A new token; two minted in one second differ by their ``jti``."""
        identifier = self.new_identifier()
        now = int(self._clock.timestamp())
        claims: dict[str, Any] = {
            "iss": issuer,
            "sub": user or service_account or app_key,
            "client_id": app_key,
            "scope": scope,
            "iat": now,
            "exp": now + _lifetime.get(),
            "jti": identifier,
            "fam": family or identifier,
        }
        if service_account is not None:
            claims["svc"] = service_account
        if user is not None:
            claims["usr"] = user
        key = self._keys.signing
        return str(jws.sign(claims, key.private, key.header, ALGORITHM))

    def new_identifier(self) -> str:
        """128 bits, hexadecimal."""
        return f"{self._identifiers.getrandbits(128):032x}"

    def read(self, text: str) -> AccessToken:
        """What a token of ours says, live or not. Raises :class:`Refusal` for any other text."""
        seen = self._seen.get(text)
        if seen is not None and self._keys.find(seen.key.kid) is seen.key:
            return seen.token
        key, token = self._verified(text)
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[text] = _Seen(key, token)
        return token

    def _verified(self, text: str) -> tuple[SigningKey, AccessToken]:
        header = _unverified_header(text)
        if header.get("alg") != ALGORITHM:
            raise _invalid(
                "The token is not signed with this platform's algorithm.",
                expected=ALGORITHM,
                actual=str(header.get("alg"))[:20],
            )
        key = self._keys.find(header.get("kid"))
        if key is None:
            raise _invalid(
                "The token was signed with a key this server does not know: it comes from another "
                "server, or from one with another certs folder.",
                expected=self._keys.signing.kid,
                actual=str(header.get("kid"))[:40],
            )
        try:
            claims = json.loads(jws.verify(text, key.public, [ALGORITHM]))
        except JOSEError:
            raise _invalid(
                "The token's signature does not fit its content: changed or cut short."
            ) from None
        return key, AccessToken(
            identifier=claims["jti"],
            family=claims["fam"],
            app_key=claims["client_id"],
            service_account=claims.get("svc"),
            user=claims.get("usr"),
            scope=claims["scope"],
            issued_at=claims["iat"],
            expires_at=claims["exp"],
        )

    def require_live(self, token: AccessToken) -> None:
        """Refuses a revoked, expired or idle token. Does not count as a use."""
        if token.family in self._revoked:
            raise _invalid("The token was revoked; get a new one.")
        now = self._clock.timestamp()
        if now >= token.expires_at:
            raise _expired(
                f"The token is older than {_LIFETIME_SECONDS // 60} minutes; get a new one.",
                expected=f"at most {_LIFETIME_SECONDS} s old",
                actual=f"{int(now - token.issued_at)} s",
            )
        use = self._uses.get(token.identifier)
        idle = now - (use.last if use else token.issued_at)
        if idle >= _IDLE_SECONDS:
            raise _expired(
                f"The token was not used for {_IDLE_SECONDS // 60} minutes; get a new one.",
                expected=f"idle less than {_IDLE_SECONDS} s",
                actual=f"{int(idle)} s",
            )

    def record_use(self, token: AccessToken) -> None:
        """Starts the idle limit again."""
        if token.identifier not in self._uses:
            self._make_room()
        self._uses[token.identifier] = _Use(self._clock.timestamp(), token.expires_at)

    def revoke_family(self, family: str) -> None:
        """Ends every token of a family, for longer than the last of them lives."""
        self._make_room()
        self._revoked[family] = int(self._clock.timestamp()) + _LIFETIME_SECONDS

    @property
    def remembered(self) -> int:
        """How many tokens something is kept about."""
        return len(self._uses) + len(self._revoked)

    @property
    def kept(self) -> int:
        """How many tokens are known to be signed by us without another look."""
        return len(self._seen)

    def _make_room(self) -> None:
        if not self._sweeping.is_due():
            return
        now = self._clock.timestamp()
        self._uses = {key: use for key, use in self._uses.items() if use.expires_at > now}
        ended = [key for key, end in self._revoked.items() if end <= now]
        for key in ended[:-_ENDED_KEPT]:
            del self._revoked[key]


def _unverified_header(text: str) -> dict[str, Any]:
    """The JOSE header, read before anything is believed."""
    encoded, dot, rest = text.partition(".")
    if not dot or rest.count(".") != 1:
        raise _invalid(
            "The token is not one of this platform: it has not the three parts of a JWT."
        )
    try:
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise _invalid("The token's first part cannot be decoded.")
    return header


def _invalid(because: str, *, expected: str | None = None, actual: str | None = None) -> Refusal:
    return Refusal(TOKEN_INVALID, check=CHECK, because=because, expected=expected, actual=actual)


def _expired(because: str, *, expected: str, actual: str) -> Refusal:
    return Refusal(TOKEN_EXPIRED, check=CHECK, because=because, expected=expected, actual=actual)
