"""A browser for each test of the portal."""

from __future__ import annotations

import pytest

from tests.support import Served
from tests.web.portal.browser import Browser


@pytest.fixture(autouse=True)
def _cheap(one_key: None) -> None:
    """Uses one key for all certificates, because creating keys is slow."""


@pytest.fixture
def browser(served: Served) -> Browser:
    return Browser(served)
