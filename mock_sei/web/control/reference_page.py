"""The control API's reference at ``/docs``: a page with all calls, and a page for each subject.

It is rendered on the server from :mod:`mock_sei.web.control.call_texts`, in the dress of the
portal, without scripts. Its lines for a shell have the addresses of this server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mock_sei.journal.highlighting import highlighted
from mock_sei.operations.table import TABLE
from mock_sei.rules.addresses import HOME
from mock_sei.values.cached import cached_property
from mock_sei.web.control.call_texts import CallText, call_texts, sentence
from mock_sei.web.control.calls import platform_of_call
from mock_sei.web.control.described import REFUSALS
from mock_sei.web.control.own_files import file_answer
from mock_sei.web.control.viewer_page import VIEWER_PATH
from mock_sei.web.pages import PAGE_HEADERS, POLICY, page

REFERENCE_PATH = "/docs"


def add_reference(app: FastAPI) -> None:
    """Adds the pages. Each is made at its first visit."""
    pages = _ReferencePages(app)
    groups = dict.fromkeys(row.group for row in TABLE)
    for path in (REFERENCE_PATH, *map(path_of_group, groups)):
        app.add_route(path, pages.answer, methods=["GET"], include_in_schema=False)


def path_of_group(group: str) -> str:
    """The path of the page of a subject."""
    return f"{REFERENCE_PATH}/{group.lower().replace(' ', '-')}"


class SeenAddresses(NamedTuple):
    """The addresses in the pages, as a visitor reaches them."""

    control: str
    portal: str


class _ReferencePages:
    """The pages as they were made for the last visitor, whose addresses they show."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._made: dict[str, tuple[SeenAddresses, HTMLResponse]] = {}

    def answer(self, request: Request) -> Response:
        made = self._page(request)
        policy = {POLICY: made.headers[POLICY]}
        return file_answer(
            request, bytes(made.body), media_type="text/html", headers=PAGE_HEADERS | policy
        )

    def _page(self, request: Request) -> HTMLResponse:
        path, host = request.scope["path"], request.headers.get("host")
        addresses = platform_of_call(request).addresses
        portal = f"{addresses.seen_by(host).one_way}{HOME}"
        seen = SeenAddresses(control=addresses.control_as_called(host), portal=portal)
        made_for, made = self._made.get(path, (None, None))
        if made is None or made_for != seen:
            made = _Reference(document=self._app.openapi(), seen=seen).page(path)
            self._made[path] = seen, made
        return made


class CallGroup(NamedTuple):
    """The calls of one subject."""

    name: str
    path: str
    calls: Sequence[CallText]


class TextPiece(NamedTuple):
    """A piece of a text: code, or words; code that is a call leads to its entry."""

    text: str
    is_code: bool
    href: str | None


@dataclass(frozen=True, kw_only=True)
class _Reference:
    """All calls, with the addresses of a server."""

    document: Mapping[str, Any]
    seen: SeenAddresses

    def page(self, path: str) -> HTMLResponse:
        """The page at a path."""
        values: dict[str, Any] = {
            "groups": self.groups,
            "here": path,
            "index": REFERENCE_PATH,
            "viewer": VIEWER_PATH,
            "control": self.seen.control,
            "portal": self.seen.portal,
            "pieces": self._pieces,
            "highlighted": highlighted,
        }
        for group in self.groups:
            if group.path == path:
                return page("control/calls.html", **values, group=group)
        problem = self.document["components"]["schemas"]["Problem"]
        return page(
            "control/reference.html",
            **values,
            refusals={status: sentence(what) for status, what in REFUSALS.items()},
            problem=json.dumps(problem["examples"][0], indent=2),
            problem_members={
                name: sentence(each["description"]) for name, each in problem["properties"].items()
            },
        )

    @cached_property
    def groups(self) -> list[CallGroup]:
        calls = call_texts(self.document, self.seen.control)
        return [
            CallGroup(name, path_of_group(name), list(those))
            for name, those in groupby(calls, key=lambda each: each.group)
        ]

    @cached_property
    def _hrefs(self) -> Mapping[str, str]:
        """Where each call has its entry."""
        return {
            call.title: f"{group.path}#{call.anchor}"
            for group in self.groups
            for call in group.calls
        }

    def _pieces(self, text: str) -> list[TextPiece]:
        """The pieces of a text whose code stands between backticks."""
        return [
            TextPiece(piece, bool(index % 2), self._hrefs.get(piece) if index % 2 else None)
            for index, piece in enumerate(re.split(r"`([^`]+)`", text))
            if piece
        ]
