"""The way to the portal. Its pages are loaded with the first request: most tests need none."""

from __future__ import annotations

import functools
import re

from fastapi import Request, Response
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match, Router
from starlette.types import Receive, Scope, Send

from mock_sei.errors import Refusal
from mock_sei.rules.addresses import HOME, is_of_portal
from mock_sei.rules.machine import real_dates
from mock_sei.rules.standards import Listener
from mock_sei.web.exhausted import KINDS, find_exhaustion
from mock_sei.web.functional import call
from mock_sei.web.pages import PAGE_HEADERS
from mock_sei.web.refusals import used_up
from mock_sei.web.requests import exchange_of, find_headers
from mock_sei.web.routing import AnyMethod

MOST_ACCEPTED = 4096
"""Characters of the ``Accept`` header that are read."""
_NO_WEIGHT = re.compile(r"q\s*=\s*0(\.0{0,3})?")


def portal_routes() -> list[BaseRoute]:
    """The routes of the portal: the root, which redirects a browser, and the pages."""
    return [AnyMethod("/", _root), _PortalPages()]


class _PortalPages(BaseRoute):
    """All pages of the portal."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if is_of_portal(scope["path"]) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await load_portal()(scope, receive, send)


@functools.cache
def load_portal() -> Router:
    """The pages of the portal, which this loads."""
    with real_dates():
        from mock_sei.web.portal.routes import page_routes
    return Router(page_routes(), redirect_slashes=False)


def portal_refusal(request: Request, refusal: Refusal) -> Response:
    """The page of a refusal before the request reached its handler."""
    exchange = exchange_of(request)
    try:
        with real_dates():
            from mock_sei.web.portal.visit import Visit
        return Visit(request=request, exchange=exchange, secret="").problem(refusal)
    except KINDS as error:
        missing = find_exhaustion(error)
        if missing is None:
            raise
        return used_up(exchange, missing)


async def _root(request: Request) -> Response:
    """Redirects a browser to the portal; any other client gets the answer of an unknown path."""
    exchange = exchange_of(request)
    if exchange.listener is Listener.ONE_WAY and is_browser(request):
        return lead_to(HOME)
    return await call(request)


def is_browser(request: Request) -> bool:
    """Whether the ``Accept`` header names ``text/html``, as browsers do."""
    if request.method not in ("GET", "HEAD"):
        return False
    ranges = ",".join(find_headers(request.scope["headers"], b"accept"))[:MOST_ACCEPTED]
    return any(_names_html(each) for each in ranges.split(","))


def _names_html(media_range: str) -> bool:
    """Whether a range of ``Accept`` is ``text/html`` with a weight over 0 (RFC 9110, 12.4.2)."""
    name, *parameters = (each.strip().lower() for each in media_range.split(";"))
    is_refused = any(_NO_WEIGHT.fullmatch(each) for each in parameters)
    return name == "text/html" and not is_refused


def lead_to(path: str) -> Response:
    """A redirect to a page."""
    return RedirectResponse(path, 302, headers={**PAGE_HEADERS, "Vary": "Accept"})
