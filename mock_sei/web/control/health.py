"""The calls that say how the server is. They are answered without the rest of the control API, so
that they never wait for it to be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_sei.operations.requests import Request
from mock_sei.operations.server import (
    ReadinessAnswer,
    ReadinessState,
    ShowHealth,
    ShowLiveness,
    ShowReadiness,
)
from mock_sei.platform import Platform
from mock_sei.web.control.problems import PlainJson

HEALTH = "/health"
HEALTH_CALLS: Mapping[str, type[Request[Any]]] = {
    HEALTH: ShowHealth,
    "/health/live": ShowLiveness,
    "/health/ready": ShowReadiness,
}
"""What each path asks, as in the table of operations."""


def health_answer(path: str, platform: Platform) -> PlainJson:
    """The answer to a GET of a path of :data:`HEALTH_CALLS`."""
    answer = HEALTH_CALLS[path]().perform(platform)
    if isinstance(answer, ReadinessState):
        written = ReadinessAnswer().write(answer)
        return PlainJson(written.json, written.status or 200, written.headers)
    return PlainJson(vars(answer))
