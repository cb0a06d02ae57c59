"""The headers that a document declares for an answer: sent back, shown, or made.

Sources: OpenAPI 3.1.1 section 4.8.21; RFC 9110 sections 5 and 10.2.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mock_sei.apis.examples import answer_value, shown_values
from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample
from mock_sei.sendable import LARGEST_HEAD, find_header_problem

_NOT_DECLARED = frozenset(
    [
        "accept-ranges",
        "allow",
        "connection",
        "content-disposition",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "server",
        "transfer-encoding",
    ]
)
"""What the body and the connection decide, whatever a document says."""

_ONLY_SHOWN = frozenset(["etag", "last-modified", "set-cookie", "strict-transport-security"])
_ONLY_SHOWN_FAMILIES = ("access-control-", "content-", "cross-origin-")
"""A made value of these would change what a client does; they are sent as an example has them."""

_NOT_ECHOED = frozenset(
    [
        "appkey",
        "authorization",
        "cache-control",
        "cookie",
        "host",
        "link",
        "location",
        "pragma",
        "proxy-authorization",
        "range",
        "via",
        "warning",
    ]
)
"""Headers of requests that are secret, or mean something else in an answer."""


def answer_headers(
    response: Mapping[str, Any],
    document: Document,
    *,
    asked: Mapping[str, Sequence[str]],
    location: str,
    notes: list[str],
) -> dict[str, str]:
    """Name and value of each header of a response that can be sent.

    ``asked`` are the headers of the request: one of the same name is sent back, as tracking
    identifiers are. ``location`` is what a ``Location`` without an example leads to.
    """
    found: dict[str, str] = {}
    size = 0
    for name, entry in (response.get("headers") or {}).items():
        header = document.follow(entry, "headers")
        lowered = str(name).lower()
        if lowered in _NOT_DECLARED or not isinstance(header, Mapping):
            continue
        text = next(_values(lowered, header, document, asked, location), None)
        if text is None:
            continue
        size += len(name) + len(text) + 4
        problem = find_header_problem({name: text}, 200, 0)
        if problem is None and size <= LARGEST_HEAD:
            found[name] = text
        elif problem is not None:
            notes.append(f"a header of the answer is left out, {problem}")
    return found


def _values(
    name: str,
    header: Mapping[str, Any],
    document: Document,
    asked: Mapping[str, Sequence[str]],
    location: str,
) -> Iterator[str]:
    """The first of them is sent."""
    schema = _schema(header)
    sent = asked.get(name, ())
    if len(sent) == 1 and name not in _NOT_ECHOED and _fits(sent[0], schema, document):
        yield sent[0]
    for each in shown_values(header, document):
        yield header_text(each, explode=header.get("explode") is True)
    followed = document.follow(schema, "headers")
    is_shown = isinstance(followed, Mapping) and not _SHOWN.isdisjoint(followed)
    if name == "location" and not is_shown:
        yield location
    if is_shown or not (name in _ONLY_SHOWN or name.startswith(_ONLY_SHOWN_FAMILIES)):
        made = (
            sample(schema, document) if "content" not in header else _of_content(header, document)
        )
        yield header_text(made.value, explode=header.get("explode") is True)


_SHOWN = frozenset(["example", "examples", "default", "const", "enum"])


_TEXT: Mapping[str, Any] = {"type": "string"}
_NOTHING: Mapping[str, Any] = {}


def _schema(header: Mapping[str, Any]) -> Any:
    return header.get("schema", True if "content" in header else _TEXT)


def _of_content(header: Mapping[str, Any], document: Document) -> Any:
    media_type, media = next(iter(header["content"].items()), ("", _NOTHING))
    return answer_value(document.follow(media, "headers"), document, media_type)


def _fits(text: str, schema: Any, document: Document) -> bool:
    """Whether a value of a request's header may be sent back: as the text or the JSON it is."""
    checker = document.checker(schema)
    if checker.is_valid(text):
        return True
    try:
        return checker.is_valid(json.loads(text))
    except (ValueError, RecursionError):
        return False


def header_text(value: Any, *, explode: bool = False) -> str:
    """A value in the style ``simple`` (OpenAPI 3.1.1 section 4.8.12.2)."""
    if isinstance(value, Mapping):
        sign = "=" if explode else ","
        return ",".join(f"{name}{sign}{header_text(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ",".join(map(header_text, value))
    return value if isinstance(value, str) else json.dumps(value)
