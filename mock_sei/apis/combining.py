"""What one value must fit, as one schema: ``$ref``, ``allOf``, alternatives, conditions together.

Several schemas go for one value: those of ``allOf``, the one a ``$ref`` leads to and what stands
beside it, the chosen alternative of ``oneOf`` or ``anyOf``, ``if`` with ``then``. A value that is
made for each of them apart fits none in the end; so their keywords are put together first. Schemas
of members and items stay apart as a tuple of parts, and are put together when one is made. Source:
JSON Schema 2020-12.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain
from math import gcd, isfinite
from typing import Any

from mock_sei.api_files import EXTENSION
from mock_sei.apis.references import Document
from mock_sei.apis.schemas import TYPES
from mock_sei.patterns import Budget, PatternError, compile_pattern

Parts = tuple[Any, ...]
"""Schemas that one value must fit, all of them."""

_MOST_PARTS = 500
"""Schemas that are put together for one value."""
_MOST_CHOICES = 30
"""Alternatives that one value is made of."""


@dataclass(frozen=True, kw_only=True)
class Plain:
    """One schema without ``$ref``, ``allOf``, ``anyOf``, ``oneOf``, ``if`` and ``dependent…``."""

    types: frozenset[str] | None = None
    """Absent where none is given; without ``integer`` where ``number`` is there."""
    choices: Sequence[Any] | None = None
    """The values of ``enum`` or ``const``."""
    offers: Sequence[Any] = ()
    """Values that the document shows: examples and defaults. They may break the schema."""
    low: tuple[Fraction, bool] | None = None
    """The least number, and whether that number itself is excluded."""
    high: tuple[Fraction, bool] | None = None
    step: Fraction | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """``minLength``, ``maxItems`` and the like."""
    patterns: Sequence[str] = ()
    formats: Sequence[str] = ()
    required: Sequence[str] = ()
    demands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """``dependentRequired``."""
    objects: Sequence[Mapping[str, Any]] = ()
    """The schemas that say something about members, each for itself."""
    others: Parts = ()
    """``unevaluatedProperties``: what goes for a member that no other schema knows."""
    arrays: Sequence[Mapping[str, Any]] = ()
    """The schemas that say something about items, each for itself."""
    unique: bool = False
    checked: bool = False
    """Whether something that was not put together goes for the value too, so that the whole schema
    must be asked: ``oneOf``, ``not``, conditions."""
    is_possible: bool = True
    """False where the parts contradict each other."""
    budget: Budget = field(default_factory=Budget)
    """What patterns that backtrack may still take."""

    def member(self, name: str) -> Parts:
        """What goes for a member."""
        naming = self._naming.get(name, ())
        about = sorted({*naming, *self._open}) if naming else self._open
        found = tuple(chain.from_iterable(self._member(self.objects[at], name) for at in about))
        return found if any(each is not True for each in found) else (*found, *self.others)

    @cached_property
    def _naming(self) -> Mapping[str, Sequence[int]]:
        """Which of the :attr:`objects` have a name under ``properties``."""
        found: dict[str, list[int]] = {}
        for at, each in enumerate(self.objects):
            for name in each.get("properties") or ():
                found.setdefault(name, []).append(at)
        return found

    @cached_property
    def _open(self) -> Sequence[int]:
        """Which of the :attr:`objects` say something about members that they do not name."""
        return [
            at
            for at, each in enumerate(self.objects)
            if "patternProperties" in each or "additionalProperties" in each
        ]

    def _member(self, schema: Mapping[str, Any], name: str) -> Sequence[Any]:
        known = schema.get("properties") or {}
        patterned = (schema.get("patternProperties") or {}).items()
        found = [each for pattern, each in patterned if self.matches(pattern, name)]
        if name in known:
            found.insert(0, known[name])
        return found or [schema.get("additionalProperties", True)]

    def matches(self, pattern: str, text: str) -> bool:
        """Whether any part of a text matches; every text does where no engine reads the pattern."""
        try:
            return compile_pattern(pattern).matches(text, self.budget)
        except PatternError:
            return True

    def item(self, index: int) -> Parts:
        """What goes for an item."""
        return tuple(_item(each, index) for each in self.arrays)

    @cached_property
    def members(self) -> Mapping[str, None]:
        """The names under ``properties``, in their order."""
        named = (each.get("properties") or {} for each in self.objects)
        return dict.fromkeys(chain.from_iterable(named))

    @property
    def first_items(self) -> int:
        """How many items have a schema of their own place."""
        return max((len(each.get("prefixItems") or ()) for each in self.arrays), default=0)


def _item(schema: Mapping[str, Any], index: int) -> Any:
    first = schema.get("prefixItems") or ()
    return first[index] if index < len(first) else schema.get("items", True)


def ways(parts: Parts, document: Document, budget: Budget | None = None) -> Iterator[Plain]:
    """One plain schema for each choice of alternatives, in the order of the document.

    Contradictory ones come last, so that there is always one.
    """
    hopeless: list[Plain] = []
    plain = Plain(budget=budget or Budget())
    for each in _Expansion(document).ways(plain, list(parts), [], frozenset()):
        if each.is_possible:
            yield each
        elif not hopeless:
            hopeless.append(each)
    yield from hopeless


_Group = Sequence[Sequence[Any]]
"""Alternatives, each some schemas."""


class _Expansion:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = _MOST_PARTS

    def ways(
        self,
        plain: Plain,
        waiting: list[Any],
        groups: list[_Group],
        seen: frozenset[int],
        depth: int = 0,
    ) -> Iterator[Plain]:
        waiting, groups = list(waiting), list(groups)
        while waiting and self._left > 0:
            schema = waiting.pop(0)
            self._left -= 1
            if schema is False:
                plain = replace(plain, is_possible=False)
            if not isinstance(schema, Mapping) or id(schema) in seen:
                continue
            seen |= {id(schema)}
            if _DISCRIMINATED in schema:
                plain = replace(plain, objects=(*plain.objects, schema[_DISCRIMINATED]))
                continue
            plain = put_together(plain, schema)
            inner = list(schema.get("allOf") or ())
            if isinstance(schema.get("$ref"), str):
                inner.insert(0, self._document.find(schema["$ref"], "$ref"))
            waiting = [*inner, *waiting]
            groups += self._groups(schema, plain, seen)
        if not groups or not plain.is_possible or self._left <= 0 or depth == _MOST_CHOICES:
            yield plain
            return
        for chosen in groups[0]:
            yield from self.ways(plain, list(chosen), groups[1:], seen, depth + 1)

    def _groups(
        self, schema: Mapping[str, Any], plain: Plain, seen: frozenset[int]
    ) -> Iterator[_Group]:
        name, mapping = self._discriminator(schema)
        for key in ("oneOf", "anyOf"):
            alternatives = schema.get(key)
            if alternatives:
                group = [
                    [*_discriminated(name, _name_of(each, mapping)), each] for each in alternatives
                ]
                yield group + (self._exclusive(group, alternatives) if key == "oneOf" else [])
        if name and not schema.get("oneOf") and not schema.get("anyOf"):
            yield self._subtypes(name, mapping, seen)
        if "if" in schema:
            condition = schema["if"]
            yield [[condition, schema.get("then", True)], [schema.get("else", True)]]
        for member, each in (schema.get("dependentSchemas") or {}).items():
            present, absent = [each, {"required": [member]}], [{"properties": {member: False}}]
            known = member in plain.members or member in plain.required
            yield [present, absent] if known else [absent, present]

    def _exclusive(
        self, group: Sequence[Sequence[Any]], alternatives: Sequence[Any]
    ) -> list[list[Any]]:
        """Each alternative, with what keeps the value out of the others."""
        if len(alternatives) > _MOST_EXCLUDED:
            return []
        members = [self._members(each) for each in alternatives]
        return [
            [
                *each,
                *(_outside(one, members[index]) for at, one in enumerate(members) if at != index),
            ]
            for index, each in enumerate(group)
        ]

    def _members(self, schema: Any) -> Mapping[str, Any]:
        """Members that a schema knows, also by its ``allOf``; else what it requires, as True."""
        found: dict[str, Any] = {}
        required: dict[str, Any] = {}
        waiting, seen = [schema], set[int]()
        while waiting and len(seen) < _MOST_EXCLUDED:
            each = self._document.follow(waiting.pop(0), "oneOf")
            if isinstance(each, Mapping) and id(each) not in seen:
                seen.add(id(each))
                found = {**(each.get("properties") or {}), **found}
                required |= dict.fromkeys(each.get("required") or (), True)
                waiting += each.get("allOf") or ()
        return found or required

    def _discriminator(self, schema: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
        found = schema.get("discriminator")
        name = found.get("propertyName") if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping) or not isinstance(name, str):
            return None, {}
        mapping = found.get("mapping")
        return name, mapping if isinstance(mapping, Mapping) else {}

    def _subtypes(
        self, name: str, mapping: Mapping[str, Any], seen: frozenset[int]
    ) -> list[list[Any]]:
        """The types of a base's mapping; only the one that is being made, where it is one."""
        found = []
        for value, reference in mapping.items():
            if isinstance(reference, str) and reference.startswith("#/"):
                each = self._document.find(reference, "discriminator.mapping")
                if id(each) in seen:
                    return [list(_discriminated(name, value))]
                found.append([*_discriminated(name, value), each])
        return found or [[]]


