"""Cursor paging: which records of a selection a page holds, and the links around it.

A cursor is the Base64 of the key of the first record it asks for (API-standards FAQ: of another
sequential property of the record), with its position behind it where several have that key, or
where the caller chose the order. It is the bare text where ``encoded=false`` is asked for
(third-parties page). At most 50 records a page (portfolio pages); more are asked for and fewer
come. The names ``cursor`` and ``next`` are assumed, as no page that shows them could be read; the
rest of the paging object is documented.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from mock_sei.apis.collections import Record, find_value, order_of
from mock_sei.apis.parameters import Value
from mock_sei.errors import Fault, MalformedRequest

LARGEST_PAGE = 50


def page(
    records: Sequence[Record],
    *,
    key: str,
    values: Mapping[str, Value],
    url: str,
    is_ordered: bool = True,
    encoded: bool = True,
) -> tuple[Sequence[Record], dict[str, Any]]:
    """One page and its ``paging`` object.

    ``values`` holds ``limit`` and ``cursor`` beside the filters of the query, which the links
    repeat; ``url`` is the absolute address that was called; ``is_ordered`` says whether the key
    orders the records. Raises :class:`MalformedRequest`.
    """
    limit = _limit(values.get("limit"))
    cursor = values.get("cursor")
    start = (
        0
        if cursor is None
        else _start(records, key, str(cursor), is_ordered=is_ordered, encoded=encoded)
    )
    end = start + limit

    def cursor_of(position: int) -> str:
        text = _cursor(records, key, position, is_ordered=is_ordered)
        return base64.b64encode(text.encode()).decode() if encoded else text

    def link(position: int) -> str | None:
        if not 0 <= position < len(records):
            return None
        shown = {name: _text(value) for name, value in values.items()}
        query = {**shown, "limit": limit, "cursor": cursor_of(position)}
        return f"{url}?{urlencode(query)}"

    paging = {
        "totalCount": len(records),
        "limit": limit,
        "previous": link(max(0, start - limit)) if start > 0 else None,
        "next": link(end),
    }
    return records[start:end], paging


def offset_page(
    records: Sequence[Record], *, start: Value | None, count: Value | None
) -> tuple[Sequence[Record], dict[str, Any]]:
    """Work Desk's paging: from a position on, so many (names of the parameters documented)."""
    faults = []
    numbers = {"startAt": 0, "maxResult": LARGEST_PAGE}
    for name, value in (("startAt", start), ("maxResult", count)):
        text = "" if value is None else str(value)
        if text and not (text.isascii() and text.isdigit() and len(text) < 10):
            faults.append(Fault(name, "query", f"must be a whole number, not {text!r}"))
        elif text:
            numbers[name] = int(text)
    if faults:
        raise MalformedRequest(faults)
    first, size = numbers["startAt"], min(numbers["maxResult"], LARGEST_PAGE)
    paging = {"startAt": first, "maxResult": size, "total": len(records)}
    return records[first : first + size], paging


def find_size_note(name: str, asked: Value | None) -> str | None:
    """What the journal says where a page is smaller than was asked for; of a size that is right."""
    text = "" if asked is None else str(asked)
    if not (text.isascii() and text.isdigit()) or int(text) <= LARGEST_PAGE:
        return None
    return f"{name}={text}: a page has at most {LARGEST_PAGE} records; follow paging for the others"


def _text(value: Value) -> str:
    """As a query holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_text, value)) if isinstance(value, tuple) else str(value)


def _limit(asked: Value | None) -> int:
    """A limit is declared as a number on some pages and as text on others."""
    if asked is None:
        return LARGEST_PAGE
    text = str(asked)
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 20:
        fault = Fault("limit", "query", f"must be a whole number, not {text!r}")
        raise MalformedRequest([fault])
    limit = int(text)
    if limit < 1:
        raise MalformedRequest([Fault("limit", "query", f"must be at least 1, not {limit}")])
    return min(limit, LARGEST_PAGE)


_BEFORE_POSITION = "\x1f"
"""In a cursor behind a key that does not find its record alone: one of several with it."""


def _cursor(records: Sequence[Record], key: str, position: int, *, is_ordered: bool) -> str:
    text = str(find_value(records[position], key))
    if not is_ordered or not _finds(records, key, text, position):
        text = f"{text}{_BEFORE_POSITION}{position}"
    return text


def _finds(records: Sequence[Record], key: str, text: str, position: int) -> bool:
    try:
        return _first(records, key, text) == position
    except ValueError:
        return False


def _start(
    records: Sequence[Record], key: str, cursor: str, *, is_ordered: bool, encoded: bool
) -> int:
    """Position of the record a cursor names, or of the next one where it is gone."""
    try:
        text = base64.b64decode(cursor, validate=True).decode() if encoded else cursor
        if not is_ordered and _BEFORE_POSITION not in text:
            raise ValueError
        return _first(records, key, text)
    except (binascii.Error, ValueError):
        fault = Fault("cursor", "query", "not a cursor of this resource; take it from paging")
        raise MalformedRequest([fault]) from None


def _first(records: Sequence[Record], key: str, text: str) -> int:
    """``ValueError`` for a text that no key of these records can be."""
    _, mark, position = text.rpartition(_BEFORE_POSITION)
    if mark and position.isascii() and position.isdigit() and len(position) < 10:
        return int(position)
    if records and isinstance(find_value(records[-1], key), int | float):
        return _place(records, key, float(text) if "." in text else int(text))
    return _place(records, key, text)


def _place(records: Sequence[Record], key: str, value: object) -> int:
    return bisect_left(
        records, order_of(value), key=lambda record: order_of(find_value(record, key))
    )
