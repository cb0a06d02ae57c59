"""Fixtures of the tests of one connection without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.runtime.still import StillLoop, Wire


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
