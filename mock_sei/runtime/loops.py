"""Which event loop ``mock-sei serve`` runs on."""

from __future__ import annotations

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed (the extra ``uvloop``), as uvicorn chooses; else asyncio's.

    A server in a thread of somebody else's process stays on asyncio's: what happens to be
    installed there is to change nothing.
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
