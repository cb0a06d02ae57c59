"""A browser without script that tries operations: it reads a page's form, and sends it."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import httpx2

from tests.patience import PATIENCE


def _sent(text: str) -> str:
    """The text of a text area as a browser sends it: without the first line break, with CRLF."""
    return text.replace("\r\n", "\n").removeprefix("\n").replace("\n", "\r\n")


class FormReader(HTMLParser):
    """The fields of the form that tries an operation, as a browser would send them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._inside = self._area = False
        self._select = ""
        self._name = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._inside = found.get("class") == "trial"
        if not self._inside:
            return
        if tag == "input":
            self.fields[str(found["name"])] = found.get("value") or ""
        if tag == "select":
            self._select = str(found["name"])
        if tag == "option" and (self._select not in self.fields or "selected" in found):
            self.fields[self._select] = str(found["value"])
        if tag == "textarea":
            self._name, self._area = str(found["name"]), True
            self.fields[self._name] = ""

    def handle_endtag(self, tag: str) -> None:
        self._area = self._area and tag != "textarea"
        self._inside = self._inside and tag != "form"

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._name] += _sent(data)


class Visitor:
    """A browser without script, in front of one server."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http

    def send(self, address: str, **changed: str) -> httpx2.Response:
        """Opens the page of an operation, and sends its form with some fields changed."""
        shown = self.http.get(address)
        assert shown.status_code == 200, shown.text
        fields = FormReader(shown.text).fields
        assert fields, "the page has no form"
        return self.http.post(address, data=fields | changed, timeout=PATIENCE)


def words_of(page: httpx2.Response) -> str:
    """The text of the page's main part."""
    main = page.text.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())
