"""A value as the text or the bytes of a media type that is not JSON: XML, CSV, lines, files.

Sources: OpenAPI 3.1.1 section 4.8.26 (XML), RFC 4180 (CSV).
"""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from mock_sei.apis.combining import ways
from mock_sei.apis.plain import Parts, Plain
from mock_sei.apis.references import Document
from mock_sei.apis.samples import Sample

_RANGES = {"image": "image/png", "text": "text/plain", "application": "application/json"}
"""What is answered where a document has a range of media types."""


def concrete(media_type: str) -> str:
    """A media type that can be sent, for a range of them."""
    if "*" not in media_type:
        return media_type
    kind = media_type.partition("/")[0]
    return "application/json" if kind == "*" else _RANGES.get(kind, "application/octet-stream")


def written(found: Sample, media_type: str, schema: Any, document: Document) -> bytes:
    """A value in the form of a media type. A text of the document is sent as it stands."""
    value = found.value
    bare = media_type.partition(";")[0].strip().lower()
    if found.is_made and bare in _FILES and _is_of_bytes(schema, document):
        return _FILES[bare]
    if bare.endswith(("/xml", "+xml")) and not (isinstance(value, str) and not found.is_made):
        return _xml(value, schema, document)
    if isinstance(value, str):
        return value.encode(errors="backslashreplace")
    write = _WRITERS.get(bare)
    if write is not None:
        return write(value).encode(errors="backslashreplace")
    if found.is_made and schema in (True, {}):
        return b""  # nothing is known of it
    return json.dumps(value).encode()


def _is_of_bytes(schema: Any, document: Document) -> bool:
    """Whether a schema is of a text that is a file, or nothing is known of it."""
    followed = document.follow(schema, "schema")
    return not isinstance(followed, Mapping) or followed.get("type", "string") == "string"


def _csv(value: Any) -> str:
    rows = value if isinstance(value, list) else [value]
    names = list(dict.fromkeys(name for row in rows if isinstance(row, Mapping) for name in row))
    text = io.StringIO()
    writer = csv.writer(text)
    if names:
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


def _lines(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return "".join(f"{json.dumps(each)}\n" for each in values)


def _events(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return "".join(f"data: {json.dumps(each)}\n\n" for each in values)


def _records(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return "".join(f"\x1e{json.dumps(each)}\n" for each in values)


def _form(value: Any) -> str:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return urlencode([(name, _cell(each)) for name, each in pairs])


_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "text/csv": _csv,
    "application/csv": _csv,
    "application/x-ndjson": _lines,
    "application/ndjson": _lines,
    "application/jsonl": _lines,
    "application/x-jsonlines": _lines,
    "application/json-seq": _records,
    "text/event-stream": _events,
    "application/x-www-form-urlencoded": _form,
}


def _png() -> bytes:
    """One grey point."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content).to_bytes(4)
        return len(content).to_bytes(4) + kind + content + check

    head = (1).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    data = zlib.compress(bytes([0, 128]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _pdf() -> bytes:
    """One empty page."""
    parts = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
    )
    text, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(text))
        text += f"{number} 0 obj{part}endobj\n"
    table = "".join(f"{each:010} 00000 n \n" for each in places)
    return (
        f"{text}xref\n0 4\n0000000000 65535 f \n{table}"
        f"trailer<</Size 4/Root 1 0 R>>\nstartxref\n{len(text)}\n%%EOF\n"
    ).encode()


_FILES: Mapping[str, bytes] = {
    "image/png": _png(),
    "image/gif": (
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x80\x80\x80\xff\xff\xff,"
        b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    ),
    "application/pdf": _pdf(),
    "application/zip": b"PK\x05\x06" + bytes(18),
}
"""The smallest files that a program opens."""

_NAME = re.compile(r"[^\w.:-]|^(?=[^A-Za-z_])", re.ASCII)


def _xml(value: Any, schema: Any, document: Document) -> bytes:
    element = _XmlWriter(document).element(_root_name(schema, document), value, (schema,))
    text: bytes = ET.tostring(element, encoding="utf-8", xml_declaration=True)
    return text


def _root_name(schema: Any, document: Document) -> str:
    shown = _xml_object((schema,), document).get("name")
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    return str(shown or (reference or "").rpartition("/")[2] or "root")


def _xml_object(parts: Parts, document: Document) -> Mapping[str, Any]:
    for each in parts:
        followed = document.follow(each, "schema")
        for schema in (each, followed):
            if isinstance(schema, Mapping) and isinstance(schema.get("xml"), Mapping):
                found: Mapping[str, Any] = schema["xml"]
                return found
    return {}


class _XmlWriter:
    """A value as XML; the schema's ``xml`` objects say which name, attribute and wrapper it has."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._plain: dict[tuple[int, ...], tuple[Parts, Plain]] = {}

    def _schema(self, parts: Parts) -> Plain:
        """Put together once: lists have many items of one schema."""
        key = tuple(map(id, parts))
        if key not in self._plain:
            self._plain[key] = parts, next(ways(parts, self._document))
        return self._plain[key][1]

    def element(self, name: str, value: Any, parts: Parts) -> ET.Element:
        about = _xml_object(parts, self._document)
        prefix, namespace = about.get("prefix"), about.get("namespace")
        element = ET.Element(_name(f"{prefix}:{name}" if prefix else name))
        if isinstance(namespace, str):
            element.set(f"xmlns:{prefix}" if prefix else "xmlns", namespace)
        elif prefix:
            element.set(f"xmlns:{prefix}", f"urn:{prefix}")
        plain = self._schema(parts)
        if isinstance(value, Mapping):
            for each, one in value.items():
                self._put(element, str(each), one, plain.member(str(each)))
        elif isinstance(value, list):
            element.extend(self._items(name, value, plain.item(0)))
        elif value is not None:
            element.text = _xml_text(value)
        return element

    def _put(self, element: ET.Element, name: str, value: Any, parts: Parts) -> None:
        about = _xml_object(parts, self._document)
        own = str(about.get("name") or name)
        if about.get("attribute") is True and not isinstance(value, Mapping | list):
            element.set(_name(own), _xml_text(value))
        elif isinstance(value, list) and about.get("wrapped") is not True:
            plain = self._schema(parts)
            element.extend(self._items(name if about.get("wrapped") else own, value, plain.item(0)))
        else:
            element.append(self.element(own, value, parts))

    def _items(self, name: str, values: list[Any], parts: Parts) -> Iterator[ET.Element]:
        own = str(_xml_object(parts, self._document).get("name") or name)
        return (self.element(own, each, parts) for each in values)


def _name(text: str) -> str:
    return _NAME.sub("_", text) or "_"


_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def _xml_text(value: Any) -> str:
    return _UNFIT.sub("\ufffd", value if isinstance(value, str) else json.dumps(value))
