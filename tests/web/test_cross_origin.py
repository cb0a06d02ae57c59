"""CORS: for a single-page application's browser, and for nobody else."""

from __future__ import annotations

import pytest

from mock_sei.standards import Listener
from tests.oauth.flows import AUTHORIZE
from tests.support import TICKETS, Platform

SPA = "http://localhost:8000"
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "appkey"}


@pytest.mark.parametrize(
    ("path", "origin", "listener", "allowed"),
    [
        (TICKETS, SPA, Listener.ONE_WAY, SPA),
        (TICKETS, "https://evil.example", Listener.ONE_WAY, None),
        (TICKETS, "https://localhost:9443", Listener.ONE_WAY, None),
        (TICKETS, SPA, Listener.TWO_WAY, None),
        (AUTHORIZE, SPA, Listener.ONE_WAY, None),
        ("/.well-known/jwks.json", "https://evil.example", Listener.ONE_WAY, "*"),
    ],
)
def test_a_preflight_passes_where_a_browser_needs_it(
    platform: Platform, path: str, origin: str, listener: Listener, allowed: str | None
) -> None:
    """Acceptance row I9."""
    http = platform.client(None, listener=listener)

    preflight = http.options(path, headers={"Origin": origin, **PREFLIGHT})
    answer = http.get(path, headers={"Origin": origin}, follow_redirects=False)

    header = "Access-Control-Allow-Origin"
    assert preflight.headers.get(header) == answer.headers.get(header) == allowed
    assert (preflight.status_code == 204) is (allowed is not None)
