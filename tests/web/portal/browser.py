"""A simple browser for the portal: keeps the cookie, sends forms, and reads pages."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2

from mock_sei.portal.links import Link
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from mock_sei.web import pages
from tests.support import Served

LIVE_SCRIPT = (Path(pages.__file__).parent / "templates" / pages.SCRIPT).read_text("utf-8")
FORM = "/portal/apps/new"
SERVER_KIND = "server-server/server/anyone"
INJECTED = "\"><img src=x onerror=alert(1)>'&<script>alert(1)"
"""A valid name that would break out of text and attributes if it were not escaped."""


class Elements(HTMLParser):
    """All tags of a page with their attributes. An attribute must not be repeated in a tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        self.found.append((tag, dict(attrs)))


def elements(page: httpx2.Response) -> list[tuple[str, dict[str, str | None]]]:
    """All tags of a page, without the script that a live page has."""
    return Elements(page.text.replace(f"<script>{LIVE_SCRIPT}</script>", "", 1)).found


def value_of(page: httpx2.Response, name: str) -> str | None:
    """The value of a form field: of a text area, an input or the chosen option."""
    area = page.text.partition(f'<textarea id="{name}"')[2]
    if area:
        return html.unescape(area.partition(">")[2].partition("</textarea>")[0])
    inputs = [found for tag, found in elements(page) if tag == "input" and found["name"] == name]
    for found in inputs:
        if found.get("type") not in ("radio", "checkbox") or "checked" in found:
            return found.get("value")
    return None


def chosen(page: httpx2.Response, name: str) -> list[str | None]:
    return [
        found["value"]
        for tag, found in elements(page)
        if tag == "input" and found["name"] == name and "checked" in found
    ]


def is_unbroken(page: httpx2.Response) -> bool:
    """Whether nothing that was sent became an element or attribute of the page."""
    return not any(
        tag in ("script", "img", "iframe") or any(name.startswith("on") for name in attributes)
        for tag, attributes in elements(page)
    )


class Browser:
    """A browser that does not follow redirects."""

    def __init__(self, served: Served, **headers: str) -> None:
        self.served = served
        self.http = served.client(None, listener=Listener.ONE_WAY)
        self.http.follow_redirects = False
        self.http.headers.update(headers)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.http.get(path, headers=headers)

    def token(self) -> str:
        """The token of this browser's forms, read from a page."""
        shown = value_of(self.get(FORM), "page")
        assert shown
        return shown

    def post(
        self, path: str, data: Mapping[str, Any] | None = None, **headers: str
    ) -> httpx2.Response:
        """Sends a form of our own page."""
        return self.http.post(path, data={"page": self.token()} | dict(data or {}), headers=headers)

    def register(self, **changes: str | Sequence[str]) -> httpx2.Response:
        return self.post("/portal/apps", filled(**changes))

    def registered(self, **changes: str | Sequence[str]) -> Application:
        """Registers an application with the form."""
        answer = self.register(**changes)
        assert answer.status_code == 303, answer.text
        return list(self.served.platform.state.registry.applications.values())[-1]

    def link(self, account: str = "svc-demo") -> Link:
        return self.served.platform.portal.send_link(account)


def filled(**changes: str | Sequence[str]) -> dict[str, Any]:
    """The fields of the registration form with valid values."""
    return {
        "name": "Nightly",
        "kind": SERVER_KIND,
        "distribution_list": "team@example.com",
        "products": ["*"],
        "environments": ["build", "test"],
        "redirect_addresses": "",
        "source_addresses": "",
        "certificate": "sei",
    } | changes


def done(browser: Browser, answer: httpx2.Response) -> str:
    """The page after a button was pressed, which shows that it worked."""
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 200
    assert 'role="status"' in page.text
    return page.text
