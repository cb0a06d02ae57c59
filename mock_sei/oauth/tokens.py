"""Access tokens: JWTs signed with python-jose. Clients need not know their content.

The server stores no tokens. Of a token that was used it keeps the time of the last use, until the
token expires. It keeps a revoked family longer, since the clock may be set back. Times in a token
are whole seconds of the platform's clock. A token lives 60 minutes, and 30 minutes after its last
use (token page).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, NamedTuple

from jose import jws
from jose.backends import ECKey
from jose.exceptions import JOSEError

from mock_sei.assumptions.groups import TokenRules
from mock_sei.errors import TOKEN_EXPIRED, TOKEN_INVALID, Check, Rejected
from mock_sei.oauth.sweeping import Ends
from mock_sei.rules import checks
from mock_sei.rules.caller_checks import AccessToken
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import Codec
from mock_sei.values.texts import is_text, sendable, spelled

ALGORITHM = "ES256"
CHECK = checks.ACCESS_TOKEN
_invalid = Check(name=CHECK, kind=TOKEN_INVALID).refusal
_expired = Check(name=CHECK, kind=TOKEN_EXPIRED).refusal

_ENDED_KEPT = 10_000
"""The newest revoked families are kept after their end, so many at most. If the clock is set back
to before that end, their tokens must not become valid again."""


_lifetime: ContextVar[int | None] = ContextVar("token_lifetime", default=None)
"""The lifetime in seconds of tokens that this request issues, if a fault changed it. Requests run
at the same time."""


def lifetime_of_request() -> int | None:
    """The lifetime in seconds of tokens that this request issues, if a fault changed it."""
    return _lifetime.get()


@contextmanager
def lifetime_of(seconds: int | None) -> Iterator[None]:
    """Inside this context, :func:`lifetime_of_request` is ``seconds``.

    A fault with ``token_lifetime`` uses it around a request.
    """
    before = _lifetime.set(seconds)
    try:
        yield
    finally:
        _lifetime.reset(before)


_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order ``n`` of the curve P-256 (SEC 2 section 2.4.2)."""
_HALF = 32
"""The size in bytes of each of a signature's two numbers, ``r`` and ``s``."""


class _OneSignature(ECKey):  # type: ignore[misc]  # python-jose has no types
    """An ECDSA key that accepts only one of the two forms of a signature.

    From a signature ``(r, s)`` anybody can make ``(r, n - s)``, which is valid, too. This key makes
    the smaller ``s``, and refuses the larger one.
    """

    def sign(self, msg: bytes) -> bytes:
        signature: bytes = super().sign(msg)
        number = int.from_bytes(signature[_HALF:])
        smaller = min(number, _P256_ORDER - number)
        return signature[:_HALF] + smaller.to_bytes(_HALF)

    def verify(self, msg: bytes, sig: bytes) -> bool:
        is_smaller = 2 * int.from_bytes(sig[_HALF:]) < _P256_ORDER
        return is_smaller and bool(super().verify(msg, sig))


Format = Literal["jwt", "opaque"]
"""How a token is written: as a JWT, or as the Base64 of a JWT, so that clients see no parts."""
_TYPES: Mapping[Format, str] = {"jwt": "JWT", "opaque": "opaque"}
"""The ``typ`` in the JOSE header of each format: so no token can be written in the other format."""


class SigningKey:
    """A key that signs tokens. It is parsed once: that costs more than to sign a hundred tokens."""

    def __init__(self, pem: bytes) -> None:
        """Raises ``ValueError`` if the PEM text is not a P-256 private key."""
        self.pem = pem
        try:
            self.private = _OneSignature(pem.decode(), ALGORITHM)
            self.public = self.private.public_key()
            public = self.public.to_dict()
            coordinates = {name: public[name] for name in ("kty", "crv", "x", "y")}
        except (JOSEError, KeyError, ValueError) as error:
            raise ValueError(f"not a P-256 key: {error}") from None
        self.public_jwk: Mapping[str, str] = coordinates
        self.kid = _thumbprint(coordinates)
        self.headers = {
            kind: {"alg": ALGORITHM, "kid": self.kid, "typ": name} for kind, name in _TYPES.items()
        }
        """The JOSE header of every token that it signs, by the format of the token."""


MOST_KEYS = 100
"""So many signing keys are kept at most. One more removes the oldest, whose tokens are then
refused."""


_KEYS: Codec[SigningKey] = Codec(
    write=lambda key: json.dumps(key.pem.decode()),
    read=lambda text: SigningKey(json.loads(text).encode()),
)


