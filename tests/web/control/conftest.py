"""A client of the control API."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.platform import Platform
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.remote import Remote
from tests.patience import PATIENCE
from tests.support import control_client


@pytest.fixture
def control(platform: Platform, one_key: None) -> httpx2.Client:
    """Its certificates have one key."""
    del one_key
    return control_client(platform)


@pytest.fixture
def remote(control: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """What an attached test performs operations with."""
    api = ControlApi("http://127.0.0.1:8044", timeout=PATIENCE, hint="")
    monkeypatch.setattr(api, "_http", control)
    return Remote(api)
