"""Removes time limits: the content of a made answer must not depend on the speed of the machine."""

from __future__ import annotations

import pytest

from mock_sei.apis import samples
from tests.patience import patient


@pytest.fixture(autouse=True)
def time_enough(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the number of steps limits made answers, except in modules that test the time limit
    itself."""
    if not getattr(request.module, "TESTS_THE_BOUND", False):
        monkeypatch.setattr(samples, "_MOST_SECONDS", patient(10))
        monkeypatch.setattr(samples, "_MOST_SECONDS_OF_PATTERNS", patient(1))