class KeyRing:
    """The keys whose tokens are accepted. The newest one signs new tokens."""

    def __init__(self, key: SigningKey, stored: Stored | None = None) -> None:
        """``key`` is the oldest one, which every server has from its start."""
        self._signing = key
        self._keys = Table(
            Stored() if stored is None else stored,
            "oauth/signing keys",
            _KEYS,
            changed=self._changed,
            seeds={key.kid: key},
        )
        """The keys by ``kid``, the oldest first."""

    @property
    def signing(self) -> SigningKey:
        """The key that signs new tokens."""
        return self._signing

    @property
    def all(self) -> list[SigningKey]:
        """All keys whose tokens are accepted, the newest first."""
        return list(self._keys.values())[::-1]

    def find(self, kid: object) -> SigningKey | None:
        """The key with this ``kid``, None if there is none."""
        return self._keys.by_key.get(kid) if isinstance(kid, str) else None

    def rotate(self, key: SigningKey) -> None:
        """Adds a key, which signs from now on. Tokens of an old key are accepted until it is
        retired."""
        self._keys[key.kid] = key
        for oldest in list(self._keys)[:-MOST_KEYS]:
            del self._keys[oldest]

    def retire(self, kid: str) -> None:
        """Removes a key. Its tokens are then refused.

        Raises :class:`Rejected` if there is no key with this ``kid``, or if it is the signing key.
        """
        if self.find(kid) is None:
            newest = ", ".join(key.kid for key in self.all[:10])
            raise Rejected({"kid": f"no signing key {spelled(kid[:40])}; the newest are {newest}"})
        if kid == self.signing.kid:
            raise Rejected({"kid": f"{kid} is the signing key; rotate first, then retire it"})
        del self._keys[kid]

    def _changed(self, _kid: str, _before: SigningKey | None, key: SigningKey | None) -> None:
        """The newest key signs; it is never removed."""
        if key is not None:
            self._signing = key


def _thumbprint(public_jwk: Mapping[str, str]) -> str:
    """The first 16 characters of a key's thumbprint (RFC 7638): enough to distinguish keys."""
    canonical = json.dumps(dict(sorted(public_jwk.items())), separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:16]


class _Seen(NamedTuple):
    """A token whose signature was verified, and the key that signed it."""

    key: SigningKey
    token: AccessToken


_MOST_SEEN = 256
"""So many verified tokens are kept, since clients use one token for many calls."""


@dataclass(slots=True)
class _Use:
    last: float
    expires_at: int


_USES: Codec[_Use] = Codec(
    write=lambda use: json.dumps([use.last, use.expires_at]),
    read=lambda text: _Use(*json.loads(text)),
)
_USE_WRITTEN_AFTER = 1
"""Seconds after which a further use of a token is written into a shared state. The idle limit is
so much longer there, so that it refuses no token early."""


USUAL_RULES = TokenRules()
"""The documented lifetimes, and the assumed format."""


