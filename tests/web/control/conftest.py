"""A client of the control API."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.platform import Platform
from tests.support import control_client


@pytest.fixture
def control(platform: Platform, one_key: None) -> httpx2.Client:
    """Its certificates have one key."""
    del one_key
    return control_client(platform)
