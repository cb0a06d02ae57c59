"""Time enough: what these tests ask of a made answer must not depend on how fast the machine is."""

from __future__ import annotations

import pytest

from mock_sei.apis import samples
from tests.patience import patient


@pytest.fixture(autouse=True)
def time_enough(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made answers are bounded by their steps only, but where a module tests the bound itself."""
    if not getattr(request.module, "TESTS_THE_BOUND", False):
        monkeypatch.setattr(samples, "_MOST_SECONDS", patient(10))
        monkeypatch.setattr(samples, "_MOST_SECONDS_OF_PATTERNS", patient(1))
