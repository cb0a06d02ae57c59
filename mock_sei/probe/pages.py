"""The forms of a page in HTML, and how a log-in fills them in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

LARGEST_PAGE = 256 * 1024
"""Bytes of a page that are read."""
_NO = re.compile(r"(?i)deny|cancel|decline|reject|refuse|back|help|forgot")
_LEFT = frozenset({"submit", "image", "button", "reset", "file"})
_CHECKED = frozenset({"checkbox", "radio"})


@dataclass(kw_only=True)
class PageForm:
    """A form of a page."""

    action: str
    is_post: bool
    fields: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, type and value of each input that a browser would send."""
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """Name and value of each button."""

    @property
    def has_password(self) -> bool:
        return any(kind == "password" for _, kind, _ in self.fields)

    def filled(self, user: str, password: str) -> tuple[tuple[str, str], ...]:
        """The fields as a user sends them who agrees to everything."""
        sent: list[tuple[str, str]] = []
        is_named = False
        for name, kind, value in self.fields:
            if kind == "password":
                sent.append((name, password))
            elif kind in ("text", "email") and not is_named:
                sent.append((name, user))
                is_named = True
            else:
                sent.append((name, value))
        agree = (each for each in self.buttons if not _NO.search(" ".join(each)))
        name, value = next(agree, ("", ""))
        return (*sent, (name, value)) if name else tuple(sent)


def find_form(page: bytes) -> PageForm | None:
    """The form of a page that a user would fill in: the one with a password, or the first."""
    reader = _FormReader()
    reader.feed(page[:LARGEST_PAGE].decode("utf-8", "replace"))
    forms: Sequence[PageForm] = reader.forms
    return next((each for each in forms if each.has_password), forms[0] if forms else None)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            is_post = given.get("method", "").lower() == "post"
            self.forms.append(PageForm(action=given.get("action", ""), is_post=is_post))
            self._is_inside = True
        elif self._is_inside and tag in ("input", "button"):
            self._put(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False

    def _put(self, tag: str, given: dict[str, str]) -> None:
        form = self.forms[-1]
        kind = given.get("type", "submit" if tag == "button" else "text").lower()
        name, value = given.get("name", ""), given.get("value", "")
        if kind in ("submit", "image"):
            form.buttons.append((name, value))
        elif name and kind not in _LEFT and (kind not in _CHECKED or "checked" in given):
            form.fields.append((name, kind, value))
