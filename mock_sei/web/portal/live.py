"""Live pages: a stream of server-sent events with the parts of a page that have changed.

Whatever changes the platform or the journal wakes the stream. Then the page is made again as for
any visitor, and its new parts are sent. Nothing is queued: while a browser does not read, the
changes wait in the platform, and the next event has the page of then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from mock_sei.errors import LIVE_PAGES_FULL, NOT_FOUND, Refusal, StoreAway
from mock_sei.platform import Platform
from mock_sei.rules import checks, machine
from mock_sei.rules.addresses import HOME
from mock_sei.values.texts import spelled
from mock_sei.web.ending import end_of
from mock_sei.web.heads import only_looks
from mock_sei.web.pages import PAGE_HEADERS
from mock_sei.web.portal.dashboard import dashboard
from mock_sei.web.portal.journal import journal
from mock_sei.web.portal.parts import SentParts, event
from mock_sei.web.portal.visit import JOURNAL, Visit

MOST_STREAMS = 20
"""So many pages are live at once, of all workers of a server together."""
PAUSE = 0.5
"""Seconds between two events of a stream, at least."""
SHARE = 0.2
"""Of the time of one processor, so much goes into all streams of a server at most."""
HEARTBEAT = 15.0
"""Seconds without a change after which an event says so: both sides notice a lost connection."""
RETRY_AFTER = 60
"""Seconds after which a refused browser may try again."""

_HEADERS = PAGE_HEADERS | {
    "Content-Type": "text/event-stream; charset=utf-8",
    "X-Accel-Buffering": "no",  # a proxy such as nginx would keep the events back
}

Page = Callable[[Visit], Response]

LIVE: Mapping[str, tuple[str, Page]] = {
    "dashboard": (HOME, dashboard),
    "journal": (JOURNAL, journal),
}
"""The pages that may be live, by the name in the query: path, and what makes the page."""


def events(visit: Visit) -> Response:
    """The stream of the page that the query names. The rest of the query is the page's own."""
    name = visit.request.query_params.get("page", "")
    if name not in LIVE:
        because = f"The portal has no live page {spelled(name[:40])}; there are {', '.join(LIVE)}."
        raise Refusal(NOT_FOUND, check=checks.PATH, because=because)
    path, page = LIVE[name]
    scope = {**visit.request.scope, "path": path, "raw_path": path.encode()}
    seen = Visit(request=Request(scope), exchange=visit.exchange, secret=visit.secret)
    first = page(seen)
    if first.status_code != 200:
        return first
    if only_looks(visit.request.scope):
        answer = Response(headers=_HEADERS)
        del answer.headers["Content-Length"]  # a GET has none
        return answer
    return Stream(seen, page, first)


class Woken:
    """Whether something has changed since somebody looked. Any thread may say so."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._is_told = False

    def __call__(self) -> None:
        """Something has changed. Only the first call after :meth:`clear` costs anything."""
        if not self._is_told:
            self._is_told = True
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server has stopped
                self._loop.call_soon_threadsafe(self._event.set)

    def clear(self) -> None:
        """Somebody looks now."""
        self._event.clear()
        self._is_told = False

    async def wait(self, seconds: float) -> bool:
        """Waits for a change. Returns False if none came in these seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return True


class Stream(Response):
    """The answer that goes on until the browser leaves, the platform is reset or the server ends.

    A server that ends tells it. One that stops at once closes the connection and cancels this call.
    """

    def __init__(self, visit: Visit, page: Page, first: Response) -> None:
        """``first`` is the page as it is now."""
        super().__init__(headers=_HEADERS)
        self._visit, self._page = visit, page
        self._first: Response | None = first
        self._sent = SentParts()
        self._cost = 0.0
        """Seconds that the page took to make, at the last time."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = self._visit.exchange
        platform, woken = exchange.platform, Woken()
        most = max(1, MOST_STREAMS // platform.settings.workers)
        if not platform.follow(woken, most=most):
            await self._refusal(most)(scope, receive, send)
            return
        woken()  # something may have changed since the page was made
        gone = asyncio.ensure_future(_leaving(receive))
        gone.add_done_callback(lambda _: woken())
        try:
            start = {"type": "http.response.start", "status": 200}
            await send({**start, "headers": _headers_of(self._first)})
            exchange.leave_out()
            with end_of(platform) as ending:
                ending.add_done_callback(lambda _: woken())
                await self._go_on(platform, woken, {gone, ending}, partial(_send, send))
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
        finally:
            platform.unfollow(woken)
            gone.cancel()

    def _refusal(self, most: int) -> Response:
        because = (
            f"{most} pages are live at this server, which is the most. This page stays as it was "
            "made: load it again to see what is new, or close another page of the portal."
        )
        refusal = Refusal(
            LIVE_PAGES_FULL,
            check=checks.LIVE_PAGES,
            because=because,
            expected=f"at most {most} live pages",
            actual="one more",
        )
        answer = self._visit.problem(refusal)
        answer.headers["Retry-After"] = str(RETRY_AFTER)
        return answer

    async def _go_on(
        self,
        platform: Platform,
        woken: Woken,
        ends: set[asyncio.Future[None]],
        send: Callable[[bytes], Awaitable[None]],
    ) -> None:
        """Sends what is new, until a reset came or one of ``ends`` is done: the browser has left,
        or the server ends. Then the browser asks again, and gets to another server."""
        while not any(each.done() for each in ends):
            try:
                news = await self._news(platform)
            except StoreAway:
                return  # the browser asks again
            if news is None:
                await send(event("again", "reset"))
                return
            if news:
                await send(event("parts", news))
            pause = pause_after(self._cost, streams=len(platform.followers))
            await asyncio.wait(ends, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            while not await woken.wait(HEARTBEAT):
                await send(event("beat", "nothing new"))
            woken.clear()

    async def _news(self, platform: Platform) -> str | None:
        """The parts that have changed; None if the platform was reset."""
        first, self._first = self._first, None
        answer = first
        if answer is None:
            work = partial(platform.units.run, partial(self._made, platform))
            answer = await run_in_threadpool(work)
        return None if answer is None else self._sent.news(bytes(answer.body).decode())

    def _made(self, platform: Platform) -> Response | None:
        """The page as it is now, in a unit of work."""
        now = platform.reloaded()
        with now.before_reset() as is_now:
            if not is_now:
                return None
        self._visit.exchange.platform = now
        began = machine.monotonic()
        try:
            return self._page(self._visit)
        finally:
            self._cost = machine.monotonic() - began


def pause_after(cost: float, *, streams: int) -> float:
    """Seconds until a stream may make its page again, which took ``cost`` seconds. If all streams
    make theirs so often, they take no more than :data:`SHARE` together."""
    return max(PAUSE, streams * cost / SHARE)


def _headers_of(first: Response | None) -> list[tuple[bytes, bytes]]:
    """Those of a stream, with the cookie of the page."""
    headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
    of_page = [] if first is None else first.raw_headers
    return headers + [each for each in of_page if each[0] == b"set-cookie"]


async def _send(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _leaving(receive: Receive) -> None:
    """Returns when the browser has left."""
    with contextlib.suppress(Refusal):  # it sent a body that is too large
        while (await receive())["type"] != "http.disconnect":
            pass
