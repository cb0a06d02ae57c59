"""What HTTP can carry: statuses without a body, header fields, JSON that a client can read.

Values are checked before they are stored for a later answer, so that the person who made a mistake
sees it. Source: RFC 9110 sections 5.1, 5.5, 8.6, 15.3.5, 15.3.6 and 15.4.5; RFC 8259.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mock_sei.values.json_numbers import plain_reason
from mock_sei.values.texts import spelled

LOWEST_STATUS, HIGHEST_STATUS = 200, 599
"""The range of statuses of a final answer. Lower ones are interim (RFC 9110 section 15.2)."""
WITHOUT_BODY = frozenset({204, 205, 304})
"""Statuses whose answer has no content."""
WITHOUT_LENGTH = frozenset({204, 304})
"""Statuses whose answer gets no ``Content-Length`` from us: 204 must not have one, and in 304 a
wrong one would be an error."""
DEEPEST_JSON = 100
"""The most levels of a JSON value, also in a body of a functional API. More levels count as an
attack, and no code recurses further."""
TOO_DEEP = f"more than {DEEPEST_JSON} levels"
LONGEST_TEXT = 2000
"""The most characters of a name or pattern that is stored and compared with every call."""
LARGEST_HEAD = 32 * 1024
"""The most bytes of the header fields of one answer. Clients read at most 64 KiB."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_MEDIA_TYPE = re.compile(r"[\t\x20-\x7e]+")

_OWN_HEADERS: Mapping[str, str] = {
    "date": "the server sends its own",
    "requesttrackingid": "every answer has its own",
    "transfer-encoding": "the answer is sent whole, with its length",
    "keep-alive": "it belongs to the connection; use Connection: close",
    "proxy-connection": "it belongs to the connection; use Connection: close",
    "te": "it belongs to requests",
    "trailer": "the server sends no trailers",
    "upgrade": "the connection stays HTTP/1.1",
}
"""Header fields that an answer cannot set, each with the reason."""


def shown(value: object) -> str:
    """Any value in a message: short and in one line."""
    try:
        text = spelled(value)
    except Exception:  # for instance a number with more digits than Python writes
        text = f"<{type(value).__name__}>"
    text = text if len(text) <= 100 else f"{text[:100]}…"
    return text.encode(errors="backslashreplace").decode()


def find_status_problem(status: object) -> str | None:
    """Why no answer can have this status; None if one can."""
    if isinstance(status, bool) or not isinstance(status, int):
        return f"{shown(status)}: must be a whole number"
    if not LOWEST_STATUS <= status <= HIGHEST_STATUS:
        return f"{shown(status)}: must be a status from {LOWEST_STATUS} to {HIGHEST_STATUS}"
    return None


def find_header_problem(headers: object, status: int, size: int) -> str | None:
    """Why an answer with this status and body size cannot have these header fields; None if it
    can."""
    if not isinstance(headers, Mapping):
        return f"must be names with their values, not {type(headers).__name__}"
    seen: set[str] = set()
    for name, value in headers.items():
        problem = _find_field_problem(name, value, size)
        if problem is None and name.lower() in seen and name.lower() != "set-cookie":
            problem = "given twice; upper and lower case make no difference"
        elif problem is None and name.lower() == "content-length" and status in WITHOUT_LENGTH:
            problem = f"an answer with status {status} must not have it"
        if problem is not None:
            return f"{shown(name)}: {problem}"
        seen.add(name.lower())
    if sum(len(name) + len(value) + 4 for name, value in headers.items()) > LARGEST_HEAD:
        return f"at most {LARGEST_HEAD} bytes of header fields are allowed"
    return None


def _find_field_problem(name: object, value: object, size: int) -> str | None:
    if not isinstance(name, str) or not isinstance(value, str):
        return "name and value must be texts"
    if not _TOKEN.fullmatch(name):
        return "not a header name: only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, 5.1)"
    if not _VALUE.fullmatch(value):
        return "the value must be one line of Latin-1 characters (RFC 9110, 5.5)"
    lowered = name.lower()
    if lowered == "content-length" and value != str(size):
        return f"the body has {size} bytes; leave it out"
    if lowered == "connection" and value.lower() not in ("close", "keep-alive"):
        return "must be close or keep-alive"
    return _OWN_HEADERS.get(lowered)


def is_token(value: str) -> bool:
    """Whether the text can be a method or a header name (RFC 9110, 5.6.2)."""
    return _TOKEN.fullmatch(value) is not None


def is_media_type(value: str) -> bool:
    """Whether ``Content-Type`` can have this value.

    A test may choose a wrong media type on purpose.
    """
    return _MEDIA_TYPE.fullmatch(value) is not None


def json_content(value: Any) -> bytes:
    """A value as JSON in ASCII. Raises ``ValueError`` with the reason if it cannot be sent."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        content = text.encode()
        check_depth(value)
        return content if text.isascii() else json.dumps(value).encode()
    except ValueError as error:
        raise ValueError(f"cannot be sent as JSON: {plain_reason(error)[:200]}") from None
    except (TypeError, RecursionError, OverflowError) as error:
        raise ValueError(f"cannot be sent as JSON: {str(error)[:200]}") from None


def check_depth(value: Any) -> None:
    """Raises ``ValueError`` for more than :data:`DEEPEST_JSON` levels.

    It works level by level, and visits each container of a level once.
    """
    level = [value] if isinstance(value, _CONTAINERS) else []
    depth = 0
    while level:
        depth += 1
        if depth > DEEPEST_JSON:
            raise ValueError(TOO_DEEP)
        below: dict[int, Any] = {}
        for each in level:
            parts = each.values() if isinstance(each, dict) else each
            below.update((id(part), part) for part in parts if isinstance(part, _CONTAINERS))
        level = list(below.values())


_CONTAINERS = (dict, list, tuple)