class Tokens:
    """Makes and checks the access tokens of one platform state."""

    def __init__(
        self,
        *,
        keys: KeyRing,
        clock: PlatformClock,
        random: Random,
        rules: TokenRules = USUAL_RULES,
        lifetime: Callable[[], int | None],
        stored: Stored | None = None,
    ) -> None:
        """``lifetime`` gives the lifetime of a new token in seconds, if it is not the usual one.
        ``random`` gives other values on each server of a shared state."""
        stored = Stored() if stored is None else stored
        self._is_shared = stored.is_shared
        self.lifetime = int(rules.lifetime.total_seconds())
        """The usual lifetime of a token in seconds."""
        self._idle_seconds = int(rules.idle_limit.total_seconds())
        self._idle_limit = self._idle_seconds + (_USE_WRITTEN_AFTER if stored.is_shared else 0)
        """Seconds from the last known use of a token to its end."""
        self._format: Format = rules.format
        self._keys = keys
        self._clock = clock
        self._lifetime_of_request = lifetime
        # An identifier is not a secret: a token is protected by its signature. This generator
        # needs no system call for each token.
        self._identifiers = Random(random.getrandbits(128))  # noqa: S311
        self._seen: dict[str, _Seen] = {}
        self._past: deque[str] = deque()
        """The revoked families whose last token has ended, the oldest first. Another server may
        have removed some of them."""
        self._use_ends = Ends[str]()
        self._revoked_ends = Ends[str]()
        self._uses = Table(stored, "oauth/token uses", _USES, changed=self._use_changed)
        self._revoked: Table[int] = Table(
            stored, "oauth/revoked families", changed=self._revoked_changed
        )
        """The revoked families, each with the time when its last token ends."""

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
        """A new access token. Its ``jti`` makes it differ from all others.

        ``family`` is the consent that it belongs to; a token without a consent is its own family.
        """
        identifier = self.new_identifier()
        now = int(self._clock.timestamp())
        lifetime = self._lifetime_of_request()
        claims: dict[str, Any] = {
            "iss": issuer,
            "sub": user or service_account or app_key,
            "client_id": app_key,
            "scope": scope,
            "iat": now,
            "exp": now + (self.lifetime if lifetime is None else lifetime),
            "jti": identifier,
            "fam": family or identifier,
        }
        if service_account is not None:
            claims["svc"] = service_account
        if user is not None:
            claims["usr"] = user
        key = self._keys.signing
        text = str(jws.sign(claims, key.private, key.headers[self._format], ALGORITHM))
        return text if self._format == "jwt" else _opaque(text)

    def new_identifier(self) -> str:
        """A new identifier of a token or family: 128 bits in hexadecimal."""
        return f"{self._identifiers.getrandbits(128):032x}"

    def read(self, text: str) -> AccessToken:
        """The content of a token that this server signed, even if it has expired.

        Raises :class:`Refusal` for any other text.
        """
        seen = self._seen.get(text)
        if seen is not None and self._keys.find(seen.key.kid) is seen.key:
            return seen.token
        key, token = self._verified(text)
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[text] = _Seen(key, token)
        return token

    def _verified(self, sent: str) -> tuple[SigningKey, AccessToken]:
        text, kind = _unwrapped(sent)
        header = _unverified_header(text)
        if header.get("alg") != ALGORITHM:
            raise _invalid(
                "The token is not signed with this platform's algorithm.",
                expected=ALGORITHM,
                actual=_shown_member(header, "alg"),
            )
        key = self._keys.find(header.get("kid"))
        if key is None:
            raise _invalid(
                "The token was signed with a key that this server does not know: another server "
                "issued it, or this one with another certs folder.",
                expected=self._keys.signing.kid,
                actual=_shown_member(header, "kid"),
            )
        if header != key.headers[kind]:
            raise _invalid(
                "The token's first part (its header) is not one that this server writes.",
                expected=", ".join(key.headers[kind]),
                actual=sendable(", ".join(header)),
            )
        try:
            content = jws.verify(text, key.public, [ALGORITHM])
        except JOSEError:
            raise _invalid(
                "The token's signature does not fit its content: it was changed or cut short."
            ) from None
        return key, _read_claims(content)

    def require_live(self, token: AccessToken) -> None:
        """Raises :class:`Refusal` if a token is revoked, expired or was not used for too long.

        This does not count as a use.
        """
        if self.is_revoked(token.family):
            raise _invalid("The token was revoked; get a new one.")
        now = self._clock.timestamp()
        if now >= token.expires_at:
            raise _expired(
                f"The token is older than {spelled_time(self.lifetime)}; get a new one.",
                expected=f"at most {self.lifetime} s old",
                actual=f"{int(now - token.issued_at)} s",
            )
        use = self._uses.by_key.get(token.identifier)
        idle_seconds = self._idle_seconds
        since, limit = (use.last, self._idle_limit) if use else (token.issued_at, idle_seconds)
        idle = now - since
        if idle >= limit:
            raise _expired(
                f"The token was not used for {spelled_time(idle_seconds)}; get a new one.",
                expected=f"idle less than {idle_seconds} s",
                actual=f"{int(idle)} s",
            )

    def record_use(self, token: AccessToken) -> None:
        """Notes that a token was used now: the idle limit starts again."""
        now = self._clock.timestamp()
        use = self._uses.by_key.get(token.identifier)
        if use is None:
            self._uses[token.identifier] = _Use(now, token.expires_at)
            for ended in self._use_ends.take(now, self._end_of_use):
                del self._uses[ended]
            return
        if self._is_shared:
            if 0 <= now - use.last < _USE_WRITTEN_AFTER:
                return
            self._uses.changing(token.identifier)
        use.last = now

    def is_revoked(self, family: str) -> bool:
        """True if the tokens of a family are revoked."""
        return family in self._revoked.by_key

    def revoke_family(self, family: str) -> None:
        """Revokes all tokens of a family. It is remembered at least until the last one ends."""
        now = self._clock.timestamp()
        self._revoked[family] = int(now) + self.lifetime
        self._past.extend(self._revoked_ends.take(now, self._revoked.get))
        while len(self._past) > _ENDED_KEPT:
            oldest = self._past.popleft()
            if self._revoked.get(oldest, now) <= now:  # not revoked once more
                self._revoked.pop(oldest)

    @property
    def remembered(self) -> int:
        """The number of used tokens and revoked families that are stored."""
        return len(self._uses) + len(self._revoked)

    @property
    def kept(self) -> int:
        """The number of verified tokens that are kept."""
        return len(self._seen)

    def _use_changed(self, identifier: str, before: _Use | None, after: _Use | None) -> None:
        if after is None:
            self._use_ends.discard(identifier)
        elif before is None:
            self._use_ends.add(identifier, after.expires_at)

    def _revoked_changed(self, family: str, _: int | None, end: int | None) -> None:
        if end is None:
            self._revoked_ends.discard(family)
        else:
            self._revoked_ends.add(family, end)

    def _end_of_use(self, identifier: str) -> float | None:
        use = self._uses.get(identifier)
        return None if use is None else use.expires_at


