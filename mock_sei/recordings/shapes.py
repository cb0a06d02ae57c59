"""The shape of a JSON body: members, types and lengths, without the values.

A body of a functional API may be personal data, so a recording has its shape by default. The items
of an array have one shape in common, so a shape does not grow with the number of records. Values
are kept only where an OpenAPI document names at most :data:`MOST_VALUES` of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_sei.errors import ConfigurationError

MOST_VALUES = 12
"""Of an enumeration with more values than these, a shape has no values."""
DEEPEST = 64
"""Shapes may be nested so deeply. Deeper values have the shape :data:`ANYTHING`."""
OTHER_NAMES = "*"
"""Stands for all members whose names may be data, such as an e-mail address or a number."""

_NAME = re.compile(r"[A-Za-z_$@][A-Za-z0-9_$.-]{0,63}")
_TYPES: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
JSON_TYPES = frozenset(_TYPES.values())

Enumerations = Mapping[str, frozenset[str]]
"""By the pointer of a member, such as ``/investors/*/status`` (``*`` is any item): its values."""
NO_ENUMERATIONS: Enumerations = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The shape of one JSON value, or of several values that stand at the same place."""

    types: frozenset[str] = frozenset()
    """JSON types that were seen: ``integer`` for a whole number, and else ``number``."""
    length: tuple[int, int] | None = None
    """The smallest and the largest number of characters or of items."""
    members: Mapping[str, Shape] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    """Members that not every object at this place has."""
    items: Shape | None = None
    """Of all items of the arrays at this place; None if all of them are empty."""
    values: frozenset[str] = frozenset()
    """Values of an enumeration, if the document names them."""

    def to_json(self) -> dict[str, Any]:
        """As a HAR file has it; what is empty is left out."""
        made: dict[str, Any] = {"types": sorted(self.types)}
        if self.length is not None:
            made["length"] = list(self.length)
        if "object" in self.types:
            made["members"] = {name: each.to_json() for name, each in self.members.items()}
        if self.optional:
            made["optional"] = sorted(self.optional)
        if self.items is not None:
            made["items"] = self.items.to_json()
        if self.values:
            made["values"] = sorted(self.values)
        return made


ANYTHING = Shape()
"""The shape of a value about which nothing is known."""


def shape_of(value: Any, enumerations: Enumerations = NO_ENUMERATIONS) -> Shape:
    """The shape of a JSON value. Values of members in ``enumerations`` are kept."""
    return _Shaper(enumerations).shape(value, "", DEEPEST)


class _Shaper:
    """Makes shapes. Values without members have the same object if they have the same shape."""

    def __init__(self, enumerations: Enumerations) -> None:
        self._enumerations = enumerations
        self._plain: dict[tuple[str, int | None], Shape] = {}

    def shape(self, value: Any, place: str, depth: int) -> Shape:
        name = _TYPES.get(type(value))
        if name is None or not depth:
            return ANYTHING
        if isinstance(value, dict):
            return self._object(value, place, depth)
        if isinstance(value, list) and value:
            shapes = [self.shape(each, f"{place}/*", depth - 1) for each in value]
            size = len(value)
            return Shape(types=frozenset({name}), length=(size, size), items=join(shapes))
        length = len(value) if isinstance(value, str | list) else None
        if self._enumerations and isinstance(value, str):
            named = self._enumerations.get(place, frozenset())
            if value in named and len(named) <= MOST_VALUES:
                size = len(value)
                values = frozenset({value})
                return Shape(types=frozenset({name}), length=(size, size), values=values)
        return self._plain_shape(name, length)

    def _object(self, value: Mapping[str, Any], place: str, depth: int) -> Shape:
        by_name: dict[str, list[Shape]] = {}
        for member, inner in value.items():
            shown = member if _NAME.fullmatch(member) else OTHER_NAMES
            made = self.shape(inner, f"{place}/{shown}", depth - 1)
            by_name.setdefault(shown, []).append(made)
        members = {each: join(found) for each, found in by_name.items()}
        return Shape(types=frozenset({"object"}), members=members)

    def _plain_shape(self, name: str, size: int | None) -> Shape:
        known = self._plain.get((name, size))
        if known is None:
            length = None if size is None else (size, size)
            known = self._plain[name, size] = Shape(types=frozenset({name}), length=length)
        return known


def join(shapes: Iterable[Shape]) -> Shape:
    """The one shape that all values of these shapes have."""
    known = list({id(each): each for each in shapes}.values())
    if len(known) == 1:
        return known[0]
    lengths = [each.length for each in known if each.length]
    inner = [each.items for each in known if each.items is not None]
    objects = [each for each in known if "object" in each.types]
    by_name: dict[str, list[Shape]] = {}
    for each in objects:
        for name, member in each.members.items():
            by_name.setdefault(name, []).append(member)
    missing = {name for name, found in by_name.items() if len(found) < len(objects)}
    return Shape(
        types=frozenset().union(*(each.types for each in known)),
        length=(min(low for low, _ in lengths), max(high for _, high in lengths))
        if lengths
        else None,
        members={name: join(found) for name, found in by_name.items()},
        optional=frozenset(missing).union(*(each.optional for each in objects)),
        items=join(inner) if inner else None,
        values=frozenset().union(*(each.values for each in known)),
    )


def read_shape(value: Any, *, source: str, place: str) -> Shape:
    """The shape that :meth:`Shape.to_json` wrote.

    Raises :class:`ConfigurationError`, which names the file and the place of a wrong value.
    """
    return _ShapeReader(source).read(value, place, DEEPEST + 1)


class _ShapeReader:
    def __init__(self, source: str) -> None:
        self._source = source

    def read(self, value: Any, place: str, depth: int) -> Shape:
        if not isinstance(value, dict):
            raise self._wrong("a shape is an object", place, value)
        if not depth:
            raise self._wrong(f"a shape is nested in at most {DEEPEST} others", place)
        types = self._texts(value.get("types", []), f"{place}.types")
        if types - JSON_TYPES:
            known = ", ".join(sorted(JSON_TYPES))
            raise self._wrong(f"each type is one of {known}", f"{place}.types", sorted(types))
        members = value.get("members", {})
        if not isinstance(members, dict):
            raise self._wrong("the members are an object", f"{place}.members", members)
        return Shape(
            types=types,
            length=self._length(value.get("length"), f"{place}.length"),
            members={
                name: self.read(each, f"{place}.members.{name}", depth - 1)
                for name, each in members.items()
            },
            optional=self._texts(value.get("optional", []), f"{place}.optional"),
            items=self.read(value["items"], f"{place}.items", depth - 1)
            if "items" in value
            else None,
            values=self._texts(value.get("values", []), f"{place}.values"),
        )

    def _texts(self, value: Any, place: str) -> frozenset[str]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._wrong("not a list of texts", place, value)
        return frozenset(value)

    def _length(self, value: Any, place: str) -> tuple[int, int] | None:
        if value is None:
            return None
        is_pair = isinstance(value, list) and len(value) == len(("low", "high"))
        if not is_pair or not all(type(each) is int and each >= 0 for each in value):
            raise self._wrong("not the smallest and the largest length", place, value)
        return value[0], value[1]

    def _wrong(self, problem: str, place: str, value: object = None) -> ConfigurationError:
        return ConfigurationError(problem, source=self._source, key=place, value=value)
