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
from mock_sei.errors import InvalidValue, MalformedRequest

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
    limit = min(
        size_of(values.get("limit"), least=LEAST_SIZES["limit"]) or LARGEST_PAGE, LARGEST_PAGE
    )
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
    first, size = (
        size_of(start, least=LEAST_SIZES["start"]) or 0,
        size_of(count, least=LEAST_SIZES["count"]),
    )
    size = LARGEST_PAGE if size is None else min(size, LARGEST_PAGE)
    paging = {"startAt": first, "maxResult": size, "total": len(records)}
    return records[first : first + size], paging


LEAST_SIZES = {"limit": 1, "count": 0, "start": 0}
"""By the use of a parameter."""


def size_of(asked: Value | None, *, least: int) -> int | None:
    """A size or position that a call names; pages declare some as a number, some as text.

    None for what is no whole number or below the least: no page says that it is refused, so it
    counts as not sent.
    """
    text = "" if asked is None else str(asked)
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_SIZE:
        return None
    size = int(text)
    return size if size >= least else None


_LONGEST_SIZE = 20
"""Digits."""


def find_size_note(name: str, use: str, asked: Value | None) -> str | None:
    """What the journal says of a size or position that is not taken as sent; None for others.

    ``use`` is one of ``LEAST_SIZES``.
    """
    if asked is None:
        return None
    least = LEAST_SIZES[use]
    size = size_of(asked, least=least)
    if size is None:
        return (
            f"{name} must be a whole number, {least} or more; the call is answered as if {name} "
            "had not been sent"
        )
    if size > LARGEST_PAGE and use != "start":
        return (
            f"{name}={size}: a page has at most {LARGEST_PAGE} records; "
            "follow paging for the others"
        )
    return None


def _text(value: Value) -> str:
    """As a query holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_text, value)) if isinstance(value, tuple) else str(value)


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
        fault = InvalidValue(
            "cursor", "query", "not a cursor of this resource; take it from paging"
        )
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
