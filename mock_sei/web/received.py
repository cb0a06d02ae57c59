"""The body of a functional call: how large it may be, and where its bytes go while they come.

A body that is a file, or has one in it, is never in memory as a whole. Any other is, once it has
come and while it is parsed; few large ones are parsed at once.
"""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from mock_sei.apis.bodies import takes_file
from mock_sei.apis.operations import Operation
from mock_sei.apis.spooled import IN_MEMORY, Body, Crowded
from mock_sei.errors import EXHAUSTED, Refusal
from mock_sei.web.exchange import BodyLimit, Exchange
from mock_sei.web.requests import announced_size, exchange_of, find_headers

PARSED_BODY = BodyLimit(
    size=8 * 1024 * 1024,
    advice="Send it in several calls. The limit is for every body of a functional call but files.",
)
"""A body that is no file: JSON for instance."""

LARGE_AT_ONCE = 2
"""Large bodies that are parsed at once: each takes some times its size in memory meanwhile."""

_T = TypeVar("_T")


def large_bodies() -> Semaphore:
    """What an application has one of, for the large bodies of all its listeners."""
    return Semaphore(LARGE_AT_ONCE)


class Received:
    """The body of one call, read when it is first asked for. Whoever makes one closes it."""

    def __init__(self, request: Request, operation: Operation) -> None:
        """Raises :class:`Refusal` where a larger body than it may have is announced."""
        headers = request.scope["headers"]
        exchange = exchange_of(request)
        content_types = find_headers(headers, b"content-type")
        self.is_file = len(content_types) < 2 and takes_file(operation, "".join(content_types))
        self._on_the_loop = ON_THE_LOOP if operation.rule.each is None else 0
        self._request = request
        self._platform = exchange.platform
        self._body: Body | None = None
        limit = _upload_limit(exchange) if self.is_file else PARSED_BODY
        exchange.expect_body(limit, announced_size(headers), is_file=self.is_file)

    async def body(self) -> Body:
        """All of it. Raises :class:`Refusal`, and what reading from a client raises."""
        if self._body is None:
            self._body = body = self._platform.new_body()
            async for piece in self._request.stream():
                self._add(body, piece)
                if body.is_due:
                    await run_in_threadpool(body.write)
        return self._body

    async def apart(self, act: Callable[[Body], _T]) -> _T:
        """What ``act`` makes of the body: here where it is small, else in a thread.

        Raises what ``act`` raises.
        """
        body = await self.body()
        if body.size <= self._on_the_loop:
            return act(body)
        large: Semaphore = self._request.app.state.large_bodies
        async with large:
            made, refusal = await run_in_threadpool(_tried, act, body)
        if refusal is not None:
            try:
                raise refusal
            finally:
                del refusal  # its traceback leads to this very frame
        return made  # type: ignore[return-value]  # without a refusal it was made

    def close(self) -> None:
        """Nothing of it is left, unless it was stored."""
        if self._body is not None and not self._body.is_kept:
            self._body.close()

    def _add(self, body: Body, piece: bytes) -> None:
        try:
            body.add(piece)
        except Crowded as crowded:
            missing = (
                f"all request bodies together may take {crowded.most} bytes; send fewer at once"
            )
            self._platform.record_exhaustion(missing)
            raise Refusal(
                EXHAUSTED,
                check="bodies",
                because=f"Here {missing}.",
                expected=f"at most {crowded.most} bytes of all request bodies",
                actual=f"{body.size} bytes of this one, and others",
            ) from None


ON_THE_LOOP = IN_MEMORY
"""Bytes of a body that is read and checked on the event loop: that takes some milliseconds, and a
thread costs more than most calls. A larger one may take a quarter of a second; meanwhile others are
answered. So may a short list each of whose entries makes records: it is never read there."""


def _tried(act: Callable[[Body], _T], body: Body) -> tuple[_T | None, Refusal | None]:
    """What ``act`` makes, or why it refuses.

    A refusal that is raised in a thread leads to all the frames there, whose values are many times
    as large as the body, and they would stay until the garbage collector comes by.
    """
    try:
        return act(body), None
    except Refusal as refusal:
        refusal.__context__ = refusal.__cause__ = None
        return None, refusal.with_traceback(None)


def _upload_limit(exchange: Exchange) -> BodyLimit:
    return BodyLimit(
        size=exchange.platform.upload_limit,
        advice="Send a smaller file, or start the server with a larger --upload-limit-mib.",
    )
