"""A value that fits a schema: the same every time, for documents without examples.

Only as clever as it must be: what cannot be met (a pattern, a ``not``) is left to the schema's own
``example``, ``default``, ``const`` or ``enum``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mock_sei.apis.operations import Operation

DEEPEST = 6
"""Levels after which optional members are left out, so that a recursive schema ends."""

_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "someone@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "bW9jaw==",
}


def sample(schema: Any, operation: Operation, depth: int = 0) -> Any:
    """A value of a schema, whose references lead within the operation's document."""
    schema = operation.document.follow(schema, operation.name)
    if not isinstance(schema, Mapping):
        return None
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    if "allOf" in schema:
        return _merged(schema, operation, depth)
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return sample(schema[key][0], operation, depth)
    make = _MAKERS.get(_kind(schema))
    return None if make is None else make(schema, operation, depth)


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind is None:
        if "properties" in schema or "additionalProperties" in schema:
            return "object"
        return "array" if "items" in schema else "null"
    return str(kind)


def _merged(schema: Mapping[str, Any], operation: Operation, depth: int) -> Any:
    result: dict[str, Any] = {}
    rest = {key: value for key, value in schema.items() if key != "allOf"}
    for each in (*schema["allOf"], rest):
        part = sample(each, operation, depth)
        if isinstance(part, Mapping):
            result.update(part)
        elif part is not None:
            return part
    return result


def _object(schema: Mapping[str, Any], operation: Operation, depth: int) -> Any:
    required = set(schema.get("required", ()))
    return {
        name: sample(each, operation, depth + 1)
        for name, each in (schema.get("properties") or {}).items()
        if name in required or depth < DEEPEST
    }


def _array(schema: Mapping[str, Any], operation: Operation, depth: int) -> Any:
    wanted = 0 if depth >= DEEPEST else min(1, schema.get("maxItems", 1))
    count = max(schema.get("minItems", 0), wanted)
    return [sample(schema.get("items") or {}, operation, depth + 1) for _ in range(count)]


def _string(schema: Mapping[str, Any], _: Operation, __: int) -> str:
    text = _FORMATS.get(str(schema.get("format")), "text").ljust(schema.get("minLength", 0), "x")
    return text[: schema.get("maxLength", len(text))]


def _integer(schema: Mapping[str, Any], _: Operation, __: int) -> int:
    return int(_within(schema))


def _number(schema: Mapping[str, Any], _: Operation, __: int) -> float:
    return _within(schema)


def _within(schema: Mapping[str, Any]) -> float:
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    value = max(0, low)
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        value = schema["exclusiveMinimum"] + step
    value = -(-value // step) * step
    high = schema.get("maximum")
    return float(high) if high is not None and value > high else value


def _boolean(_: Mapping[str, Any], __: Operation, ___: int) -> bool:
    return True


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Operation, int], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
