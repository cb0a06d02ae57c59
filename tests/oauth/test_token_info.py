"""Token information: what a live token stands for; a dead one stands for nothing."""

from __future__ import annotations

from tests.oauth.flows import by_code, information, revoke
from tests.support import Platform


def test_token_information_has_the_documented_members(platform: Platform) -> None:
    platform.sandbox.clock.freeze()
    tokens = by_code(platform).json()
    platform.sandbox.clock.advance(seconds=9)

    body = information(platform, tokens["access_token"], client_id="demo-web-key").json()

    assert body["expires_in"] in (3590, 3591)
    assert body["status"] == "approved"
    assert body["app_name"] == "demo-web"
    assert body["email"] == "alice@example.com"
    assert body["refresh_token"] == tokens["refresh_token"]
    assert body["refresh_token_expires_in"] == 2_591_991


def test_token_information_refuses_dead_tokens_and_missing_ids(platform: Platform) -> None:
    """Acceptance row G7."""
    token = by_code(platform).json()["access_token"]
    assert information(platform, token).status_code == 400
    assert information(platform, token, client_id="demo-internal-key").status_code == 401
    revoke(platform, token=token)

    assert information(platform, token, client_id="demo-web-key").status_code == 401
