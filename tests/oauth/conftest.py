"""Fixtures for the tests of the SAML grant."""

from __future__ import annotations

import pytest

from tests.oauth.assertions import own, register
from tests.support import Served


@pytest.fixture
def registered(served: Served) -> Served:
    """demo-web with a registered certificate, at noon on a stopped clock."""
    register(served, own().certificate)
    served.platform.clock.freeze()
    return served