_MOST_EXCLUDED = 10
"""Alternatives that a value may be kept out of, and parts of one by which that is done."""


def _outside(members: Mapping[str, Any], beside: Mapping[str, Any]) -> Any:
    """A schema for objects that do not fit another one with these members; any where it has none.

    By a member that the schema ``beside`` it does not know, where there is one.
    """
    names = sorted(members, key=lambda name: name in beside)
    if not names:
        return True
    name = names[0]
    if members[name] is True:
        return {"properties": {name: False}}
    return {"required": [name], "properties": {name: {"not": members[name]}}}


_DISCRIMINATED = "x-mock-sei-discriminated"
"""Key of a schema of our own making: a discriminator's member has the value that names its type."""


def _discriminated(name: str | None, value: Any) -> Iterator[Any]:
    if name is not None and value is not None:
        yield {_DISCRIMINATED: {"properties": {name: {"example": value}}}}


def _name_of(alternative: Any, mapping: Mapping[str, Any]) -> str | None:
    """By the mapping, else the last part of the reference (OpenAPI 3.1.1 section 4.8.25)."""
    reference = alternative.get("$ref") if isinstance(alternative, Mapping) else None
    if not isinstance(reference, str):
        return None
    short = reference.rpartition("/")[2]
    return next((name for name, each in mapping.items() if each in (reference, short)), short)


