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
    seen = _PlaceSeen("", enumerations, DEEPEST)
    seen.add(value)
    return seen.shape()


class _PlaceSeen:
    """What was seen of all values at one place."""

    __slots__ = (
        *("_depth", "_enumerations", "_items", "_longest", "_members", "_named", "_objects"),
        *("_place", "_shortest", "_types", "_values", "count"),
    )

    def __init__(self, place: str, enumerations: Enumerations, depth: int) -> None:
        self._place, self._enumerations, self._depth = place, enumerations, depth
        named = enumerations.get(place, frozenset())
        self._named = named if len(named) <= MOST_VALUES else frozenset()
        self._types: set[str] = set()
        self._shortest = self._longest = -1
        self._members: dict[str, _PlaceSeen] = {}
        self._objects = 0
        self._items: _PlaceSeen | None = None
        self._values: set[str] = set()
        self.count = 0
        """Values that were seen, of which each object may have several of one name."""

    def add(self, value: Any) -> None:
        self.count += 1
        name = _TYPES.get(type(value))
        if name is None or not self._depth:
            return
        self._types.add(name)
        if name == "object":
            self._objects += 1
            for member, inner in value.items():
                (self._members.get(member) or self._new_member(member)).add(inner)
        elif name == "string":
            self._add_length(len(value))
            if value in self._named:
                self._values.add(value)
        elif name == "array":
            self._add_length(len(value))
            if value and self._items is None:
                self._items = self._inner(OTHER_NAMES)
            for inner in value:
                self._items.add(inner)  # type: ignore[union-attr]  # it was made above

    def _add_length(self, size: int) -> None:
        if size > self._longest:
            self._longest = size
        if size < self._shortest or self._shortest < 0:
            self._shortest = size

    def _new_member(self, name: str) -> _PlaceSeen:
        shown = name if _NAME.fullmatch(name) else OTHER_NAMES
        if shown not in self._members:
            self._members[shown] = self._inner(shown)
        return self._members[shown]

    def _inner(self, name: str) -> _PlaceSeen:
        return _PlaceSeen(f"{self._place}/{name}", self._enumerations, self._depth - 1)

    def shape(self) -> Shape:
        if not self._depth:
            return ANYTHING
        members = self._members.items()
        return Shape(
            types=frozenset(self._types),
            length=None if self._longest < 0 else (self._shortest, self._longest),
            members={name: each.shape() for name, each in members},
            optional=frozenset(name for name, each in members if each.count < self._objects),
            items=None if self._items is None else self._items.shape(),
            values=frozenset(self._values),
        )


def join(shapes: Iterable[Shape]) -> Shape:
    """The one shape that all values of these shapes have."""
    known = list(shapes)
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
