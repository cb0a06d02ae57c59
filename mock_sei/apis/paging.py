"""Cursor paging: which records of a selection a page holds, and the links around it.

A cursor is the Base64 of the key of the first record it asks for (API-standards FAQ: of another
sequential property of the record), and of its row number where the caller chose the order. It is
the bare text where ``encoded=false`` is asked for (third-parties page). At most 50 records a page
(portfolio pages); more are asked for and fewer come. The names ``cursor`` and ``next`` are assumed,
as no page that shows them could be read; the rest of the paging object is documented.
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
    key: str | None,
    values: Mapping[str, Value],
    url: str,
    encoded: bool = True,
) -> tuple[Sequence[Record], dict[str, Any]]:
    """One page and its ``paging`` object.

    ``key`` is the field by which the records are ordered, None where it is not one that tells them
    apart.

    ``values`` holds ``limit`` and ``cursor`` beside the filters of the query, which the links
    repeat; ``url`` is the absolute address that was called. Raises :class:`MalformedRequest`.
    """
    limit = _limit(values.get("limit"))
    start = _start(records, key, values.get("cursor"), encoded=encoded)
    end = start + limit

    def link(position: int) -> str | None:
        if not 0 <= position < len(records):
            return None
        shown = {name: _text(value) for name, value in values.items()}
        place = str(position if key is None else find_value(records[position], key))
        query = {**shown, "limit": limit, "cursor": _cursor(place) if encoded else place}
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


def _cursor(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def _start(
    records: Sequence[Record], key: str | None, cursor: Value | None, *, encoded: bool
) -> int:
    """Position of the record a cursor names, or of the next one where it is gone."""
    if cursor is None:
        return 0
    try:
        text = str(cursor)
        if encoded:
            text = base64.b64decode(text, validate=True).decode("utf-8")
        if key is None:
            return _row(text)
        wanted: object = text
        if records and isinstance(find_value(records[0], key), int):
            wanted = int(text)
    except (binascii.Error, ValueError):
        fault = Fault("cursor", "query", "not a cursor of this resource; take it from paging")
        raise MalformedRequest([fault]) from None
    return bisect_left(
        records, order_of(wanted), key=lambda record: order_of(find_value(record, key))
    )


def _row(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError
    return int(text)
