"""What waits for something ends when the server begins to end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from mock_sei.platform import Platform


@contextlib.contextmanager
def end_of(platform: Platform) -> Iterator[asyncio.Future[None]]:
    """A future that is done as soon as the platform's server begins to end."""
    loop = asyncio.get_running_loop()
    ending: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not ending.done():
            ending.set_result(None)

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(end)

    platform.readiness.follow(tell)
    try:
        yield ending
    finally:
        platform.readiness.unfollow(tell)
        ending.cancel()
