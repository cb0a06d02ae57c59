"""One request to the portal: reads its form, checks that our page sent it, and renders pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from mock_sei.errors import REQUEST_INVALID, Refusal
from mock_sei.platform import Platform
from mock_sei.portal.portal import Portal
from mock_sei.rules import checks
from mock_sei.rules.addresses import HOME, LIVE_PATH, Addresses
from mock_sei.rules.records import Application
from mock_sei.web.exchange import Exchange
from mock_sei.web.forms import (
    Pairs,
    is_form,
    is_page_token,
    page_token,
    read_pairs,
    refuse_other_origin,
)
from mock_sei.web.pages import PAGE_HEADERS, page
from mock_sei.web.refusals import refusal_headers
from mock_sei.web.requests import exchange_of, find_cookie, refuse_announced_size

T = TypeVar("T")

APPS = f"{HOME}/apps"
JOURNAL = f"{HOME}/journal"

PAGE = 50
"""Entries on one page of a list."""

FORM_COOKIE = "__Host-mock-sei-form"
FORM_CHECK = checks.PORTAL_FORM
_PURPOSE = "portal"

DONE = {
    "registered": "The application is registered.",
    "approved": "The application is approved. Its credentials were mailed.",
    "changed": "The changes are saved.",
    "keys": "The keys are refreshed. The old keys no longer work.",
    "link": "A new link was mailed. It works for one download.",
    "renew": "A second certificate was issued and its link mailed. The first stays valid until it "
    "expires.",
    "request": "The request is signed. Download the certificate with the link in the mail.",
    "certificate": "The certificate is registered. The two-way listener accepts it from now on.",
    "revoke": "The certificate is revoked.",
    "deleted": "The application is deleted.",
    "clock": "The clock is moved.",
    "frozen": "The clock stands still.",
    "running": "The clock runs again, from the time that it shows.",
    "back": "The clock shows the machine's time again.",
    "armed": "The fault is armed.",
    "removed": "The fault is removed.",
    "cleared": "All faults are removed.",
    "reset": "The server is in its first state again, with its applications, records and clock.",
}
"""What a page says after a form succeeded. The page's address names the key (``?done=``)."""


@dataclass(kw_only=True)
class Visit:
    """One request to the portal, with its form."""

    request: Request
    exchange: Exchange
    secret: str
    """The value of the browser's form cookie, which other sites cannot read."""
    form: Pairs = field(default_factory=list)

    @classmethod
    async def begin(cls, request: Request) -> Visit:
        """Reads the form. Raises :class:`Refusal` if it was not sent from our own page."""
        exchange = exchange_of(request)
        known = find_cookie(request.scope["headers"], FORM_COOKIE)
        secret = known or ""
        if not known:
            secret = await exchange.work(exchange.platform.portal.new_form_secret)
        visit = cls(request=request, exchange=exchange, secret=secret)
        if request.method == "POST":
            findings = exchange.entry.findings
            findings.course = checks.PORTAL
            refuse_announced_size(request.scope["headers"])
            body = await request.body()
            refuse_other_origin(request)
            findings.passes(checks.ORIGIN)
            visit.form = read_pairs(body, check=FORM_CHECK) if is_form(request) else []
            if not known or not is_page_token(visit.value("page"), known, _PURPOSE):
                raise Refusal(
                    REQUEST_INVALID,
                    check=FORM_CHECK,
                    because="The form did not come from a page that this server sent to this "
                    "browser: open the page again and send the form from there. Programs use the "
                    "control API.",
                )
            findings.passes(FORM_CHECK)
        return visit

    @property
    def platform(self) -> Platform:
        return self.exchange.platform

    @property
    def portal(self) -> Portal:
        return self.exchange.platform.portal

    @property
    def addresses(self) -> Addresses:
        """The server's addresses, with the name by which the browser called it."""
        return self.platform.addresses.seen_by(self.request.headers.get("host"))

    @property
    def uses_chrome(self) -> bool:
        """Whether the browser is Google Chrome, which the vendor's FAQ warns about.

        Other browsers contain its name in ``User-Agent`` too, but add their own name after it.
        """
        agent = self.request.headers.get("user-agent", "")
        return "Chrome/" in agent and not any(each in agent for each in ("Edg", "OPR/"))

    async def work(self, work: Callable[[], T]) -> T:
        """Runs work on the platform's state as a unit, in a thread: it may create a key, and the
        event loop serves all listeners."""
        units, again = self.platform.units, self.exchange.repeatable(work)
        return await run_in_threadpool(lambda: units.run(again))

    def value(self, name: str) -> str:
        """The value of a field of the form; an empty text without such a field."""
        return next((value for key, value in self.form if key == name), "")

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a field of the form."""
        return tuple(value for key, value in self.form if key == name)

    def application(self) -> Application:
        """The application that the address names. Raises an error if there is none."""
        return self.portal.require(self.request.path_params["name"])

    def show_without_form(self, template: str, *, status: int, **values: Any) -> Response:
        """A page of the portal without a form."""
        return page(
            f"portal/{template}",
            status=status,
            here=self.request.url.path,
            done=DONE.get(self.request.query_params.get("done", "")),
            **values,
        )

    def show(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page of the portal. Its forms carry a token that belongs to the browser's cookie."""
        token = page_token(self.secret, _PURPOSE)
        answer = self.show_without_form(template, status=status, page=token, **values)
        answer.set_cookie(FORM_COOKIE, self.secret, secure=True, httponly=True, samesite="strict")
        return answer

    def problem(self, refusal: Refusal) -> Response:
        """The page of a refusal, which the journal keeps."""
        kind = self.exchange.refuse(refusal)
        answer = self.show_without_form(
            "problem.html",
            status=kind.status,
            title="Not found" if refusal.kind.status == 404 else "This did not work",
            because=self.exchange.entry.refused_because,
            tracking_id=self.exchange.tracking_id,
        )
        answer.headers.update(refusal_headers(self.exchange, refusal))
        return answer

    def go(self, path: str, done: str = "") -> Response:
        """A redirect after a form: 303, so that reloading the page does not send the form again.

        ``done`` is a key of ``DONE``: the sentence that the page shows.
        """
        return RedirectResponse(f"{path}?done={done}" if done else path, 303, headers=PAGE_HEADERS)


def page_number(text: str | None) -> int:
    """The number of a list's page, starting with 1. It is 1 if the text is no such number."""
    sound = text is not None and text.isascii() and text.isdigit() and len(text) <= 9
    return max(int(text), 1) if text is not None and sound else 1


def query_of(**values: str | int) -> str:
    """A query string with a leading question mark."""
    return "?" + urlencode(values)


def events_of(page: str, query: str = "") -> str:
    """The address of the stream of a live page. ``query`` is the page's own, as it has it."""
    return f"{LIVE_PATH}{query_of(page=page)}{query.replace('?', '&', 1)}"


def path_of(application: Application) -> str:
    """The path of an application's page."""
    return f"{APPS}/{quote(application.name, safe='')}"


def status_of(application: Application) -> str:
    """The application's state in words. The vendor's own words for it are not public."""
    return "Approved" if application.approved else "Pending approval"
