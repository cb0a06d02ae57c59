"""Pages: nothing from outside, nothing unescaped, in nobody's frame."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.oauth.flows import AUTHORIZE, WEB


@pytest.mark.parametrize("request_", [WEB, {"client_id": "unknown"}])
def test_pages_cannot_be_framed_cached_or_read(
    browser: TestClient, request_: dict[str, str]
) -> None:
    """Acceptance row D12."""
    answer = browser.get(AUTHORIZE, params=request_, headers={"Origin": "http://localhost:8000"})

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not [name for name in answer.headers if name.startswith("access-control")]
