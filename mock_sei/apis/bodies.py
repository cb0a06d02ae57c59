"""Request bodies: parsed by their media type, checked against the schema of the operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from itertools import islice
from math import isfinite
from typing import Any

from mock_sei.apis.operations import Operation
from mock_sei.apis.references import Document
from mock_sei.errors import Fault, MalformedRequest

MOST_FAULTS = 20
"""Entries of ``errors[]`` for one body."""

DEEPEST_BODY = 100
"""Levels of a JSON body: more is taken for an attack, and nothing here recurses further."""

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"


def media_type_of(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def check_media_type(operation: Operation, content_type: str | None) -> str:
    """The media type of a body, one of the operation's. Raises :class:`MalformedRequest`.

    As the document writes it, which may be a range such as ``image/*``.
    """
    body = operation.document.follow(operation.raw.get("requestBody") or {}, operation.name)
    known = sorted(body.get("content") or {}, key=lambda each: "*" in each)
    asked = media_type_of(content_type)
    fits = (each for each in known if fnmatchcase(asked, media_type_of(each)))
    found: str | None = next(fits, None)
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


def read_members(operation: Operation, body: bytes, content_type: str | None) -> dict[str, Any]:
    """A JSON body that is an object and fits its schema; nothing where the operation takes none.

    Raises :class:`MalformedRequest`.
    """
    if "requestBody" not in operation.raw:
        return {}
    value = read_json(operation, body, check_media_type(operation, content_type))
    if not isinstance(value, dict):
        raise MalformedRequest([Fault("", "body", "must be an object")])
    return value


def parse_json(body: bytes) -> Any:
    """UTF-8 JSON that can be kept and sent again (RFC 8259). Raises :class:`MalformedRequest`."""
    if not body:
        raise MalformedRequest([Fault("", "body", "missing")])
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=_members,
        )
        check_depth(value)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        reason = "not valid JSON: not UTF-8, or half a surrogate pair"
    except RecursionError:
        reason = _TOO_DEEP
    except ValueError as error:
        reason = f"not valid JSON: {' '.join(str(error).split())[:150]}"
    else:
        return value
    raise MalformedRequest([Fault("", "body", reason)])


_TOO_DEEP = f"more than {DEEPEST_BODY} levels"


def check_depth(value: Any) -> None:
    """``ValueError`` for more than :data:`DEEPEST_BODY` levels."""
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level:
        depth += 1
        if depth > DEEPEST_BODY:
            raise ValueError(_TOO_DEEP)
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [one for each in inner for one in each if isinstance(one, dict | list)]


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:50]} is out of range")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:100]!r} is in one object twice")
    return members


def find_faults(operation: Operation, value: Any, media_type: str) -> Iterable[Fault]:
    """Where a value does not fit the schema of the operation's request body."""
    document = operation.document
    body = document.follow(operation.raw.get("requestBody") or {}, operation.name)
    media = document.follow(body["content"][media_type], operation.name)
    return schema_faults(document, media.get("schema", True), value)


def schema_faults(document: Document, schema: Any, value: Any) -> Iterable[Fault]:
    """Where a value does not fit a schema of a document."""
    errors = islice(document.validator(schema).iter_errors(value), 10 * MOST_FAULTS)
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


def names_of(values: Mapping[str, Any], operation: Operation) -> dict[str, dict[str, Any]]:
    """A call's values by where they came from, as templates name them."""
    places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for name, value in values.items():
        places[operation.parameters[name].place][name] = value
    return places
