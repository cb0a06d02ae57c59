"""Which event loop the server runs on: in a process of its own, and in a user's process."""

from __future__ import annotations

import asyncio

from mock_sei.rules import machine


def new_event_loop() -> asyncio.AbstractEventLoop:
    """For ``mock-sei serve``: uvloop's where it is installed, as uvicorn chooses; else asyncio's.

    uvloop comes with the extra of that name.
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def new_thread_loop() -> asyncio.AbstractEventLoop:
    """For a server in a thread of somebody else's process.

    It is asyncio's own: neither what is installed there nor the event loop policy of the user's
    tests changes how the server runs.
    """
    return _ThreadLoop()


class _ThreadLoop(asyncio.SelectorEventLoop):
    """Its timers go on while a tool stops ``time.monotonic`` for a test."""

    def time(self) -> float:
        return machine.monotonic()