def spelled_time(seconds: int) -> str:
    """A duration in words: in whole days or minutes, if it has them."""
    if seconds % _DAY == 0:
        return f"{seconds // _DAY} days"
    return f"{seconds} seconds" if seconds % 60 else f"{seconds // 60} minutes"


_DAY = 24 * 60 * 60


_OPAQUE_BEGINS = "ZXlK"
"""The beginning of the Base64 of every JWT, which begins with ``eyJ``."""


def _opaque(text: str) -> str:
    """A JWT in one word without dots."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _unwrapped(sent: str) -> tuple[str, Format]:
    """The JWT in a token that a client sent, and the format of the token."""
    if not sent.startswith(_OPAQUE_BEGINS) or "." in sent or not sent.isascii():
        return sent, "jwt"
    try:
        return _decoded(sent).decode("ascii"), "opaque"
    except ValueError:
        raise _invalid(
            "The token cannot be decoded: it must be URL-safe Base64 without padding."
        ) from None


def _unverified_header(text: str) -> dict[str, Any]:
    """The JOSE header of a token, before its signature is verified. Raises :class:`Refusal`."""
    parts = text.split(".", 3)
    if len(parts) != 3:
        raise _invalid(
            "The token is not from this platform: it does not have the three parts of a JWT."
        )
    try:
        first, _, _ = (_decoded(part) for part in parts)
        header = json.loads(first)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise _invalid(
            "The token cannot be decoded: each of its three parts must be URL-safe Base64 without "
            "padding, and the first one must be a JSON object."
        )
    return header


def _shown_member(header: Mapping[str, Any], name: str) -> str:
    """A member of a token's header, for a message. Of a list or an object only the type is
    shown."""
    if name not in header:
        return "missing"
    value = header[name]
    if isinstance(value, list | dict):
        return _JSON_TYPES[type(value)]
    return sendable(value if isinstance(value, str) else json.dumps(value))


_JSON_TYPES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def _decoded(part: str) -> bytes:
    """The decoded bytes of a part of a token.

    Raises ``ValueError`` for Base64 in another form than ours. Python's decoder skips characters,
    accepts two alphabets, and ignores the last bits, so that many texts would be the same token
    (RFC 4648 sections 3.3 and 3.5).
    """
    content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(content).rstrip(b"=") != part.encode():
        raise ValueError("not canonical")
    return content


_NEEDED: dict[str, type] = {
    "jti": str,
    "fam": str,
    "client_id": str,
    "scope": str,
    "iat": int,
    "exp": int,
}
_OPTIONAL: dict[str, type] = {"svc": str, "usr": str}
_LATEST_SECOND = 2**53
"""A larger number is not accepted as a time: a float is exact for whole numbers up to this one."""


def _read_claims(content: bytes) -> AccessToken:
    """The content of a verified token.

    Raises :class:`Refusal` if it is not what this server writes: another program may have the key.
    """
    try:
        claims = json.loads(content)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise _invalid("The token is signed with our key, but its content is not a JSON object.")
    for name, kind in (_NEEDED | _OPTIONAL).items():
        if not (_is_claim(claims[name], kind) if name in claims else name in _OPTIONAL):
            actual = _JSON_TYPES[type(claims[name])] if name in claims else "missing"
            raise _invalid(
                f"The token is signed with our key, but its claim {name} is not one that this "
                "server writes.",
                expected=_JSON_TYPES[kind],
                actual=actual,
            )
    return AccessToken(
        identifier=claims["jti"],
        family=claims["fam"],
        app_key=claims["client_id"],
        service_account=claims.get("svc"),
        user=claims.get("usr"),
        scope=claims["scope"],
        issued_at=claims["iat"],
        expires_at=claims["exp"],
    )


def _is_claim(value: object, kind: type) -> bool:
    """True if a claim has this type. A boolean is not a number, a lone surrogate is not a text."""
    if kind is int:
        return type(value) is int and 0 <= value < _LATEST_SECOND
    return is_text(value)
