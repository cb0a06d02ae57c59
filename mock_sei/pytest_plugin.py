"""The pytest fixtures: ``mock_sei`` and its company.

pytest imports this module in every run on the machine, so it imports nothing but pytest: the
platform comes in with the first fixture that needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2

    from mock_sei.client import MockSei

MARKER = "mock_sei"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "mock_sei(dialect, environment, auto_login, seed, approval, concurrent_sessions): "
        "behaviour of the mock_sei fixture for this test",
    )


@pytest.fixture(scope="session")
def mock_sei_settings() -> dict[str, Any]:
    """Keyword arguments of the session's ``MockSei``; override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def mock_sei_server(mock_sei_settings: dict[str, Any]) -> Iterator[MockSei]:
    """The session's platform, never reset. One a worker under pytest-xdist."""
    from mock_sei.client import MockSei

    with MockSei(**mock_sei_settings) as server:
        yield server


@pytest.fixture
def mock_sei(request: pytest.FixtureRequest, mock_sei_server: MockSei) -> Iterator[MockSei]:
    """The session's platform, reset for this test as its ``mock_sei`` marker says."""
    mock_sei_server.reset(**_marked_behaviour(request.node))
    yield mock_sei_server
    mock_sei_server.check()


@pytest.fixture
def mock_sei_client(mock_sei: MockSei) -> Iterator[httpx2.Client]:
    """A two-way client with the certificate of ``svc-demo``, closed after the test."""
    with mock_sei.client("svc-demo") as http:
        yield http


def _marked_behaviour(node: pytest.Item) -> dict[str, Any]:
    """Keywords of the test's markers, the nearest winning; wrong ones stop the test."""
    from mock_sei.errors import ConfigurationError
    from mock_sei.settings import Behaviour, Settings

    changes: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers(MARKER))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{MARKER} takes keywords only: {marker.args!r}")
        changes |= marker.kwargs
    for key in changes:
        if key in Settings.model_fields and key not in Behaviour.__dataclass_fields__:
            raise pytest.UsageError(
                f"@pytest.mark.{MARKER}({key}=...): a reset cannot change {key}; return it from "
                "the mock_sei_settings fixture instead"
            )
    try:
        Behaviour().with_changes(changes, source=f"@pytest.mark.{MARKER}")
    except ConfigurationError as error:
        raise pytest.UsageError(
            f"{error} (settings that a reset cannot change belong into mock_sei_settings)"
        ) from None
    return changes
