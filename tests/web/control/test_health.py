"""Whether a server answers, and whether it takes requests."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei import __version__
from mock_sei.platform import Platform
from mock_sei.rules.readiness import ENDING, LOADING
from mock_sei.state.memory import MemoryUnits

ALL = ("/health", "/health/live", "/health/ready")


def test_a_server_that_takes_requests_is_live_and_ready(control: httpx2.Client) -> None:
    live, ready = control.get("/health/live"), control.get("/health/ready")

    assert live.json() == {"status": "live", "version": __version__}
    assert ready.json() == {"status": "ready", "version": __version__, "reason": None}
    assert (live.status_code, ready.status_code) == (200, 200)


def test_a_server_that_loads_or_ends_is_live_and_not_ready(
    control: httpx2.Client, platform: Platform
) -> None:
    readiness = platform.readiness
    for change, reason in ((readiness.load, LOADING), (readiness.end, ENDING)):
        change()
        ready = control.get("/health/ready")
        assert (ready.status_code, ready.json()["reason"]) == (503, reason)
        assert ready.json()["status"] == "not ready"
        assert control.get("/health/live").status_code == 200
        assert control.get("/health").json()["status"] == "ok"
    readiness.take_requests()

    assert control.get("/health/ready").status_code == 503, "a server that ends came back"


def test_a_store_that_is_away_ends_the_readiness_and_not_the_life(
    control: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryUnits, "problem", "it was unplugged")
    ready = control.get("/health/ready")

    assert ready.status_code == 503
    assert ready.json()["reason"] == "the state cannot be reached: it was unplugged"
    assert control.get("/health/live").status_code == 200


@pytest.mark.parametrize("path", ALL)
def test_they_leave_no_trace_and_keep_web_pages_out(
    control: httpx2.Client, platform: Platform, path: str
) -> None:
    assert control.get(path).status_code == 200
    assert control.get(path, headers={"Host": "evil.example"}).status_code == 403
    assert not platform.journal.newest().entries
