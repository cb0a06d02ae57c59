"""A shared platform for tests that only read, and a fresh one for each test that writes."""

from __future__ import annotations

import pytest

from tests.apis.products.calls import Api
from tests.support import Served


@pytest.fixture(scope="module")
def reading(hammered: Served) -> Api:
    return Api(hammered)


@pytest.fixture
def api(served: Served) -> Api:
    return Api(served)
