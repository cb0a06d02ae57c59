"""Whether a server is healthy. A container asks every few seconds: this imports little."""

from __future__ import annotations

from mock_sei.errors import MockSeiError
from mock_sei.testing.calls import CONTROL_URL_HINT, ControlApi

TIMEOUT = 3.0
"""Seconds: less than the image gives its health check."""


def find_problem(control_url: str) -> str | None:
    """What is wrong with the server, None where nothing is."""
    api = ControlApi(control_url, timeout=TIMEOUT, hint=CONTROL_URL_HINT)
    try:
        health = api.get("/health")
        if not isinstance(health, dict) or health.get("status") != "ok":
            raise api.stranger()
    except (MockSeiError, ValueError) as error:
        return str(error)
    return None
