"""What the tests of the SAML grant share."""

from __future__ import annotations

import pytest

from tests.oauth.assertions import own, register
from tests.support import Platform


@pytest.fixture
def registered(platform: Platform) -> Platform:
    """demo-web with a certificate, at noon on a clock that stands still."""
    register(platform, own().certificate)
    platform.sandbox.clock.freeze()
    return platform
