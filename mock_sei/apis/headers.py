"""The headers that a document declares for an answer: copied from the request, from an example, or
made.

Sources: OpenAPI 3.1.1 section 4.8.21; RFC 9110 sections 5 and 10.2.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mock_sei.apis.examples import answer_value, read_json_text, shown_values
from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample
from mock_sei.values.sendable import LARGEST_HEAD, find_header_problem

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
"""Headers that depend on the body and the connection. What a document declares for them is
ignored."""

_ONLY_SHOWN = frozenset(["etag", "last-modified", "set-cookie", "strict-transport-security"])
_ONLY_SHOWN_FAMILIES = ("access-control-", "content-", "cross-origin-")
"""Headers whose made-up values would change how a client behaves. They are sent only with the value
of an example."""

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
"""Request headers that are not copied to the answer: they are secret or have another meaning
there."""


def answer_headers(
    response: Mapping[str, Any],
    document: Document,
    *,
    asked: Mapping[str, Sequence[str]],
    location: str,
    notes: list[str],
) -> dict[str, str]:
    """The name and value of each declared header that can be sent.

    ``asked`` are the headers of the request. A declared header of the same name is copied from
    there, as clients expect of tracking identifiers. ``location`` is the value of a ``Location``
    header without an example.
    """
    if not response.get("headers"):
        return {}
    kept = document.derived("headers", response, lambda: {"of": _declared(response, document)})
    declared: _Declared = kept["of"]
    notes += declared.notes
    found, size = dict(declared.texts), _size_of(declared.texts)
    for name, text in _of_call(declared, document, asked, location):
        more = len(name) + len(text) + 4 - _size_of({name: found[name]} if name in found else {})
        if size + more <= LARGEST_HEAD and find_header_problem({name: text}, 200, 0) is None:
            found[name] = text
            size += more
    return found


@dataclass(frozen=True, kw_only=True)
class _Declared:
    """The headers of a response, as far as they are the same for all calls."""

    schemas: Mapping[str, tuple[str, Any]]
    """The written name and the schema of each header, by its name in lower case."""
    texts: Mapping[str, str]
    """The values of headers that do not depend on the call."""
    notes: Sequence[str]
    leads: str | None
    """The name of the ``Location`` header, if its value is the called URL."""


def _of_call(
    declared: _Declared, document: Document, asked: Mapping[str, Sequence[str]], location: str
) -> Iterator[tuple[str, str]]:
    """The headers that depend on the call: those copied from the request, and ``Location``."""
    for lowered, sent in asked.items():
        if lowered in declared.schemas and lowered not in _NOT_ECHOED and len(sent) == 1:
            name, schema = declared.schemas[lowered]
            if _fits(sent[0], schema, document):
                yield name, sent[0]
    if declared.leads is not None:
        yield declared.leads, location


def _size_of(headers: Mapping[str, str]) -> int:
    return sum(len(name) + len(text) + 4 for name, text in headers.items())


def _declared(response: Mapping[str, Any], document: Document) -> _Declared:
    schemas: dict[str, tuple[str, Any]] = {}
    texts: dict[str, str] = {}
    notes: list[str] = []
    leads, size = None, 0
    for name, entry in response["headers"].items():
        header = document.follow(entry, "headers")
        lowered = str(name).lower()
        if lowered in _NOT_DECLARED or lowered in schemas or not isinstance(header, Mapping):
            continue
        schemas[lowered] = str(name), _schema(header)
        text = next(_values(lowered, header, document), None)
        if text is None:
            leads = str(name) if lowered == "location" else leads
            continue
        size += len(name) + len(text) + 4
        problem = find_header_problem({name: text}, 200, 0)
        if problem is not None:
            notes.append(f"a header of the answer is left out: {problem}")
        elif size <= LARGEST_HEAD:
            texts[name] = text
    return _Declared(schemas=schemas, texts=texts, notes=notes, leads=leads)


def _values(name: str, header: Mapping[str, Any], document: Document) -> Iterator[str]:
    """Possible values of a header. The first one is sent if the call does not decide the value."""
    explode = header.get("explode") is True
    for each in shown_values(header, document):
        yield header_text(each, explode=explode)
    schema = document.follow(_schema(header), "headers")
    is_shown = isinstance(schema, Mapping) and not _SHOWN.isdisjoint(schema)
    is_left = name in _ONLY_SHOWN or name.startswith(_ONLY_SHOWN_FAMILIES)
    if is_shown or not (is_left or name == "location"):
        made = _of_content(header, document) if "content" in header else sample(schema, document)
        yield header_text(made.value, explode=explode)


_SHOWN = frozenset(["example", "examples", "default", "const", "enum"])


_TEXT: Mapping[str, Any] = {"type": "string"}
_NOTHING: Mapping[str, Any] = {}


def _schema(header: Mapping[str, Any]) -> Any:
    return header.get("schema", True if "content" in header else _TEXT)


def _of_content(header: Mapping[str, Any], document: Document) -> Any:
    media_type, media = next(iter(header["content"].items()), ("", _NOTHING))
    return answer_value(document.follow(media, "headers"), document, media_type)


def _fits(text: str, schema: Any, document: Document) -> bool:
    """Whether the value of a request header fits the schema and may be copied to the answer.

    The value is read as text or as JSON.
    """
    return any(map(document.checker(schema).is_valid, (text, read_json_text(text))))


def header_text(value: Any, *, explode: bool = False) -> str:
    """A value in the style ``simple`` (OpenAPI 3.1.1 section 4.8.12.2)."""
    if isinstance(value, Mapping):
        sign = "=" if explode else ","
        return ",".join(f"{name}{sign}{header_text(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ",".join(map(header_text, value))
    return value if isinstance(value, str) else json.dumps(value)
