"""Access tokens: their lifetime, and all forged or damaged tokens."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jose import jwk

from mock_sei.certificates.authority import new_signing_key_pem
from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.oauth.metadata import JWKS_PATH, REVOKE_PATH, TOKEN_INFO_PATH
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from tests.operations import retire_signing_key, rotate_signing_key
from tests.support import CREDENTIALS_MESSAGE, TICKETS, Served

pytestmark = pytest.mark.long

Sign = Callable[[bytes], bytes]
DEEP_MEMBER = b'{"alg": ' + b"[" * 30_000


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(part: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value


def forged(good: str, sign: Sign, *, claims: dict[str, Any] | None = None, **header: Any) -> str:
    """A good token with changed members or another signature. None leaves a member out."""
    old_header, old_claims, _ = map(str, good.split("."))
    members = {**decoded(old_header), **header}
    members = {name: value for name, value in members.items() if value is not None}
    parts = [members, decoded(old_claims) | (claims or {})]
    text = ".".join(encoded(json.dumps(each).encode()) for each in parts)
    return f"{text}.{encoded(sign(text.encode()))}"


@cache
def stranger_key() -> Any:
    return jwk.construct(new_signing_key_pem().decode(), "ES256")


def by_stranger(data: bytes) -> bytes:
    signature: bytes = stranger_key().sign(data)
    return signature


def by_nobody(_: bytes) -> bytes:
    return b""


def hmac_with(key: bytes, kind: str = "sha256") -> Sign:
    return lambda data: hmac.digest(key, data, kind)


def spoilt_tokens(good: str) -> dict[str, str]:
    """A good token, damaged in each way that happens by accident."""
    header, claims, signature = good.split(".")
    return {
        "garbage": "garbage",
        "empty parts": "..",
        "not base64": "\xe9.\xfc.\xf6",
        "cut short": good[:-10],
        "without signature": f"{header}.{claims}.",
        "five parts": f"{good}.x.y",
        "header is a list": f"{encoded(b'[]')}.{claims}.{signature}",
        "header is deep": f"{encoded(b'[' * 30_000)}.{claims}.{signature}",
        "header is deep inside": f"{encoded(DEEP_MEMBER)}.{claims}.{signature}",
        "header is a long number": f"{encoded(b'9' * 9_000)}.{claims}.{signature}",
        "another's signature": f"{header}.{claims}.{encoded(by_stranger(b'x'))}",
    }


def forged_tokens(good: str, public_pem: bytes, public_jwk: dict[str, str]) -> dict[str, str]:
    """Tokens forged with public data only (RFC 8725 sections 2 and 3)."""
    public_keys = {
        "PEM": public_pem,
        "PEM without its last line end": public_pem.strip(),
        "JWK": json.dumps(public_jwk).encode(),
        "compact JWK": json.dumps(public_jwk, separators=(",", ":")).encode(),
        "JWKS": json.dumps({"keys": [public_jwk]}).encode(),
        "coordinate": public_jwk["x"].encode(),
        "nothing": b"",
    }
    stranger = stranger_key().public_key().to_dict()
    attacker = {name: str(value) for name, value in stranger.items()}
    injected = [
        "../../../../dev/null",
        "/dev/null",
        "' OR 1=1 --",
        "x' UNION SELECT 'key",
        "",
        "\x00",
    ]
    url = "https://localhost/.well-known/jwks.json"
    return {
        **{
            f"alg {alg!r}": forged(good, by_nobody, alg=alg) for alg in ("none", "None", "NONE", "")
        },
        "alg none, with a signature": forged(good, by_stranger, alg="none"),
        "no alg": forged(good, by_stranger, alg=None),
        "alg in lower case": forged(good, by_stranger, alg="es256"),
        "alg a list": forged(good, by_stranger, alg=["ES256", "none"]),
        "RS256": forged(good, by_stranger, alg="RS256"),
        **{
            f"{alg} with {name}": forged(good, hmac_with(key, f"sha{alg[2:]}"), alg=alg)
            for name, key in public_keys.items()
            for alg in ("HS256", "HS384", "HS512")
        },
        **{
            f"HMAC under ES256 with {name}": forged(good, hmac_with(key))
            for name, key in public_keys.items()
        },
        "another key, our kid": forged(good, by_stranger),
        "another key, no kid": forged(good, by_stranger, kid=None),
        "another key, its kid": forged(good, by_stranger, kid="stranger"),
        **{f"kid {kid!r}": forged(good, by_stranger, kid=kid) for kid in injected},
        **{f"HMAC, kid {kid!r}": forged(good, hmac_with(b""), kid=kid) for kid in injected},
        "kid a list": forged(good, by_stranger, kid=["a"]),
        "kid an object": forged(good, by_stranger, kid={"a": 1}),
        "its own jwk": forged(good, by_stranger, jwk=attacker),
        "its own jwk, its kid": forged(good, by_stranger, jwk=attacker | {"kid": "s"}, kid="s"),
        "jku": forged(good, by_stranger, jku="https://evil.example/jwks.json"),
        "jku of ours": forged(good, by_stranger, jku=url, kid="stranger"),
        "x5u": forged(good, by_stranger, x5u="https://evil.example/cert.pem"),
        "x5c": forged(good, by_stranger, x5c=["MIIB"]),
        "crit": forged(good, by_stranger, crit=["exp"]),
        "changed claims": forged(good, by_stranger, claims={"svc": "svc-web"}),
    }


def assert_invalid_token(
    served: Served, token: str, what: str = "", message: str = CREDENTIALS_MESSAGE
) -> None:
    """Functional APIs and token information refuse it as RFC 6750 and the vendor say."""
    bearer = {b"AppKey": b"demo-server-key", b"Authorization": f"Bearer {token}".encode()}
    http = served.client()
    for answer in (
        http.get(TICKETS, headers=bearer),
        http.get(TOKEN_INFO_PATH, params={"client_id": "demo-server-key"}, headers=bearer),
    ):
        body = answer.json()
        assert answer.status_code == 401, what
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], what
        assert (body["code"], body["message"]) == ("gateway.authentication.failure", message), what
        assert body["trackingId"] == answer.headers["RequestTrackingId"], what
        assert (body["transient"], body["errors"]) == (False, []), what
        assert served.platform.journal.last.refused_by == "access token", what


def test_a_spoilt_token_is_refused(served: Served) -> None:
    """Texts that are not tokens, and wrong signatures."""
    good = served.token()
    for what, token in spoilt_tokens(good).items():
        assert_invalid_token(served, token, what)
    assert served.get(headers=served.headers(token=good)).status_code == 200


def test_a_forged_token_is_refused(served: Served, platform: Platform) -> None:
    """Tokens with ``alg: none``, with HS256 and the public key, and with another key."""
    good, key = served.token(), platform.signing_key
    (public_jwk,) = served.client().get(JWKS_PATH).json()["keys"]
    for what, token in forged_tokens(good, key.public.to_pem(), public_jwk).items():
        assert_invalid_token(served, token, what)

    again = forged(good, lambda data: bytes(key.private.sign(data)))  # the way of forging works
    assert served.get(headers=served.headers(token=again)).status_code == 200


def test_our_own_key_must_be_named_with_our_own_algorithm(
    served: Served, platform: Platform
) -> None:
    """A token that is signed with our key but has a wrong header is refused."""
    good, private = served.token(), platform.signing_key.private

    def ours(data: bytes) -> bytes:
        return bytes(private.sign(data))

    for alg in ("none", "HS256", "ES384", None):
        assert_invalid_token(served, forged(good, ours, alg=alg), str(alg))
        assert served.platform.journal.last.expected == "ES256"
        assert served.platform.journal.last.actual == (alg or "missing")
    for kid in (None, "another", ["a"]):
        assert_invalid_token(served, forged(good, ours, kid=kid), str(kid))
        assert served.platform.journal.last.expected == platform.signing_key.kid


def test_a_forged_token_revokes_nothing(served: Served, platform: Platform) -> None:
    """The forged token names the family of a good token."""
    good, pair = served.token(), ("demo-server-key", "demo-server-secret")
    (public_jwk,) = served.client().get(JWKS_PATH).json()["keys"]
    tokens = spoilt_tokens(good) | forged_tokens(
        good, platform.signing_key.public.to_pem(), public_jwk
    )

    for what, token in tokens.items():
        answer = served.client().post(REVOKE_PATH, data={"token": token}, auth=pair)
        assert answer.status_code == 200, what  # RFC 7009 section 2.2: unknown, no error

    assert served.get(headers=served.headers(token=good)).status_code == 200


def test_a_revoked_token_is_refused(served: Served) -> None:
    token = served.token()
    served.post_token(grant_type="invalidate_token", token=token)

    assert_invalid_token(served, token)
    assert "revoked" in (served.platform.journal.last.refused_because or "")
    assert served.get().status_code == 200


def test_an_expired_token_is_refused(served: Served) -> None:
    token = served.token()
    served.platform.clock.advance(minutes=61)

    assert_invalid_token(served, token, message="Access Token expired")


def test_a_token_lives_sixty_minutes_under_steady_use(served: Served) -> None:
    served.platform.clock.freeze()
    headers = served.headers()
    for _ in range(2):
        served.platform.clock.advance(minutes=29)
        assert served.get(headers=headers).status_code == 200
    served.platform.clock.advance(minutes=1, seconds=59)
    assert served.get(headers=headers).status_code == 200
    served.platform.clock.advance(seconds=1)

    answer = served.get(headers=headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == "gateway.authentication.failure"
    assert answer.json()["message"] == "Access Token expired"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_dies_after_thirty_idle_minutes(served: Served) -> None:
    fresh, used = served.headers(), served.headers()
    served.platform.clock.advance(minutes=29)
    assert served.get(headers=used).status_code == 200
    served.platform.clock.advance(minutes=2)

    assert served.get(headers=used).status_code == 200
    assert served.get(headers=fresh).json()["message"] == "Access Token expired"
    assert "not used for 30 minutes" in (served.platform.journal.last.refused_because or "")


def test_a_used_token_ends_to_the_second(served: Served) -> None:
    served.platform.clock.freeze()
    headers = served.headers()
    assert served.get(headers=headers).status_code == 200
    served.platform.clock.advance(seconds=30 * 60 - 1)
    assert served.get(headers=headers).status_code == 200
    served.platform.clock.advance(minutes=30)

    assert served.get(headers=headers).json()["message"] == "Access Token expired"


def test_a_use_less_than_a_second_later_counts_too(served: Served) -> None:
    served.platform.clock.freeze()
    headers = served.headers()
    assert served.get(headers=headers).status_code == 200
    served.platform.clock.advance(seconds=0.5)
    assert served.get(headers=headers).status_code == 200
    served.platform.clock.advance(seconds=30 * 60 - 0.4)

    assert served.get(headers=headers).status_code == 200


def test_a_token_of_another_server_is_refused(served: Served, tmp_path: Path) -> None:
    store = CertificateStore(tmp_path / "other")
    stranger = Served(Platform(fixtures=load_fixtures(), store=store, behaviour=Behaviour()))

    assert_invalid_token(served, stranger.token())
    assert "key that this server does not know" in (
        served.platform.journal.last.refused_because or ""
    )


def test_tokens_leave_nothing_behind_once_they_have_expired(platform: Platform) -> None:
    """The last use of a token is remembered until the token expires; unused tokens are not."""
    tokens = platform.state.oauth.tokens

    def use_many() -> None:
        for _ in range(600):
            text = tokens.mint(
                issuer="https://localhost",
                app_key="demo-server-key",
                service_account="svc-demo",
                user=None,
                scope="ilservices",
            )
            tokens.record_use(tokens.read(text))

    use_many()
    assert tokens.remembered == 600
    platform.clock.advance(timedelta(minutes=61))
    use_many()

    assert tokens.remembered < 900


def test_a_token_that_was_shown_before_is_checked_against_the_keys_of_now(
    served: Served,
) -> None:
    """A known token's signature is not checked again, but its key must still be accepted."""
    headers = served.headers()
    assert [served.get(headers=headers).status_code for _ in range(2)] == [200, 200]
    kid = served.platform.state.oauth.keys.signing.kid
    rotate_signing_key(served.platform)
    assert served.get(headers=headers).status_code == 200

    retire_signing_key(served.platform, kid)

    assert served.get(headers=headers).status_code == 401


