"""A user's OpenTelemetry records the client under test, and nothing of this server."""

from __future__ import annotations

import pytest
from opentelemetry import _logs, metrics, trace

from mock_sei.platform import Platform
from tests.support import Served, control_client

pytestmark = pytest.mark.long


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The providers of the process that were used."""
    found: list[str] = []
    for module, name in (
        (trace, "get_tracer_provider"),
        (metrics, "get_meter_provider"),
        (_logs, "get_logger_provider"),
    ):

        def provider(name: str = name) -> object:
            found.append(name)
            return object()

        monkeypatch.setattr(module, name, provider)
    return found


def test_the_platform_leaves_no_span(asked: list[str], served: Served) -> None:
    assert served.post_token().status_code == 200
    assert asked == []


def test_nor_does_the_control_api(asked: list[str], platform: Platform) -> None:
    assert control_client(platform).get("/openapi.json").status_code == 200
    assert asked == []
