"""``invalidate_token``: the token endpoint's own way to revoke."""

from __future__ import annotations

from tests.oauth.flows import by_code, call, redeem
from tests.support import Platform


def test_invalidate_token_revokes_too(platform: Platform) -> None:
    token = by_code(platform).json()["access_token"]

    answer = redeem(platform, grant_type="invalidate_token", token=token)

    assert answer.json()["cascade"] == "true"
    assert call(platform, token) == 401
