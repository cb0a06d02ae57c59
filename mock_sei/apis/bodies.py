"""Request bodies: parsed by their media type, checked against the schema of the operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from math import isfinite
from typing import Any

from mock_sei.apis.operations import Operation
from mock_sei.apis.references import Document
from mock_sei.errors import Fault, MalformedRequest

MOST_FAULTS = 20
"""Entries of ``errors[]`` for one body."""

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, kw_only=True)
class File:
    """An uploaded file."""

    name: str
    media_type: str
    content: bytes


def media_type_of(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def check_media_type(operation: Operation, content_type: str | None) -> str:
    """The media type of a body, one of the operation's. Raises :class:`MalformedRequest`."""
    body = operation.document.follow(operation.raw.get("requestBody") or {}, operation.name)
    known = list(body.get("content") or {})
    asked = media_type_of(content_type)
    found: str | None = next((each for each in known if media_type_of(each) == asked), None)
    if found is None:
        fault = Fault("content-type", "header", f"must be {' or '.join(known)}, not {asked[:80]!r}")
        raise MalformedRequest([fault])
    return found


def read_json(operation: Operation, body: bytes, media_type: str) -> Any:
    """A JSON body that fits its schema. Raises :class:`MalformedRequest`."""
    value = parse_json(body)
    faults = list(find_faults(operation, value, media_type))
    if faults:
        raise MalformedRequest(faults)
    return value


def parse_json(body: bytes) -> Any:
    """A value that can be written as JSON again: finite numbers, whole characters."""
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if _HALF_CHARACTER in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        reason = "missing" if not body else f"not valid JSON: {' '.join(str(error).split())[:150]}"
        raise MalformedRequest([Fault("", "body", reason)]) from None


_HALF_CHARACTER = "\\ud"
"""How the escape of a surrogate begins; two make a character, and one alone does not."""


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:50]} is too large")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def find_faults(operation: Operation, value: Any, media_type: str) -> Iterable[Fault]:
    """Where a value does not fit the schema of the operation's request body."""
    document = operation.document
    body = document.follow(operation.raw.get("requestBody") or {}, operation.name)
    media = document.follow(body["content"][media_type], operation.name)
    return schema_faults(document, media.get("schema", True), value)


def schema_faults(document: Document, schema: Any, value: Any) -> Iterable[Fault]:
    """Where a value does not fit a schema of a document."""
    errors = document.validator(schema).iter_errors(value)
    found = sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])
    for error in found[:MOST_FAULTS]:
        place = [str(part) for part in error.absolute_path]
        # The validator names what is missing in its message alone.
        missing = _MISSING.fullmatch(error.message) if error.validator == "required" else None
        if missing:
            place, reason = [*place, missing[1]], "required and missing"
        elif error.context:
            reason = " or ".join(dict.fromkeys(each.message for each in error.context))
        else:
            reason = error.message
        yield Fault(".".join(place), "body", reason[:200])


_MISSING = re.compile(r"'(.*)' is a required property", re.DOTALL)


def read_file(body: bytes, content_type: str | None) -> File:
    """The first file of a multipart body. Raises :class:`MalformedRequest`."""
    head = f"Content-Type: {content_type or ''}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    for part in message.walk():
        name = part.get_filename()
        if name and not part.is_multipart():
            content = part.get_payload(decode=True)
            return File(
                name=name[:255],
                media_type=part.get_content_type(),
                content=content if isinstance(content, bytes) else b"",
            )
    fault = Fault("filename", "body", "no file in the multipart body: a part with a filename")
    raise MalformedRequest([fault])


def names_of(values: Mapping[str, Any], operation: Operation) -> dict[str, dict[str, Any]]:
    """A call's values by where they came from, as templates name them."""
    places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for name, value in values.items():
        places[operation.parameters[name].place][name] = value
    return places
