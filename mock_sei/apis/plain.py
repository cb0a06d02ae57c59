"""One schema with the combined keywords of all schemas that apply to a value.

Keywords that refer to schemas or combine them (``$ref``, ``allOf``, alternatives, conditions) were
already resolved by ``combining.py``. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from math import gcd, isfinite
from typing import Any

from mock_sei.apis.bodies import is_json
from mock_sei.apis.patterns import Budget, PatternError, compile_pattern
from mock_sei.apis.schemas import TYPES
from mock_sei.document_files import EXTENSION
from mock_sei.values.cached import cached_property

Parts = tuple[Any, ...]
"""Schemas that one value must fit. It must fit all of them."""


@dataclass(frozen=True, kw_only=True)
class Plain:
    """One schema without ``$ref``, ``allOf``, ``anyOf``, ``oneOf``, ``if`` and ``dependent…``."""

    types: frozenset[str] | None = None
    """None if no type is given. ``integer`` is left out if ``number`` is included."""
    choices: Sequence[Any] | None = None
    """The values of ``enum`` or ``const``."""
    offers: Sequence[Any] = ()
    """Values that the document gives as examples and defaults. They may not fit the schema."""
    low: tuple[Fraction, bool] | None = None
    """The least number, and whether that number itself is excluded."""
    high: tuple[Fraction, bool] | None = None
    step: Fraction | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """The limits such as ``minLength`` and ``maxItems``."""
    patterns: Sequence[str] = ()
    formats: Sequence[str] = ()
    """The formats. ``byte`` is included if ``contentEncoding`` says base64."""
    inner: Any = None
    """The ``contentSchema`` of a text that is JSON; True if the text is any JSON."""
    required: Sequence[str] = ()
    demands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The content of ``dependentRequired``."""
    objects: Sequence[Mapping[str, Any]] = ()
    """The separate schemas with keywords about members."""
    others: Parts = ()
    """The content of ``unevaluatedProperties``: schemas for a member that no other schema
    describes."""
    arrays: Sequence[Mapping[str, Any]] = ()
    """The separate schemas with keywords about items."""
    unique: bool = False
    checked: bool = False
    """Whether keywords that were not combined apply too (``oneOf``, ``not``, conditions), so that a
    value must be checked against the original schema."""
    is_possible: bool = True
    """False if the combined schemas contradict each other."""
    budget: Budget = field(default_factory=Budget)
    """The time that is left for patterns that backtrack."""

    def member(self, name: str) -> Parts:
        """The schemas that apply to a member."""
        naming = self._naming.get(name, ())
        about = sorted({*naming, *self._open}) if naming else self._open
        found = tuple(chain.from_iterable(self._member(self.objects[at], name) for at in about))
        return found if any(each is not True for each in found) else (*found, *self.others)

    @cached_property
    def _naming(self) -> Mapping[str, Sequence[int]]:
        """For each name under ``properties``, which of the :attr:`objects` have it."""
        found: dict[str, list[int]] = {}
        for at, each in enumerate(self.objects):
            for name in each.get("properties") or ():
                found.setdefault(name, []).append(at)
        return found

    @cached_property
    def _open(self) -> Sequence[int]:
        """Which of the :attr:`objects` describe members that they do not name."""
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

    def allows(self, value: Any) -> bool:
        """Whether the choices include the value.

        As in JSON, 1 equals 1.0, and neither equals true.
        """
        return self.choices is None or identity(value) in self._choices

    @cached_property
    def _choices(self) -> frozenset[str]:
        return frozenset(map(identity, self.choices or ()))

    def matches(self, pattern: str, text: str) -> bool:
        """Whether any part of a text matches.

        A pattern that no engine can read matches every text.
        """
        try:
            return compile_pattern(pattern).matches(text, self.budget)
        except PatternError:
            return True

    def item(self, index: int) -> Parts:
        """The schemas that apply to an item."""
        return tuple(_item(each, index) for each in self.arrays)

    @cached_property
    def members(self) -> Mapping[str, None]:
        """The names under ``properties``, in their order."""
        named = (each.get("properties") or {} for each in self.objects)
        return dict.fromkeys(chain.from_iterable(named))

    @property
    def first_items(self) -> int:
        """How many items have their own schema by position."""
        return max((len(each.get("prefixItems") or ()) for each in self.arrays), default=0)


def _item(schema: Mapping[str, Any], index: int) -> Any:
    first = schema.get("prefixItems") or ()
    return first[index] if index < len(first) else schema.get("items", True)


def put_together(plain: Plain, schema: Mapping[str, Any]) -> Plain:
    """Adds the keywords of one more schema, without those that combine schemas."""
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
    others = set(map(identity, other))
    return [each for each in one if identity(each) in others]


def identity(value: Any) -> str:
    """A text that two values share if and only if they are equal as JSON."""
    return json.dumps(_with_whole_numbers(value), sort_keys=True, default=str)


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _with_whole_numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return list(map(_with_whole_numbers, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


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
    """The exact value of a number's decimal text: 0.01 is a hundredth."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not isfinite(value):
        return None
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def least_common(one: Fraction, other: Fraction) -> Fraction:
    """The least number that is a multiple of both numbers."""
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
    if schema.get("contentEncoding") == "base64":
        changes["formats"] = (*changes.get("formats", plain.formats), "byte")
    elif is_json(str(schema.get("contentMediaType"))):
        changes["inner"] = schema.get("contentSchema", True)
    return changes


def _members(plain: Plain, schema: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if isinstance(schema.get("required"), list):
        names = dict.fromkeys((*plain.required, *_names(schema["required"])))
        changes["required"] = tuple(names)
    if isinstance(schema.get("dependentRequired"), Mapping):
        both = {name: list(each) for name, each in plain.demands.items()}
        for name, each in schema["dependentRequired"].items():
            both.setdefault(name, []).extend(_names(each))
        changes["demands"] = both
    if not OF_OBJECTS.isdisjoint(schema):
        changes["objects"] = (*plain.objects, schema)
    if "unevaluatedProperties" in schema:
        changes["others"] = (*plain.others, schema["unevaluatedProperties"])
    return changes


def _names(listed: Iterable[Any]) -> list[str]:
    """The names in a list of members. A document may have other values there, which name none."""
    return [each for each in listed if isinstance(each, str)]


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
    (frozenset(["pattern", "format", "contentEncoding", "contentMediaType"]), _texts),
    (OF_OBJECTS | {"required", "dependentRequired", "unevaluatedProperties"}, _members),
    (OF_ARRAYS | {"uniqueItems"}, _entries),
    (_CHECKED, _checks),
)
"""The function that reads each group of keywords."""
