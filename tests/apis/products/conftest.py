"""A platform to read from, for a module; one to write to, for a test."""

from __future__ import annotations

import pytest

from tests.apis.products.api import Api
from tests.support import Platform


@pytest.fixture(scope="module")
def reading(hammered: Platform) -> Api:
    """Nobody writes to it, so that all tests of a module share it."""
    return Api(hammered)


@pytest.fixture
def api(platform: Platform) -> Api:
    return Api(platform)
