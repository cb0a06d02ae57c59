"""What the end-to-end tests share: the programs they need, and a server that is only looked at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.serving import Serving


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*tools): programs the test runs; skipped without")


def pytest_runtest_setup(item: pytest.Item) -> None:
    wanted = {tool for marker in item.iter_markers("needs") for tool in marker.args}
    missing = sorted(tool for tool in wanted if shutil.which(tool) is None)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One ``mock-sei serve`` for the tests of a module that only look at it."""
    with Serving.start(tmp_path_factory.mktemp("running")) as serving:
        yield serving
