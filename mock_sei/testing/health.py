"""Whether a server is healthy. A container asks every few seconds: this imports little."""

from __future__ import annotations

from mock_sei.errors import MockSeiError
from mock_sei.testing.calls import CONTROL_URL_HINT, ControlApi

TIMEOUT = 3.0
"""Seconds: less than the image gives its health check."""

READY = "ready"
"""Whether the server takes requests."""
LIVE = "live"
"""Whether it answers at all."""


def find_problem(control_url: str, asked: str = READY) -> str | None:
    """What is wrong with the server, None where nothing is. ``asked`` is READY or LIVE."""
    api = ControlApi(control_url, timeout=TIMEOUT, hint=CONTROL_URL_HINT)
    try:
        found = api.get(f"/health/{asked}", also=503)
        status = found.get("status") if isinstance(found, dict) else None
        if status == asked:
            return None
        if status == f"not {asked}":
            return f"{api.url} is not ready: {found['reason']}"
        raise api.stranger()
    except (MockSeiError, ValueError) as error:
        return str(error)
