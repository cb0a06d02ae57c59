"""The body of a functional call: its largest size, and where its bytes are kept.

A body that is or contains a file is never in memory as a whole. Any other body is in memory while
it is parsed, and only few large bodies are parsed at once.
"""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from mock_sei.apis.bodies import is_file_type, takes_file
from mock_sei.apis.operations import Operation
from mock_sei.apis.spooled import IN_MEMORY, Body, Crowded
from mock_sei.assumptions.table import DEFAULTS
from mock_sei.errors import EXHAUSTED, STORE_AWAY, Refusal, StoreAway
from mock_sei.web.exchange import BodyLimit, Exchange, store_away
from mock_sei.web.requests import announced_size, exchange_of, find_headers

PARSED_BODY = BodyLimit(
    size=DEFAULTS.request.body_limit,
    advice="Send it in several calls. Bodies of functional calls, except files, have this limit.",
)
"""The limit for a body that is not a file, such as JSON."""

_T = TypeVar("_T")


class Received:
    """The body of one call. It is read when it is first used. Its creator must close it."""

    def __init__(self, request: Request, operation: Operation | None) -> None:
        """``operation`` is None if no document has it.

        Raises :class:`Refusal` if ``Content-Length`` is over the limit.
        """
        headers = request.scope["headers"]
        exchange = exchange_of(request)
        content_types = find_headers(headers, b"content-type")
        content_type = "".join(content_types)
        if operation is None:
            is_file = is_file_type(content_type)
        else:
            is_file = takes_file(operation, content_type)
        self.is_file = len(content_types) < 2 and is_file
        makes_records = operation is not None and operation.rule.each is not None
        self._on_the_loop = 0 if makes_records else ON_THE_LOOP
        self._request = request
        self._exchange = exchange
        self._platform = exchange.platform
        self._body: Body | None = None
        limit = _upload_limit(exchange) if self.is_file else _parsed_limit(exchange)
        exchange.expect_body(limit, announced_size(headers), is_file=self.is_file)

    async def body(self) -> Body:
        """The whole body. Raises :class:`Refusal` if it is too large, or ``ClientDisconnect``."""
        if self._body is None:
            self._body = body = self._platform.new_body()
            async for piece in self._request.stream():
                self._add(body, piece)
                if body.is_due:
                    await run_in_threadpool(body.write)
        return self._body

    async def apart(self, act: Callable[[Body], _T]) -> _T:
        """The result of ``act``, which gets the body.

        ``act`` runs on the event loop for a small body and in a thread for a large one. Raises what
        ``act`` raises.
        """
        body = await self.body()
        if body.size <= self._on_the_loop:
            return await self._exchange.work(lambda: act(body))
        large: Semaphore = self._request.app.state.large_bodies
        async with large:
            units, work = self._platform.units, self._exchange.repeatable(lambda: act(body))
            made, refusal = await run_in_threadpool(_tried, lambda: units.run(work))
        if refusal is not None:
            if refusal.kind is STORE_AWAY:
                self._exchange.take_back()
            try:
                raise refusal
            finally:
                del refusal  # its traceback refers to this frame, which would keep both alive
        return made  # type: ignore[return-value]  # without a refusal there is a result

    def close(self) -> None:
        """Frees the body's memory and file, unless the body was stored as a record's content."""
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
                because=f"On this machine {missing}.",
                expected=f"at most {crowded.most} bytes of all request bodies",
                actual=f"{body.size} bytes of this one, and others",
            ) from None


ON_THE_LOOP = IN_MEMORY
"""Most bytes of a body that is parsed and checked on the event loop. That takes some milliseconds;
a thread would cost more than most calls. A larger body may take a quarter of a second, so it is
parsed in a thread while other calls are answered. A list whose entries each create records is
always parsed in a thread, because even a short one may take as long."""


def _tried(act: Callable[[], _T]) -> tuple[_T | None, Refusal | None]:
    """The result of ``act``, or its refusal without traceback and cause.

    The traceback of a refusal raised in a thread refers to all frames there. Their values are many
    times as large as the body, and would stay in memory until the garbage collector runs.
    """
    try:
        return act(), None
    except StoreAway as error:
        return None, store_away(error)
    except Refusal as refusal:
        refusal.__context__ = refusal.__cause__ = None
        return None, refusal.with_traceback(None)


def _parsed_limit(exchange: Exchange) -> BodyLimit:
    size = exchange.platform.state.assumptions.request.body_limit
    return PARSED_BODY if size == PARSED_BODY.size else replace(PARSED_BODY, size=size)


def _upload_limit(exchange: Exchange) -> BodyLimit:
    return BodyLimit(
        size=exchange.platform.upload_limit,
        advice="Send a smaller file, or start the server with a larger --upload-limit-mib.",
    )
