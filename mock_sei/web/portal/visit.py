"""One request to the portal: its form, checked to come from our own page, and its answer's page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from mock_sei.errors import REQUEST_INVALID, Refusal
from mock_sei.platform import Platform
from mock_sei.portal.portal import Portal
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
from mock_sei.web.requests import exchange_of, find_cookie, refuse_announced_size

HOME = "/portal"
APPS = f"{HOME}/apps"

PAGE = 50
"""Entries of one page of a list."""

FORM_COOKIE = "__Host-mock-sei-form"
FORM_CHECK = "portal form"
_PURPOSE = "portal"

DONE = {
    "registered": "The application is registered.",
    "approved": "The application is approved. What it needs was mailed.",
    "changed": "The changes are saved.",
    "keys": "The keys are refreshed. The old ones are dead.",
    "link": "A new link was mailed. It is good for one download.",
    "renew": "A second certificate was made and its link mailed. The first works until it ends.",
    "request": "The request is signed. Download the certificate by the link in the mail.",
    "certificate": "The certificate is registered and opens port 444 from now on.",
    "revoke": "The certificate is revoked.",
    "deleted": "The application is deleted.",
}
"""What a page says after a form did its work; the address names the row."""


@dataclass(kw_only=True)
class Visit:
    """A request to the portal."""

    request: Request
    exchange: Exchange
    secret: str
    """Of the browser's form cookie; forms of other sites do not know it."""
    form: Pairs = field(default_factory=list)

    @classmethod
    async def begin(cls, request: Request) -> Visit:
        """Reads the form. Raises :class:`Refusal` for one that is not of our own page."""
        exchange = exchange_of(request)
        known = find_cookie(request.scope["headers"], FORM_COOKIE)
        visit = cls(
            request=request,
            exchange=exchange,
            secret=known or exchange.platform.portal.new_form_secret(),
        )
        if request.method == "POST":
            refuse_announced_size(request.scope["headers"])
            body = await request.body()
            refuse_other_origin(request)
            visit.form = read_pairs(body, check=FORM_CHECK) if is_form(request) else []
            if not known or not is_page_token(visit.value("page"), known, _PURPOSE):
                raise Refusal(
                    REQUEST_INVALID,
                    check=FORM_CHECK,
                    because="The form did not come from a page this server showed to this browser: "
                    "open the page again and send it from there. Programs use the control API.",
                )
        return visit

    @property
    def platform(self) -> Platform:
        return self.exchange.platform

    @property
    def portal(self) -> Portal:
        return self.exchange.platform.portal

    @property
    def uses_chrome(self) -> bool:
        """The FAQ warns its users; other browsers that name it too name themselves after it."""
        agent = self.request.headers.get("user-agent", "")
        return "Chrome/" in agent and not any(each in agent for each in ("Edg", "OPR/"))

    def value(self, name: str) -> str:
        """A field of the form, empty where it has none."""
        return next((value for key, value in self.form if key == name), "")

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.form if key == name)

    def application(self) -> Application:
        """The one the address names."""
        return self.portal.require(self.request.path_params["name"])

    def show_alone(self, template: str, *, status: int, **values: Any) -> Response:
        """A page of the portal without a form."""
        return page(
            f"portal/{template}",
            status=status,
            here=self.request.url.path,
            done=DONE.get(self.request.query_params.get("done", "")),
            **values,
        )

    def show(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page of the portal; its forms carry the browser's token."""
        token = page_token(self.secret, _PURPOSE)
        answer = self.show_alone(template, status=status, page=token, **values)
        answer.set_cookie(FORM_COOKIE, self.secret, secure=True, httponly=True, samesite="strict")
        return answer

    def go(self, path: str, done: str = "") -> Response:
        """After a form: 303, so that reloading the page does not send it again."""
        return RedirectResponse(f"{path}?done={done}" if done else path, 303, headers=PAGE_HEADERS)


def page_number(text: str | None) -> int:
    """The number of a list's page, from 1; 1 where the address names none."""
    sound = text is not None and text.isascii() and text.isdigit() and len(text) <= 9
    return max(int(text), 1) if text is not None and sound else 1


def query_of(**values: str | int) -> str:
    return "?" + urlencode(values)


def path_of(application: Application) -> str:
    return f"{APPS}/{quote(application.name, safe='')}"


def status_of(application: Application) -> str:
    """The vendor's names of the states are not public."""
    return "Approved" if application.approved else "Pending approval"
