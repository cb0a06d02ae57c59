"""Fixtures of the tests of one connection without sockets."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from tests.runtime.still import StillLoop, Wire


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """A socket that a module leaves open fails the last test of this module, not a later one."""
    yield
    gc.collect()


@pytest.fixture
def loop() -> Iterator[StillLoop]:
    loop = StillLoop()
    asyncio.set_event_loop(loop)
    yield loop
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def wire() -> Wire:
    return Wire()
