"""A value that fits a schema: the same every time, for documents without examples.

What the schema itself offers (``example``, ``default``, ``const``, ``enum``) comes first, where it
fits: documents are not always right about that. What cannot be met is made as well as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from mock_sei.apis.references import Document

DEEPEST = 3
"""Levels after which optional members are left out, so that a wide schema stays small."""
HOPELESS = 12
"""Levels after which a schema that requires itself is given up."""

_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "bW9jaw==",
}


def sample(schema: Any, document: Document, depth: int = 0) -> Any:
    """A value of a schema of a document."""
    schema = document.follow(schema, "schema")
    if not isinstance(schema, Mapping) or depth > HOPELESS:
        return None
    is_valid = document.checker(schema).is_valid
    first: Any = None
    for candidate in _candidates(schema, document, depth):
        if is_valid(candidate):
            return candidate
        first = candidate if first is None else first
    return first


def _candidates(schema: Mapping[str, Any], document: Document, depth: int) -> Iterator[Any]:
    yield from (schema[key] for key in ("example", "const", "default") if key in schema)
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list):
            yield from schema[key]
    if "pattern" in schema:
        yield from _patterned(schema["pattern"])
    rest = {key: value for key, value in schema.items() if key not in _COMBINED}
    own = _made(rest, document, depth)
    for key in ("oneOf", "anyOf"):
        for alternative in schema.get(key, ()):
            chosen = sample(alternative, document, depth + 1)
            yield _together([chosen, own])
            yield chosen
    parts = [sample(each, document, depth + 1) for each in schema.get("allOf", ())]
    yield _together([*parts, own])


def _patterned(pattern: str) -> Iterator[str]:
    """Several texts: a length or a format may refuse the first."""
    # Imported with the first pattern.
    from rstr import Rstr

    for seed in range(_TRIES):
        yield str(Rstr(_Steady(seed), printable=_GRAPHIC).xeger(pattern))


_TRIES = 20
_GRAPHIC = "".join(map(chr, range(0x20, 0x7F)))
"""Without line breaks and tabs, which not every place can hold."""


class _Steady(Random):
    """Chooses the same in every process: rstr hands over characters in the order of a set."""

    def choice(self, seq: Any) -> Any:
        if isinstance(seq, list | str) and all(isinstance(each, str) for each in seq):
            seq = sorted(set(seq) & set(_GRAPHIC)) or sorted(seq)
        return super().choice(seq)


_TEXT = {"type": "string"}

_COMBINED = frozenset({"oneOf", "anyOf", "allOf"})


def _together(parts: list[Any]) -> Any:
    """Objects as one; of anything else the first that is there."""
    objects = [each for each in parts if isinstance(each, Mapping)]
    if objects:
        return {name: value for each in reversed(objects) for name, value in each.items()}
    return next((each for each in parts if each is not None), None)


def _made(schema: Mapping[str, Any], document: Document, depth: int) -> Any:
    make = _MAKERS.get(_kind(schema))
    return None if make is None else make(schema, document, depth)


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind is None:
        if "properties" in schema or "required" in schema:
            return "object"
        return "array" if "items" in schema else "null"
    return str(kind)


def _object(schema: Mapping[str, Any], document: Document, depth: int) -> Any:
    required = schema.get("required", ())
    known = schema.get("properties") or {}
    members = {
        name: sample(each, document, depth + 1)
        for name, each in known.items()
        if name in required or depth < DEEPEST
    }
    more = schema.get("additionalProperties")
    spare = more if isinstance(more, Mapping) else _TEXT
    for name in required:
        if name not in known:
            members[name] = sample(spare, document, depth + 1)
    return members


def _array(schema: Mapping[str, Any], document: Document, depth: int) -> Any:
    wanted = 0 if depth >= DEEPEST else min(1, schema.get("maxItems", 1))
    count = min(max(schema.get("minItems", 0), wanted), 100)
    first = schema.get("prefixItems", ())
    items = [schema.get("items", True)] * max(0, count - len(first))
    made = [sample(each, document, depth + 1) for each in (*first, *items)]
    return _different(made, schema, document) if schema.get("uniqueItems") else made


def _different(made: list[Any], schema: Mapping[str, Any], document: Document) -> list[Any]:
    """Values of an enumeration, or numbers and texts that count up."""
    items = document.follow(schema.get("items", True), "items")
    choices = items.get("enum", ()) if isinstance(items, Mapping) else ()
    if len(choices) >= len(made):
        return list(choices[: len(made)])
    return [
        f"{each}{number or ''}"
        if isinstance(each, str)
        else each + number
        if isinstance(each, int | float)
        else each
        for number, each in enumerate(made)
    ]


def _string(schema: Mapping[str, Any], _: Document, __: int) -> str:
    least = min(schema.get("minLength", 0), 10_000)
    text = _FORMATS.get(str(schema.get("format")), "text").ljust(least, "x")
    return text[: schema.get("maxLength", len(text))]


def _integer(schema: Mapping[str, Any], _: Document, __: int) -> int:
    return int(_within(schema))


def _number(schema: Mapping[str, Any], _: Document, __: int) -> float:
    return _within(schema)


def _within(schema: Mapping[str, Any]) -> float:
    """Zero, else the lowest, else the highest that fits, else what lies between the bounds."""
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = schema.get("maximum", schema.get("exclusiveMaximum", low))
    first, last = -(-low // step) * step, high // step * step
    tries = (0, first, first + step, low, last, last - step, high, (low + high) / 2)
    return next((each for each in tries if _is_within(each, schema)), first)


def _is_within(value: float, schema: Mapping[str, Any]) -> bool:
    return (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and schema.get("exclusiveMinimum", value - 1) < value
        and value < schema.get("exclusiveMaximum", value + 1)
        and not ("multipleOf" in schema and value % schema["multipleOf"])
    )


def _boolean(_: Mapping[str, Any], __: Document, ___: int) -> bool:
    return True


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Document, int], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
