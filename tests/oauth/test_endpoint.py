"""The token endpoint's good answer. Its refusals are in ``test_refusals.py``."""

from __future__ import annotations

from tests.support import Platform


def test_client_credentials_give_a_token(platform: Platform) -> None:
    """Acceptance rows C1, C2, C24."""
    answer = platform.post_token()

    body = answer.json()
    assert answer.status_code == 200
    assert body.pop("access_token").count(".") == 2
    assert body == {"token_type": "BearerToken", "expires_in": 3600, "scope": "ilservices"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
