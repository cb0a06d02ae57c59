"""A value that fits a schema: the same every time, for documents without examples.

What the schema itself offers (``example``, ``default``, ``const``, ``enum``) comes first, where it
fits: documents are not always right about that. What cannot be met is made as well as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mock_sei.api_files import EXTENSION
from mock_sei.apis.references import Document
from mock_sei.apis.texts import LONGEST, texts_for
from mock_sei.patterns import Budget

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


_MOST_STEPS = 20_000
"""Schemas that are looked at for one value."""
_MOST_PARTS = 20_000
"""Members and items of one value, all in all; deeper ones may have a fifth for each level."""
_MOST_PARTS_OF_ANY = 200
"""Parts that a value may have however deep it stands: the members that a schema requires."""


def sample(schema: Any, document: Document) -> Any:
    """A value of a schema of a document; made once."""
    made = document.derived("sample", schema, lambda: {"made": _Maker(document).sample(schema)})
    return made["made"]


class _Maker:
    """One value, in a bounded number of steps and of parts, however schemas refer to each other."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._steps = _MOST_STEPS
        self._made: dict[tuple[int, int], tuple[Any, int]] = {}
        """The value that was made for a schema at a depth, and the number of its parts."""

    def sample(self, schema: Any, depth: int = 0) -> Any:
        return self.sized(schema, depth)[0]

    def sized(self, schema: Any, depth: int) -> tuple[Any, int]:
        """The value, and the number of its parts."""
        schema = self.document.follow(schema, "schema")
        self._steps -= 1
        if not isinstance(schema, Mapping) or depth > HOPELESS or self._steps < 0:
            return None, 1
        key = id(schema), depth
        if key not in self._made:
            value = self._chosen(schema, depth)
            self._made[key] = value, _parts_of(value, _MOST_PARTS)
        return self._made[key]

    def _chosen(self, schema: Mapping[str, Any], depth: int) -> Any:
        is_valid = self.document.checker(schema).is_valid
        budget = Budget()
        first: Any = None
        for candidate in _candidates(schema, self, depth):
            if is_valid(candidate, budget):
                return candidate
            first = candidate if first is None else first
        return first


def _parts_of(value: Any, most: int) -> int:
    """The parts of a value; no more than ``most`` are counted."""
    count, waiting = 0, [value]
    while waiting and count < most:
        each = waiting.pop()
        count += 1
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return count


def _candidates(schema: Mapping[str, Any], maker: _Maker, depth: int) -> Iterator[Any]:
    yield from (schema[key] for key in ("example", "const", "default") if key in schema)
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list):
            yield from schema[key]
    yield from (schema.get(EXTENSION) or {}).get("values", ())
    if isinstance(schema.get("pattern"), str):
        yield from texts_for(schema["pattern"], min(schema.get("minLength", 0), LONGEST))
    rest = {key: value for key, value in schema.items() if key not in _COMBINED}
    own = _made(rest, maker, depth)
    for key in ("oneOf", "anyOf"):
        for alternative in schema.get(key, ()):
            chosen = maker.sample(alternative, depth + 1)
            yield _together([chosen, own])
            yield chosen
    parts = [maker.sample(each, depth + 1) for each in schema.get("allOf", ())]
    yield _together([*parts, own])


_TEXT = {"type": "string"}

_COMBINED = frozenset({"oneOf", "anyOf", "allOf"})


def _together(parts: list[Any]) -> Any:
    """Objects as one; of anything else the first that is there."""
    objects = [each for each in parts if isinstance(each, Mapping)]
    if objects:
        return {name: value for each in reversed(objects) for name, value in each.items()}
    return next((each for each in parts if each is not None), None)


def _made(schema: Mapping[str, Any], maker: _Maker, depth: int) -> Any:
    make = _MAKERS.get(_kind(schema))
    return None if make is None else make(schema, maker, depth)


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind is None:
        if "properties" in schema or "required" in schema:
            return "object"
        return "array" if "items" in schema else "null"
    return str(kind)


def _most_parts(depth: int) -> int:
    share: int = _MOST_PARTS // 5**depth
    return max(share, _MOST_PARTS_OF_ANY)


def _object(schema: Mapping[str, Any], maker: _Maker, depth: int) -> Any:
    required = dict.fromkeys(schema.get("required", ()))
    known = schema.get("properties") or {}
    more = schema.get("additionalProperties")
    spare = more if isinstance(more, Mapping) else _TEXT
    wanted = {**dict.fromkeys(known), **required} if depth < DEEPEST else required
    left = _most_parts(depth)
    members = {}
    for name in sorted(wanted, key=lambda each: each not in required):
        members[name], parts = maker.sized(known.get(name, spare), depth + 1)
        left -= parts
        if left < 0:
            break
    return {name: members[name] for name in wanted if name in members}


def _array(schema: Mapping[str, Any], maker: _Maker, depth: int) -> Any:
    wanted = 0 if depth >= DEEPEST else min(1, schema.get("maxItems", 1))
    count = min(max(schema.get("minItems", 0), wanted), 100)
    first = schema.get("prefixItems", ())
    items = [schema.get("items", True)] * max(0, count - len(first))
    made, left = [], _most_parts(depth)
    for each in (*first, *items):
        value, parts = maker.sized(each, depth + 1)
        made.append(value)
        left -= parts
        if left < 0:
            break
    return _different(made, schema, maker.document) if schema.get("uniqueItems") else made


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


def _string(schema: Mapping[str, Any], _: _Maker, __: int) -> str:
    least = min(schema.get("minLength", 0), 10_000)
    text = _FORMATS.get(str(schema.get("format")), "text").ljust(least, "x")
    return text[: schema.get("maxLength", len(text))]


def _integer(schema: Mapping[str, Any], _: _Maker, __: int) -> int:
    return int(_within(schema))


def _number(schema: Mapping[str, Any], _: _Maker, __: int) -> float:
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


def _boolean(_: Mapping[str, Any], __: _Maker, ___: int) -> bool:
    return True


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], _Maker, int], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
