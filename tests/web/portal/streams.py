"""A browser that reads the stream of a live page, on an event loop of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message, Scope

from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.web.app import platform_app
from mock_sei.web.listener import PlatformListener
from tests.patience import PATIENCE


@dataclass(kw_only=True)
class Reader:
    """What a browser got so far. It reads nothing while it ``is_slow``."""

    messages: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    async def receive(self) -> Message:
        if not self.left.is_set() and self.task is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.messages.put_nowait(message)
        await self.reads.wait()

    async def piece(self) -> Message:
        async with asyncio.timeout(PATIENCE):
            return await self.messages.get()

    async def event(self) -> str:
        """The data of the next event; an empty text at the end of the stream."""
        message = await self.piece()
        text = message["body"].decode()
        if text.startswith("event: beat"):
            return await self.event()
        assert message.get("more_body", False) == bool(text)
        return "\n".join(re.findall("^data: (.*)$", text, re.MULTILINE))

    async def event_with(self, words: str) -> str:
        """The next event that has these words."""
        while words not in (text := await self.event()):
            assert text, f"the stream ended without {words}"
        return text

    async def is_over(self) -> None:
        assert self.task is not None
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({self.task})


@asynccontextmanager
async def reading(platform: Platform, query: str, **changes: Any) -> AsyncIterator[Reader]:
    """Opens ``/portal/events`` with a query, until the end of the ``with``."""
    app = PlatformListener(platform_app(), platform, Listener.ONE_WAY)
    reader = Reader()
    reader.reads.set()
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/portal/events",
        "raw_path": b"/portal/events",
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 443),
        "extensions": {},
        **changes,
    }
    reader.task = asyncio.create_task(app(scope, reader.receive, reader.send))
    start = await reader.piece()
    reader.status = start["status"]
    reader.headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    try:
        yield reader
    finally:
        reader.left.set()
        reader.reads.set()
        await reader.is_over()
        if not reader.task.cancelled():
            reader.task.result()
