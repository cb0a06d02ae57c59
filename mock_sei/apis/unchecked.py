"""Finds what a document demands and mock-sei does not check.

It is reported when the document is read. Source: OpenAPI 3.0.4 and 3.1.1 (parameters, media types),
OpenAPI Format Registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mock_sei.apis.bodies import FORM_TYPE, is_json, media_type_of
from mock_sei.apis.foreign_bodies import find_check, may_be_text
from mock_sei.apis.formats import FORMATS
from mock_sei.apis.operations import QUERYSTRING, Operation
from mock_sei.apis.references import Document
from mock_sei.apis.styles import find_style
from mock_sei.apis.ways import is_nested, ways_of
from mock_sei.errors import ConfigurationError

MOST_REPORTED = 10
"""How many places of one kind are named."""


def find_unchecked(
    document: Document, operations: Iterable[Operation], formats: Mapping[str, str]
) -> list[str]:
    """A line for each unchecked place, with the file.

    At most :data:`MOST_REPORTED` lines for each kind, and then the number of the others.
    ``formats`` are the formats that the schemas name, each with its first place.
    """
    known = list(operations)
    kinds = (
        (place for each in known for place in _parameters(each)),
        (place for each in known for place in _bodies(each)),
        _formats(formats),
    )
    return [line for found in kinds for line in _lines(list(found), document)]


def _lines(found: list[tuple[str, str]], document: Document) -> Iterator[str]:
    for place, problem in found[:MOST_REPORTED]:
        yield str(ConfigurationError(problem, source=document.source, key=place[:200]))
    if len(found) > MOST_REPORTED:
        more = f"and {len(found) - MOST_REPORTED} further places like the last one"
        yield str(ConfigurationError(more, source=document.source))


def _parameters(operation: Operation) -> Iterator[tuple[str, str]]:
    document = operation.document
    for entry in (*operation.shared, *(operation.raw.get("parameters") or ())):
        raw = document.follow(entry, operation.name)
        place, style = raw.get("in"), raw.get("style")
        here = f"{operation.name}: parameter {raw.get('name')}"
        if style is not None and find_style(style, place) is None:
            shown = str(style)[:40]
            yield here, f"a {place} cannot have the style {shown}; the usual style is read instead"
        nested = "" if place == QUERYSTRING else _nested(raw, document)
        if nested:
            yield (
                here,
                f"{nested}; OpenAPI does not say how that is written, so any text is accepted",
            )
        content = raw.get("content")
        for media_type in content if isinstance(content, Mapping) else ():
            is_form = place == QUERYSTRING and media_type_of(media_type) == FORM_TYPE
            if not is_json(media_type) and not is_form:
                yield here, f"its value is {media_type}, which is not checked"


_UNITED = ("$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas")
_OF_PARTS = frozenset((*_UNITED, "items", "prefixItems", "properties"))


def _is_flat(schema: Mapping[str, Any]) -> bool:
    """Whether a schema clearly allows no arrays and objects, like most schemas."""
    values = (*(schema.get("enum") or ()), schema.get("const"))
    return _OF_PARTS.isdisjoint(schema) and not any(
        isinstance(each, dict | list) for each in values
    )


def _nested(raw: Mapping[str, Any], document: Document) -> str:
    """Which part of a parameter is a nested array or object, in words. Empty if there is none."""
    schema = raw.get("schema")
    if raw.get("style") == "deepObject" or not isinstance(schema, Mapping) or _is_flat(schema):
        return ""
    for way in ways_of(document, schema):
        if way.wants("array") and is_nested(document, way.items):
            return "its items are arrays or objects"
        names = [name for name, each in way.members.items() if is_nested(document, each)]
        if way.wants("object") and names:
            return f"its member {names[0][:60]} is an array or an object"
    return ""


def _bodies(operation: Operation) -> Iterator[tuple[str, str]]:
    document = operation.document
    body = document.follow(operation.raw.get("requestBody") or {}, operation.name)
    if operation.rule.action != "example":
        return
    for media_type, entry in (body.get("content") or {}).items():
        media = document.follow(entry, operation.name)
        schema = media.get("schema")
        named = media_type_of(media_type)
        is_known = find_check(named) is not None and (
            not named.startswith("text/") or may_be_text(document, schema)
        )
        place = f"{operation.name}: requestBody.content[{media_type}]"
        for name in _foreign_fields(document, schema, media.get("encoding")):
            yield f"{place}.encoding.{name}", "a field of this media type is not checked"
        if not ("*" in named or is_known or _is_any_file(document, schema)):
            yield place, "a body of this media type is not checked against its schema"


def _foreign_fields(document: Document, schema: Any, encoding: Any) -> Iterator[str]:
    """The fields of a form that are neither JSON nor texts nor arbitrary files."""
    for name, written in encoding.items() if isinstance(encoding, Mapping) else ():
        declared = written.get("contentType") if isinstance(written, Mapping) else None
        kinds = [media_type_of(each) for each in str(declared or "text/plain").split(",")]
        if any("*" in each or find_check(each) is not None for each in kinds):
            continue
        fields = [way.members.get(name) for way in ways_of(document, schema)]
        if not all(_is_any_file(document, each) for each in fields if each is not None):
            yield str(name)


def _is_any_file(document: Document, schema: Any) -> bool:
    """Whether a schema allows any bytes."""
    return all(
        way.is_open or (way.kinds == {"string"} and way.format in (None, "binary"))
        for way in ways_of(document, schema)
    )


def _formats(formats: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each unknown format, with its first place."""
    for name, place in formats.items():
        if name not in FORMATS:
            yield place, f"the format {name[:60]} is not checked"
