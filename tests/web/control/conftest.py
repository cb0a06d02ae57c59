"""A client of the control API."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from mock_sei.sandbox import Sandbox
from mock_sei.web.control.app import control_app
from mock_sei.web.control.door import ControlListener


@pytest.fixture
def control(sandbox: Sandbox, one_key: None) -> TestClient:
    """Its certificates have one key."""
    del one_key
    app = ControlListener(control_app(sandbox))
    return TestClient(app, base_url="http://127.0.0.1:8044")
