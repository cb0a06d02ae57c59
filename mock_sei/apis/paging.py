"""Cursor paging: the records of one page, and the links to other pages.

A cursor is the Base64 of the key of the page's first record (API-standards FAQ: of another
sequential property of the record). If several records have this key, or if the caller chose the
order, the record's position follows the key. With ``encoded=false`` a cursor is plain text
(third-parties page). A page has at most 50 records (portfolio pages), even if a client asks for
more. The names ``cursor`` and ``next`` are assumed, because we could read no page that shows them.
The rest of the paging object is documented.
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
from mock_sei.assumptions.groups import PagingRules
from mock_sei.errors import InvalidValue, MalformedRequest

USUAL_RULES = PagingRules()


def page(
    records: Sequence[Record],
    *,
    key: str,
    values: Mapping[str, Value],
    url: str,
    is_ordered: bool = True,
    encoded: bool = True,
    rules: PagingRules = USUAL_RULES,
) -> tuple[Sequence[Record], dict[str, Any]]:
    """One page and its ``paging`` object.

    ``values`` holds ``limit``, ``cursor`` and the filters of the query, which the links repeat.
    ``url`` is the absolute URL of the call. ``is_ordered`` says whether the key orders the records.
    ``rules`` has the names on the wire and the sizes. Raises :class:`MalformedRequest`.
    """
    asked = size_of(values.get("limit"), least=LEAST_SIZES["limit"])
    limit = min(asked or rules.default, rules.maximum)
    cursor = values.get("cursor")
    start = (
        0
        if cursor is None
        else _start(
            records,
            key,
            str(cursor),
            is_ordered=is_ordered,
            encoded=encoded,
            name=rules.cursor,
        )
    )
    end = start + limit

    def cursor_of(position: int) -> str:
        text = _cursor(records, key, position, is_ordered=is_ordered)
        return base64.b64encode(text.encode()).decode() if encoded else text

    def link(position: int) -> str | None:
        if not 0 <= position < len(records):
            return None
        shown = {name: _text(value) for name, value in values.items() if name not in _OWN}
        query = {**shown, rules.limit: limit, rules.cursor: cursor_of(position)}
        return f"{begin}?{urlencode(query)}"

    begin = url if rules.absolute_links else f"/{url.partition('://')[2].partition('/')[2]}"
    paging = {
        rules.total: len(records),
        rules.limit: limit,
        rules.previous: link(max(0, start - limit)) if start > 0 else None,
        rules.next: link(end),
    }
    return records[start:end], paging


_OWN = frozenset({"limit", "cursor"})


def offset_page(
    records: Sequence[Record],
    *,
    start: Value | None,
    count: Value | None,
    rules: PagingRules = USUAL_RULES,
) -> tuple[Sequence[Record], dict[str, Any]]:
    """Work Desk's paging: ``count`` records from the position ``start`` on (names documented)."""
    first, size = (
        size_of(start, least=LEAST_SIZES["start"]) or 0,
        size_of(count, least=LEAST_SIZES["count"]),
    )
    size = min(rules.default if size is None else size, rules.maximum)
    paging = {"startAt": first, "maxResult": size, "total": len(records)}
    return records[first : first + size], paging


LEAST_SIZES = {"limit": 1, "count": 0, "start": 0}
"""The least value for each ``use`` of a parameter."""


def size_of(asked: Value | None, *, least: int) -> int | None:
    """A size or position that a call names. Some pages declare it as a number, others as a text.

    None if it is not an integer or below the least. No page says that such a value is refused, so
    it counts as not sent.
    """
    text = "" if asked is None else str(asked)
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_SIZE:
        return None
    size = int(text)
    return size if size >= least else None


_LONGEST_SIZE = 20
"""The most digits of a number."""


def find_size_note(
    name: str, use: str, asked: Value | None, largest: int = USUAL_RULES.maximum
) -> str | None:
    """What the journal says if a size or position is not used as sent; otherwise None.

    ``use`` is a key of ``LEAST_SIZES``, ``largest`` the largest page.
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
    if size > largest and use != "start":
        return f"{name}={size}: a page has at most {largest} records; follow paging for the others"
    return None


def _text(value: Value) -> str:
    """A value as a query holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_text, value)) if isinstance(value, tuple) else str(value)


_BEFORE_POSITION = "\x1f"
"""Separates the key from the position in a cursor, if the key does not identify one record."""


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
    records: Sequence[Record],
    key: str,
    cursor: str,
    *,
    is_ordered: bool,
    encoded: bool,
    name: str,
) -> int:
    """The position of the record that a cursor names, or of the next one if that record is gone."""
    try:
        text = base64.b64decode(cursor, validate=True).decode() if encoded else cursor
        if not is_ordered and _BEFORE_POSITION not in text:
            raise ValueError
        return _first(records, key, text)
    except (binascii.Error, ValueError):
        fault = InvalidValue(name, "query", "not a cursor of this resource; take it from paging")
        raise MalformedRequest([fault]) from None


def _first(records: Sequence[Record], key: str, text: str) -> int:
    """The position of a key. Raises ``ValueError`` if these records cannot have such a key."""
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
