"""The JSON Schema of the parts of a request that are meant, for the OpenAPI of the control API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_sei.matching.comparing import BASE64, MATCHES
from mock_sei.matching.parts import LONGEST_VALUE, MOST_COMPARED
from mock_sei.values.sendable import LONGEST_TEXT

_NULL = {"type": "null"}
_TEXT = {"type": "string", "maxLength": LONGEST_VALUE}


def _member(name: str, text: Mapping[str, Any]) -> dict[str, Any]:
    """An object with this member only."""
    return {
        "type": "object",
        "required": [name],
        "properties": {name: {"type": "string", **text}},
        "additionalProperties": False,
    }


_PATTERN = _member(
    MATCHES,
    {"format": "regex", "maxLength": LONGEST_TEXT, "description": "a regular expression (RE2)"},
)
_VALUES = [_TEXT, {"type": "number"}, {"type": "boolean"}, _PATTERN]
_NAMED = {
    "type": "object",
    "maxProperties": MOST_COMPARED,
    "additionalProperties": {
        "anyOf": [
            *_VALUES,
            {"type": "array", "maxItems": MOST_COMPARED, "items": {"anyOf": _VALUES}},
            _NULL,
        ]
    },
}
_HEADER_NAMES = {"propertyNames": {"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"}}

PART_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "query": {"anyOf": [_NAMED, _NULL]},
    "headers": {"anyOf": [_NAMED | _HEADER_NAMES, _NULL]},
    "json": {},
    "body": {
        "anyOf": [
            {"type": "string"},
            _PATTERN,
            _member(BASE64, {"contentEncoding": "base64"}),
            _NULL,
        ]
    },
}
"""By the name of the part."""

PARTS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {name: PART_SCHEMAS[name] for name in ("headers", "json", "body")},
            "additionalProperties": False,
        },
        _NULL,
    ]
}
"""Of several parts together."""
