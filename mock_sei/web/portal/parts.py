"""The parts of a live page: what of a page has changed, as the page itself has it.

A template marks a part with ``<!--part NAME-->`` and ``<!--/part-->``, and an item of a list in it
with ``<!--item KEY-->`` and ``<!--/item-->``. Values are escaped, so that no value looks like a
mark. The element of a part has the attribute ``data-part``, that of an item ``data-key``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = re.compile(r"<!--part ([\w-]+)-->(.*?)<!--/part-->", re.DOTALL)
_ITEM = re.compile(r"<!--item (\d+)-->(.*?)<!--/item-->", re.DOTALL)
_LINE = re.compile(r"\r\n|\r|\n")


class SentParts:
    """What one browser has of a page. It remembers a number for each part, not the text."""

    def __init__(self) -> None:
        self._parts: dict[str, int] = {}
        self._items: dict[str, int] = {}

    def news(self, page: str) -> str:
        """The parts of a page that the browser does not have; an empty text if it has all of them.

        In the place of an item that it has, there is an empty element with the item's key.
        """
        parts = {found[1]: found[2] for found in _PART.finditer(page)}
        marks = {name: hash(text) for name, text in parts.items()}
        changed = [name for name in parts if marks[name] != self._parts.get(name)]
        had, self._parts, self._items = self._items, marks, {}
        items: dict[str, int] = {}

        def shortened(found: re.Match[str]) -> str:
            key, text = found[1], found[2]
            items[key] = hash(text)
            same = had.get(key) == items[key]
            return f'<li data-key="{key}" data-same></li>' if same else text

        told = {name: _ITEM.sub(shortened, text) for name, text in parts.items()}
        self._items = items
        return "".join(told[name] for name in changed)


def event(name: str, text: str) -> bytes:
    """An event of a stream (HTML Living Standard, server-sent events).

    A line must not break off: a value may have a carriage return, which ends a line too.
    """
    return "".join(_lines(name, text)).encode()


def _lines(name: str, text: str) -> Iterator[str]:
    yield f"event: {name}\n"
    for line in _LINE.split(text):
        yield f"data: {line}\n"
    yield "\n"
