"""The alternatives of a schema that matter for reading a text: types, items and members.

References, ``allOf``, ``anyOf``, ``oneOf``, conditions, lists of types, ``enum`` and ``const`` are
followed. Other modules decide whether a value fits. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from mock_sei.apis.references import Document
from mock_sei.apis.styles import ITEM_STYLE
from mock_sei.errors import ConfigurationError
from mock_sei.values.cached import cached_property

MOST_WAYS = 20
"""How many alternatives of a schema are tried. If there are more, any kind of text is tried
last."""
_DEEPEST = 20

_ALL = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_KINDS: Mapping[type, frozenset[str]] = {
    bool: frozenset({"boolean"}),
    int: frozenset({"integer", "number"}),
    float: frozenset({"integer", "number"}),
    str: frozenset({"string"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
    type(None): frozenset({"null"}),
}


@dataclass(frozen=True, kw_only=True)
class Way:
    """One alternative of a schema. A value must fit all its parts."""

    kinds: frozenset[str]
    """The types. ``integer`` is included wherever ``number`` is."""
    is_open: bool
    """Whether it does not restrict the type."""
    choices: Sequence[str] | None
    """The texts, if only certain texts are allowed."""
    format: str | None
    items: Any
    first_items: Sequence[Any]
    members: Mapping[str, Any]
    patterned: Sequence[tuple[str, Any]]
    others: Any
    """The schema of members that are not listed by name; None if it does not describe them."""
    style: str | None = None
    """How an array inside an array is written, if Swagger 2.0 declares it."""

    @cached_property
    def is_single(self) -> bool:
        """Whether the value can be neither an array nor an object."""
        return self.kinds.isdisjoint(("array", "object"))

    def wants(self, kind: str) -> bool:
        """Whether the schema names this type."""
        return kind in self.kinds and not self.is_open


def ways_of(document: Document, schema: Any) -> Sequence[Way]:
    """The alternatives in their order.

    If there are too many: some of them, and one that allows everything.
    """
    if not isinstance(schema, Mapping):
        schema = ANYTHING
    found: Sequence[Way] = document.derived("ways", schema, lambda: _ways(document, schema))["ways"]
    return found


def _ways(document: Document, schema: Mapping[str, Any]) -> dict[str, Any]:
    found = _flat(document, schema, 0)
    if len(found) >= MOST_WAYS:
        found.append(())
    return {"ways": [_way(each) for each in found]}


ANYTHING: Mapping[str, Any] = {}
"""A schema that allows everything."""


def _flat(document: Document, schema: Any, depth: int) -> list[tuple[Mapping[str, Any], ...]]:
    """The alternatives of a schema. Each is a tuple of parts that a value must all fit."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return [()]
    found: list[tuple[Mapping[str, Any], ...]] = [(schema,)]
    together = list(schema.get("allOf") or ())
    if isinstance(schema.get("$ref"), str):
        try:
            together.append(document.find(schema["$ref"], "$ref"))
        except ConfigurationError:
            return found
    sets = [_flat(document, each, depth + 1) for each in together]
    for key in ("anyOf", "oneOf"):
        inner = [_flat(document, each, depth + 1) for each in schema.get(key) or ()]
        if inner:
            sets.append([one for each in inner for one in each][:MOST_WAYS])
    sets += [[(), *_flat(document, each, depth + 1)][:MOST_WAYS] for each in _conditional(schema)]
    for each in sets:
        found = [(*one, *other) for one, other in _first_of(product(found, each))]
    return found


def _conditional(schema: Mapping[str, Any]) -> Sequence[Any]:
    """Schemas that apply only to some values. The engine decides to which."""
    keys = ("then", "else") if "if" in schema else ()
    dependent = schema.get("dependentSchemas")
    others = dependent.values() if isinstance(dependent, Mapping) else ()
    return [*(schema[key] for key in keys if key in schema), *others]


def _first_of(pairs: Iterator[Any]) -> Iterator[Any]:
    return (each for each, _ in zip(pairs, range(MOST_WAYS), strict=False))


def _way(parts: Sequence[Mapping[str, Any]]) -> Way:
    kinds, members = _ALL, dict[str, list[Any]]()
    constants: list[Any] | None = None
    for part in parts:
        if "type" in part:
            kinds &= _kinds_of(part["type"])
        for key in ("const", "enum"):
            if key in part:
                constants = [part[key]] if key == "const" else list(part[key])
                kinds &= frozenset().union(*(_KINDS.get(type(each), _ALL) for each in constants))
        for name, each in (part.get("properties") or {}).items():
            members.setdefault(name, []).append(each)
    is_typed = any("type" in part for part in parts)
    if constants and not is_typed and not any(isinstance(each, float) for each in constants):
        kinds -= {"number"}
    texts = [each for each in constants or () if isinstance(each, str)]
    items = [part["items"] for part in parts if "items" in part]
    objects = [each for each in constants or () if isinstance(each, Mapping)]
    for name in dict.fromkeys(name for each in objects for name in each):
        known = [each[name] for each in objects if name in each]
        members.setdefault(str(name), []).append({"enum": known})
    known = [one for each in constants or () if isinstance(each, list) for one in each]
    if known and not items:
        items = [{"enum": known}]
    prefixes = [part["prefixItems"] for part in parts if part.get("prefixItems")]
    others = [part.get("additionalProperties") for part in parts]
    return Way(
        kinds=kinds,
        is_open=kinds == _ALL,
        choices=texts if constants is not None and kinds == {"string"} else None,
        format=next((part["format"] for part in parts if "format" in part), None),
        items=_together(items),
        first_items=prefixes[0] if prefixes else (),
        members={name: _together(each) for name, each in members.items()},
        patterned=[one for part in parts for one in (part.get("patternProperties") or {}).items()],
        others=_together([each for each in others if each is not None and each is not False]),
        style=next((part[ITEM_STYLE] for part in parts if ITEM_STYLE in part), None),
    )


def _kinds_of(value: Any) -> frozenset[str]:
    kinds = {str(each) for each in (value if isinstance(value, list) else [value])}
    return frozenset(kinds | ({"integer"} if "number" in kinds else set()))


def _together(schemas: Sequence[Any]) -> Any:
    if not schemas:
        return None
    return schemas[0] if len(schemas) == 1 else {"allOf": list(schemas)}


def is_nested(document: Document, schema: Any) -> bool:
    """Whether a value may be an array or an object without a style of its own."""
    return any(
        way.style is None and (way.wants("array") or way.wants("object"))
        for way in ways_of(document, schema)
    )
