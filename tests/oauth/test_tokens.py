"""Access tokens: how long they live, and every way in which one is not ours."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from mock_sei.sandbox import Sandbox
from tests.support import CREDENTIALS_MESSAGE, TICKETS, Platform


def parts(token: str) -> list[str]:
    return token.split(".")


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def decoded(part: str) -> dict[str, Any]:
    padded = part + "=" * (-len(part) % 4)
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(padded))
    return value


def garbled_tokens(good: str) -> dict[str, str]:
    """A good token, spoilt in each way an attacker or an accident would."""
    header, claims, signature = parts(good)
    none = encoded(decoded(header) | {"alg": "none"})
    hs256 = encoded(decoded(header) | {"alg": "HS256"})
    other_kid = encoded(decoded(header) | {"kid": "another"})
    richer = encoded(decoded(claims) | {"svc": "svc-web"})
    return {
        "garbage": "garbage",
        "empty parts": "..",
        "not base64": "é.ü.ö",
        "cut short": good[:-10],
        "alg none": f"{none}.{claims}.",
        "HS256": f"{hs256}.{claims}.{signature}",
        "another kid": f"{other_kid}.{claims}.{signature}",
        "changed claims": f"{header}.{richer}.{signature}",
        "header is a list": f"{encoded([])}.{claims}.{signature}",
    }


def test_every_spoilt_token_is_refused(platform: Platform) -> None:
    """Acceptance row H2."""
    for name, token in garbled_tokens(platform.token()).items():
        headers = {b"AppKey": b"demo-server-key", b"Authorization": f"Bearer {token}".encode()}
        answer = platform.client().get(TICKETS, headers=headers)

        assert answer.status_code == 401, name
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], name
        assert answer.json()["message"] == CREDENTIALS_MESSAGE, name
        assert platform.sandbox.journal.last.refused_by == "access token", name


def test_hs256_with_the_public_key_is_refused(platform: Platform, sandbox: Sandbox) -> None:
    """Acceptance row H2; RFC 8725 section 2.1."""
    import hashlib
    import hmac

    header, claims, _ = parts(platform.token())
    confused = f"{encoded(decoded(header) | {'alg': 'HS256'})}.{claims}"
    public = sandbox.signing_key.public.to_pem()
    mac = hmac.new(public, confused.encode(), hashlib.sha256).digest()
    token = f"{confused}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    assert platform.get(headers=platform.headers(token=token)).status_code == 401


def test_a_token_lives_sixty_minutes_under_steady_use(platform: Platform) -> None:
    """Acceptance row C29."""
    platform.sandbox.clock.freeze()
    headers = platform.headers()
    for _ in range(2):
        platform.sandbox.clock.advance(minutes=29)
        assert platform.get(headers=headers).status_code == 200
    platform.sandbox.clock.advance(minutes=1, seconds=59)
    assert platform.get(headers=headers).status_code == 200
    platform.sandbox.clock.advance(seconds=1)

    answer = platform.get(headers=headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == "gateway.authentication.failure"
    assert answer.json()["message"] == "Access Token expired"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_dies_after_thirty_idle_minutes(platform: Platform) -> None:
    """Acceptance row C28."""
    fresh, used = platform.headers(), platform.headers()
    platform.sandbox.clock.advance(minutes=29)
    assert platform.get(headers=used).status_code == 200
    platform.sandbox.clock.advance(minutes=2)

    assert platform.get(headers=used).status_code == 200
    assert platform.get(headers=fresh).json()["message"] == "Access Token expired"
    assert "not used for 30 minutes" in (platform.sandbox.journal.last.refused_because or "")


def test_a_token_of_another_server_is_refused(platform: Platform, tmp_path: Any) -> None:
    from mock_sei.certificates.store import CertificateStore
    from mock_sei.fixtures import load_fixtures
    from mock_sei.settings import Behaviour

    stranger = Platform(
        Sandbox(
            fixtures=load_fixtures(),
            store=CertificateStore(tmp_path / "other"),
            behaviour=Behaviour(),
        )
    )

    answer = platform.get(headers=platform.headers(token=stranger.token()))

    assert answer.status_code == 401
    assert "key this server does not know" in (platform.sandbox.journal.last.refused_because or "")


def test_tokens_leave_nothing_behind_once_they_have_expired(sandbox: Sandbox) -> None:
    """A use is remembered until its token would have expired, an unused token not at all."""
    tokens = sandbox.state.oauth.tokens

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
    sandbox.clock.advance(timedelta(minutes=61))
    use_many()

    assert tokens.remembered < 900