def put_together(plain: Plain, schema: Mapping[str, Any]) -> Plain:
    """A plain schema with the keywords of one more schema, those that combine schemas aside."""
    changes: dict[str, Any] = {}
    is_possible = plain.is_possible
    for keywords, reader in _READERS:
        if not keywords.isdisjoint(schema):
            changes |= reader(plain, schema)
            is_possible = is_possible and changes.get("is_possible", True)
    return replace(plain, **changes | {"is_possible": is_possible}) if changes else plain


def _types(plain: Plain, schema: Mapping[str, Any]) -> dict[str, Any]:
    if "type" not in schema:
        return {}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    mine = frozenset(each for each in kinds if each in TYPES)
    both = mine if plain.types is None else _common_types(mine, plain.types)
    return {"types": both, "is_possible": bool(both)}


def _common_types(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    whole = {"integer"} if {"integer", "number"} <= one | other else set()
    both = (one & other) | (whole if _has_number(one) and _has_number(other) else frozenset())
    return both - {"integer"} if "number" in both else both


def _has_number(types: frozenset[str]) -> bool:
    return bool(types & {"integer", "number"})


def _choices(plain: Plain, schema: Mapping[str, Any]) -> dict[str, Any]:
    found = plain.choices
    if isinstance(schema.get("enum"), list):
        found = _in_both(found, schema["enum"])
    if "const" in schema:
        found = _in_both(found, [schema["const"]])
    if found is plain.choices:
        return {}
    return {"choices": found, "is_possible": bool(found)}


def _in_both(one: Sequence[Any] | None, other: Sequence[Any]) -> Sequence[Any]:
    if one is None:
        return other
    others = set(map(_spelled, other))
    return [each for each in one if _spelled(each) in others]


def _spelled(value: Any) -> str:
    """A text that equal values of JSON share: 1 is 1.0, and no truth."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return repr(value) if isinstance(value, int | str) else json.dumps(value, sort_keys=True)


def _offers(plain: Plain, schema: Mapping[str, Any]) -> dict[str, Any]:
    found = [schema[key] for key in ("example", "default") if key in schema]
    shown = schema.get("examples")
    more = (schema.get(EXTENSION) or {}).get("values", ())
    found += [*(shown if isinstance(shown, list) else ()), *more]
    return {"offers": (*plain.offers, *found)} if found else {}


def _bounds(plain: Plain, schema: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for key, is_open in (("minimum", False), ("exclusiveMinimum", True)):
        value = exactly(schema.get(key))
        if value is not None:
            low = changes.get("low", plain.low) or (value, is_open)
            changes["low"] = max(low, (value, is_open))
    for key, is_open in (("maximum", False), ("exclusiveMaximum", True)):
        value = exactly(schema.get(key))
        if value is not None:
            found, was_open = changes.get("high", plain.high) or (value, is_open)
            least = min((found, not was_open), (value, not is_open))
            changes["high"] = least[0], not least[1]
    step = exactly(schema.get("multipleOf"))
    if step is not None and step > 0:
        changes["step"] = step if plain.step is None else least_common(plain.step, step)
    return changes


def exactly(value: Any) -> Fraction | None:
    """A number as its text has it: 0.01 is a hundredth."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Fraction(value)
    return Fraction(repr(value)) if isinstance(value, float) and isfinite(value) else None


def least_common(one: Fraction, other: Fraction) -> Fraction:
    """The least number that is a multiple of both."""
    a, b = one.numerator * other.denominator, other.numerator * one.denominator
    return Fraction(a * b // gcd(a, b), one.denominator * other.denominator)


_COUNTED = ("Length", "Items", "Properties")


def _counts(plain: Plain, schema: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(plain.counts)
    for what in _COUNTED:
        for key, of in ((f"min{what}", max), (f"max{what}", min)):
            value = schema.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                found[key] = of(found.get(key, value), value)
    return {"counts": found} if found != plain.counts else {}


def _texts(plain: Plain, schema: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if isinstance(schema.get("pattern"), str):
        changes["patterns"] = (*plain.patterns, schema["pattern"])
    if isinstance(schema.get("format"), str):
        changes["formats"] = (*plain.formats, schema["format"])
    return changes


def _members(plain: Plain, schema: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if isinstance(schema.get("required"), list):
        names = dict.fromkeys((*plain.required, *schema["required"]))
        changes["required"] = tuple(names)
    if isinstance(schema.get("dependentRequired"), Mapping):
        both = {name: list(each) for name, each in plain.demands.items()}
        for name, each in schema["dependentRequired"].items():
            both.setdefault(name, []).extend(each)
        changes["demands"] = both
    if not OF_OBJECTS.isdisjoint(schema):
        changes["objects"] = (*plain.objects, schema)
    if "unevaluatedProperties" in schema:
        changes["others"] = (*plain.others, schema["unevaluatedProperties"])
    return changes


def _entries(plain: Plain, schema: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if not OF_ARRAYS.isdisjoint(schema):
        changes["arrays"] = (*plain.arrays, schema)
    if schema.get("uniqueItems") is True:
        changes["unique"] = True
    return changes


def _checks(_: Plain, __: Mapping[str, Any]) -> dict[str, Any]:
    return {"checked": True}


OF_OBJECTS = frozenset(["properties", "patternProperties", "additionalProperties", "propertyNames"])
OF_ARRAYS = frozenset(["items", "prefixItems", "contains"])
_CHECKED = frozenset(
    ["oneOf", "not", "if", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems"]
)

_Reader = Callable[[Plain, Mapping[str, Any]], dict[str, Any]]

_READERS: Sequence[tuple[frozenset[str], _Reader]] = (
    (frozenset(["type"]), _types),
    (frozenset(["enum", "const"]), _choices),
    (frozenset(["example", "default", "examples", EXTENSION]), _offers),
    (
        frozenset(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
        _bounds,
    ),
    (
        frozenset(f"{end}{what}" for end in ("min", "max") for what in _COUNTED),
        _counts,
    ),
    (frozenset(["pattern", "format"]), _texts),
    (OF_OBJECTS | {"required", "dependentRequired", "unevaluatedProperties"}, _members),
    (OF_ARRAYS | {"uniqueItems"}, _entries),
    (_CHECKED, _checks),
)
"""What reads which keywords."""
