"""The choice of the event loop of ``mock-sei serve``; connections on it are tested under e2e."""

from __future__ import annotations

import asyncio
import sys

import pytest

from mock_sei.runtime.loops import new_event_loop

pytestmark = pytest.mark.long


def test_uvloop_is_taken_where_it_is_installed() -> None:
    uvloop = pytest.importorskip("uvloop")
    loop = new_event_loop()
    loop.close()
    assert isinstance(loop, uvloop.Loop)


def test_without_uvloop_it_is_asyncio_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = new_event_loop()
    loop.close()
    assert isinstance(loop, asyncio.SelectorEventLoop)