def test_a_spoilt_copy_of_a_token_that_was_shown_is_refused(served: Served) -> None:
    token = served.token()
    assert served.get(headers=served.headers(token=token)).status_code == 200

    signature = token.rindex(".") + 1  # its first character: all six bits of it count
    other = "A" if token[signature] != "A" else "B"
    changed = token[:signature] + other + token[signature + 1 :]
    for spoilt in (token[:-1], changed, token + "A"):
        assert served.get(headers=served.headers(token=spoilt)).status_code == 401


@pytest.mark.slow
def test_of_many_tokens_few_are_kept(served: Served) -> None:
    tokens = served.platform.state.oauth.tokens
    shown = [served.token() for _ in range(300)]

    assert all(tokens.read(each).service_account == "svc-demo" for each in shown * 2)
    assert tokens.kept <= 256


def test_a_revoked_token_stays_dead_when_the_clock_is_set_back(served: Served) -> None:
    """A revoked token stays revoked, even if many others were revoked and used since."""
    clock, tokens = served.platform.clock, served.platform.state.oauth.tokens
    clock.freeze()
    born, token = clock.now(), served.token()
    clock.advance(minutes=50)
    late = served.token()
    clock.set(born)
    for each in (token, late):
        assert served.get(headers=served.headers(token=each)).status_code == 200
        served.post_token(grant_type="invalidate_token", token=each)

    clock.advance(minutes=70)
    for number in range(600):
        tokens.revoke_family(f"another {number}")

    for minutes in (20, 100):
        clock.set(born + timedelta(minutes=minutes))
        assert_invalid_token(served, late)
    clock.set(born + timedelta(minutes=20))
    assert_invalid_token(served, token)


def test_revoked_families_past_their_end_are_forgotten_in_the_end(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.oauth.tokens._ENDED_KEPT", 100)
    tokens = platform.state.oauth.tokens
    for number in range(600):
        tokens.revoke_family(f"a family {number}")
    platform.clock.advance(timedelta(minutes=61))
    for number in range(256):
        tokens.revoke_family(f"another {number}")

    assert tokens.remembered < 500
