"""Writes a value in a media type other than JSON: XML, CSV, lines, files.

Sources: RFC 4180 (CSV), RFC 7464 (JSON text sequences), OpenAPI 3.2.0 section 4.14.3 (sequences),
the HTML standard (``text/event-stream``).
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from mock_sei.apis.bodies import media_type_of
from mock_sei.apis.combining import ways
from mock_sei.apis.files import FILES
from mock_sei.apis.heads import find_codec, parameters_of
from mock_sei.apis.references import Document
from mock_sei.apis.samples import Sample
from mock_sei.apis.xml_answers import xml_text

_RANGES = {"image": "image/png", "text": "text/plain", "application": "application/json"}
"""The media type that is sent for each range of media types in a document."""


def concrete(media_type: str) -> str:
    """The media type that is sent for a range; any other media type unchanged."""
    if "*" not in media_type:
        return media_type
    kind = media_type.partition("/")[0]
    return "application/json" if kind == "*" else _RANGES.get(kind, "application/octet-stream")


def is_xml(media_type: str) -> bool:
    """Whether a media type is XML."""
    return media_type_of(media_type).endswith(("/xml", "+xml"))


def written(found: Sample, media_type: str, media: Mapping[str, Any], document: Document) -> bytes:
    """A value as the bytes of a media type. A text from the document is sent unchanged."""
    value, schema, bare = found.value, media.get("schema", True), media_type_of(media_type)
    if found.is_made and bare in FILES and _is_of_bytes(schema, document):
        content = FILES[bare]
        return base64.b64encode(content) if _is_in_base64(schema, document) else content
    if isinstance(value, str) and not (found.is_made and (is_xml(bare) or bare in _SEQUENCES)):
        return _encoded(value, media_type)
    if is_xml(bare):
        return _xml(value, media_type, schema, document)
    if "itemSchema" in media and bare == _EVENTS:
        return _encoded(_events_of_fields(value), media_type)
    write = _WRITERS.get(bare)
    if write is not None:
        return _encoded(write(value, media_type), media_type)
    if found.is_made and schema in (True, {}):
        return b""  # the document says nothing about the content
    return _encoded(json.dumps(value), media_type)


def _charset(media_type: str) -> str:
    """The charset of a media type. It is UTF-8 if no known charset is named."""
    named = parameters_of(media_type).get("charset", _USUAL)
    return _USUAL if media_type_of(media_type) == _EVENTS or not find_codec(named) else named


_USUAL = "utf-8"


def _encoded(text: str, media_type: str, errors: str = "replace") -> bytes:
    """A text in the charset of its media type."""
    charset = _charset(media_type)
    if find_codec(charset) == _USUAL:
        return text.encode(errors="backslashreplace")
    try:
        return text.encode(charset, errors)
    except (LookupError, UnicodeError):  # the codec is not for texts, such as hex
        return text.encode(errors="backslashreplace")


def _xml(value: Any, media_type: str, schema: Any, document: Document) -> bytes:
    declaration = f"<?xml version='1.0' encoding='{_charset(media_type)}'?>\n"
    text = declaration + xml_text(value, schema, document)
    return _encoded(text, media_type, "xmlcharrefreplace")


def _is_of_bytes(schema: Any, document: Document) -> bool:
    """Whether a schema describes a file as text, or nothing at all."""
    followed = document.follow(schema, "schema")
    return not isinstance(followed, Mapping) or followed.get("type", "string") == "string"


def _is_in_base64(schema: Any, document: Document) -> bool:
    plain = next(ways((schema,), document))
    return not {"byte", "base64"}.isdisjoint(plain.formats)


def _csv(value: Any, media_type: str) -> str:
    rows = value if isinstance(value, list) else [value]
    names = list(dict.fromkeys(name for row in rows if isinstance(row, Mapping) for name in row))
    text = io.StringIO()
    is_by_tabs = media_type_of(media_type) == _TABS
    writer = csv.writer(text, delimiter="\t" if is_by_tabs else ",")
    if names and parameters_of(media_type).get("header", "").lower() != "absent":
        writer.writerow(names)
    for row in rows:
        if isinstance(row, Mapping):
            writer.writerow([_cell(row.get(name)) for name in names])
        else:
            writer.writerow([_cell(each) for each in (row if isinstance(row, list) else [row])])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _each(value: Any) -> Iterator[str]:
    return map(json.dumps, value if isinstance(value, list) else [value])


def _lines(value: Any, _: str) -> str:
    return "".join(f"{each}\n" for each in _each(value))


def _events(value: Any, _: str) -> str:
    """Each value as the data of an event."""
    return "".join(f"data: {each}\n\n" for each in _each(value))


_FIELDS = ("event", "id", "retry", "data")
_LINE_ENDS = re.compile("\r\n|\r|\n")


def _events_of_fields(value: Any) -> str:
    """Each value as an event. The value's members are the event's fields (OpenAPI 3.2)."""
    events = value if isinstance(value, list) else [value]
    return "".join(map(_event, (each for each in events if isinstance(each, Mapping))))


def _event(fields: Mapping[str, Any]) -> str:
    known = [(name, _cell(fields[name])) for name in _FIELDS if name in fields]
    lines = [f"{name}: {line}\n" for name, text in known for line in _LINE_ENDS.split(text)]
    return "".join((*lines, "\n"))


def _records(value: Any, _: str) -> str:
    return "".join(f"\x1e{each}\n" for each in _each(value))


def _form(value: Any, _: str) -> str:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return urlencode([(name, _cell(each)) for name, each in pairs])


_EVENTS = "text/event-stream"
_TABS = "text/tab-separated-values"
_SEQUENCES: Mapping[str, Callable[[Any, str], str]] = {
    "application/x-ndjson": _lines,
    "application/ndjson": _lines,
    "application/jsonl": _lines,
    "application/x-jsonlines": _lines,
    "application/json-seq": _records,
    _EVENTS: _events,
}
"""Media types of sequences, with their writers. A text is one value of a sequence."""

_WRITERS: Mapping[str, Callable[[Any, str], str]] = {
    **_SEQUENCES,
    "text/csv": _csv,
    "application/csv": _csv,
    _TABS: _csv,
    "application/x-www-form-urlencoded": _form,
}

WRITABLE = frozenset(
    [*FILES, *_WRITERS, "application/json", "application/xml", "text/xml", "text/plain"]
)
"""Media types that a client can choose if a document declares a range."""
