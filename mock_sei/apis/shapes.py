"""The type that each field of a document must have, and the fields that do not have it.

Source: OpenAPI 3.0.4, 3.1.1 and 3.2.0, JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mock_sei.apis.grammar import LISTS_OF_SCHEMAS, NAMED_SCHEMAS, ObjectKind

HOLDERS = (dict, list)
"""The types that contain other values."""

_Plain = tuple[tuple[type, ...], str]

_A_TEXT: _Plain = ((str,), "a text")
_A_FLAG: _Plain = ((bool,), "true or false")
_NAMED_LISTS: _Plain = ((list,), "a list of mappings")

PLAIN: Mapping[ObjectKind, Mapping[str, _Plain]] = {
    ObjectKind.DOCUMENT: {"security": _NAMED_LISTS, "info": ((Mapping,), "a mapping")},
    ObjectKind.OPERATION: {
        "security": _NAMED_LISTS,
        "tags": ((list,), "a list of texts"),
        "operationId": _A_TEXT,
        "summary": _A_TEXT,
        "description": _A_TEXT,
    },
    ObjectKind.PARAMETER: {**dict.fromkeys(("required", "explode"), _A_FLAG), "style": _A_TEXT},
    ObjectKind.HEADER: {**dict.fromkeys(("required", "explode"), _A_FLAG), "style": _A_TEXT},
    ObjectKind.BODY: {"required": _A_FLAG},
    ObjectKind.ENCODING: {"explode": _A_FLAG, "style": _A_TEXT},
    ObjectKind.SCHEMA: dict.fromkeys(("uniqueItems", "readOnly", "writeOnly", "nullable"), _A_FLAG),
}
"""Fields that no operation depends on, with the type that they must have."""


def is_plain(value: Any, wanted: _Plain) -> bool:
    """Whether a field's value has the required type."""
    shapes, _ = wanted
    if not _has_shape(value, shapes):
        return False
    return wanted is not _NAMED_LISTS or all(isinstance(each, Mapping) for each in value)


_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

_A_SCHEMA = ((Mapping, bool), "a schema")
_SOME_SCHEMAS = ((list,), "a list of schemas")
_NAMED_SCHEMAS = ((Mapping,), "a mapping of names to schemas")
_COUNTED = ("Length", "Items", "Properties", "Contains")
COUNTS = frozenset(f"{end}{what}" for end in ("min", "max") for what in _COUNTED)
_A_COUNT = ((int,), "a whole number")
_A_NUMBER = ((int, float), "a number")

_SHAPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "$ref": ((str,), "a text"),
    "format": ((str,), "a text"),
    "required": ((list,), "a list of names"),
    "enum": ((list,), "a list of values"),
    "pattern": ((str,), "a regular expression"),
    **dict.fromkeys(("items", "additionalProperties", "not", "propertyNames"), _A_SCHEMA),
    **dict.fromkeys(LISTS_OF_SCHEMAS, _SOME_SCHEMAS),
    **dict.fromkeys(NAMED_SCHEMAS, _NAMED_SCHEMAS),
    "dependentRequired": ((Mapping,), "a mapping of names to lists of names"),
    **dict.fromkeys(COUNTS, _A_COUNT),
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _A_NUMBER
    ),
}
"""For keywords of a schema: the types of their content, and the name of these types."""

EMPTY = _SHAPES.keys() - {"items", "additionalProperties", "propertyNames", *NAMED_SCHEMAS}
"""Keywords that have no effect if a document leaves them empty."""
LISTS = frozenset(["enum", "type", *LISTS_OF_SCHEMAS])
"""Keywords whose list must not be empty."""
SAYS_NOTHING = frozenset(["type", "title", "description"])


def _has_shape(value: object, shapes: tuple[type, ...]) -> bool:
    return isinstance(value, shapes) and (not isinstance(value, bool) or bool in shapes)


def misfits(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any, str, tuple[str, ...]]]:
    """Each wrong keyword: its name, its value, what is wrong, and the place inside the value."""
    for key, value in schema.items():
        if key not in _SHAPES:
            continue
        shapes, wanted = _SHAPES[key]
        if not _has_shape(value, shapes):
            yield key, value, f"must be {wanted}", ()
        elif key == "required" and not all(isinstance(each, str) for each in value):
            yield key, None, "must be a list of names", ()
        elif key == "multipleOf" and value <= 0:
            yield key, value, "must be above 0", ()
        elif key in COUNTS and value < 0:
            yield key, value, "must be 0 or above", ()
        elif key == "dependentRequired":
            for name, names in value.items():
                if not isinstance(names, list):
                    yield key, names, "must be a list of names", (str(name),)
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in _TYPES:
            yield "type", kind, f"must be one of {', '.join(_TYPES)}", ()


_SAY_NO_MORE = frozenset(["type", "title", "description", "example", "default", "deprecated"])


def is_simple(schema: Mapping[Any, Any]) -> bool:
    """Whether a schema cannot be wrong, because it has only a valid type.

    Most members have such a schema.
    """
    return (
        schema.keys() <= _SAY_NO_MORE
        and schema.get("type") in _TYPES
        and not any(isinstance(each, HOLDERS) for each in schema.values())
    )


def forget_old_keys(found: dict[str, Any]) -> bool:
    """Rewrites ``nullable`` and boolean bounds of OpenAPI 3.0 as 3.1 writes them.

    Returns True if the value may also be null, in addition to what the schema allows.
    """
    if isinstance(found.get("$ref"), str):
        # OpenAPI 3.0 ignores keywords beside a reference, but many authors mean this one.
        or_null = found.get("nullable") is True
        for key in found.keys() - {"$ref"}:
            del found[key]
        return or_null
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if found.get(exclusive) is True and bound in found:
            found[exclusive] = found.pop(bound)
        elif isinstance(found.get(exclusive), bool):
            del found[exclusive]
    if found.pop("nullable", False) is not True:
        return False
    kind = found.get("type")
    if kind is None:
        return True
    found["type"] = [kind, "null"]
    if isinstance(found.get("enum"), list) and None not in found["enum"]:
        found["enum"] = [*found["enum"], None]
    return False
