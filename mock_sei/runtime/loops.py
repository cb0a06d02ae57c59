"""The event loops: one for a server process of its own, one for a server in a user's process."""

from __future__ import annotations

import asyncio

from mock_sei.rules import machine


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The event loop for ``mock-sei serve``: uvloop's if it is installed, otherwise asyncio's.

    uvloop is installed with the extra ``uvloop``.
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def new_thread_loop() -> asyncio.AbstractEventLoop:
    """The event loop for a server in a thread of a user's process.

    It is always asyncio's own, so that neither an installed package nor the event loop policy of
    the user's tests changes how the server runs.
    """
    return _ThreadLoop()


class _ThreadLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers run on even if a tool stops ``time.monotonic`` for a test."""

    def time(self) -> float:
        return machine.monotonic()
