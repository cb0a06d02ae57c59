"""Cursor paging: which records of a selection a page holds, and the links around it.

A cursor is the Base64 of the key of the first record it asks for (API-standards FAQ: of another
sequential property of the record), with a number behind it where several have that key. At most 50
records a page (portfolio pages); more are asked for and fewer come. The names ``cursor`` and
``next`` are assumed, as no page that shows them could be read; the rest of the paging object is
documented.
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
) -> tuple[Sequence[Record], dict[str, Any]]:
    """One page and its ``paging`` object.

    ``values`` holds ``limit`` and ``cursor`` beside the filters of the query, which the links
    repeat; ``url`` is the absolute address that was called; ``is_ordered`` says whether the key
    orders the records. Raises :class:`MalformedRequest`.
    """
    limit = _limit(values.get("limit"))
    cursor = values.get("cursor")
    start = 0 if cursor is None else _start(records, key, str(cursor), is_ordered=is_ordered)
    end = start + limit

    def link(position: int) -> str | None:
        if not 0 <= position < len(records):
            return None
        shown = {name: _text(value) for name, value in values.items()}
        query = {**shown, "limit": limit, "cursor": _cursor(records, key, position)}
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
            faults.append(Fault(name, "query", f"must be a whole number, not {text[:50]!r}"))
        elif text:
            numbers[name] = int(text)
    if faults:
        raise MalformedRequest(faults)
    first, size = numbers["startAt"], min(numbers["maxResult"], LARGEST_PAGE)
    paging = {"startAt": first, "maxResult": size, "total": len(records)}
    return records[first : first + size], paging


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
        fault = Fault("limit", "query", f"must be a whole number, not {text[:50]!r}")
        raise MalformedRequest([fault])
    limit = int(text)
    if limit < 1:
        raise MalformedRequest([Fault("limit", "query", f"must be at least 1, not {limit}")])
    return min(limit, LARGEST_PAGE)


_NUMBER_IN_KEY = "\x1f"
"""In a cursor between a key and a number, where several records have the key."""


def _cursor(records: Sequence[Record], key: str, position: int) -> str:
    value = find_value(records[position], key)
    number = 0
    while number < position and find_value(records[position - number - 1], key) == value:
        number += 1
    text = f"{value}{_NUMBER_IN_KEY}{number}" if number else str(value)
    return base64.b64encode(text.encode()).decode()


def _start(records: Sequence[Record], key: str, cursor: str, *, is_ordered: bool) -> int:
    """Position of the record a cursor names, or of the next one where it is gone."""
    try:
        text = base64.b64decode(cursor, validate=True).decode()
        value, _, number = text.partition(_NUMBER_IN_KEY)
        first = _position(records, key, value) if is_ordered else _search(records, key, value)
        return first + (abs(int(number)) if number else 0)
    except (binascii.Error, ValueError):
        fault = Fault("cursor", "query", "not a cursor of this resource; take it from paging")
        raise MalformedRequest([fault]) from None


def _position(records: Sequence[Record], key: str, text: str) -> int:
    """Where the key is or would be; a key may be a number in one record and text in another."""

    def place(value: object) -> int:
        return bisect_left(
            records, order_of(value), key=lambda record: order_of(find_value(record, key))
        )

    def is_here(position: int) -> bool:
        return position < len(records) and str(find_value(records[position], key)) == text

    try:
        as_number = place(float(text) if "." in text else int(text))
    except ValueError:
        numbers_alone = records and isinstance(find_value(records[-1], key), int | float)
        if numbers_alone:
            raise
        return place(text)
    if is_here(as_number) or not records:
        return as_number
    as_text = place(text)
    of_numbers = isinstance(find_value(records[0], key), int | float)
    return as_text if is_here(as_text) or not of_numbers else as_number


def _search(records: Sequence[Record], key: str, text: str) -> int:
    """``ValueError`` where no record has the key: none is next in an order of their own."""
    found = (n for n, record in enumerate(records) if str(find_value(record, key)) == text)
    position = next(found, None)
    if position is None:
        raise ValueError
    return position
