"""Explains why a value does not fit its schema: each wrong place, with one sentence.

This module is used only after ``schemas.py`` has decided that a value does not fit. The work is
limited by the number of reasons, by the number of schemas and by time. When a limit is reached, a
reason names a wider place, but is still true. Long lists and objects are halved repeatedly to find
their wrong members. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mock_sei.apis.discriminators import UNIONS, chosen, mapping_of, property_of
from mock_sei.apis.formats import wanted
from mock_sei.apis.patterns import Budget
from mock_sei.apis.references import Document
from mock_sei.errors import ConfigurationError
from mock_sei.values.texts import beginning, spelled

MOST = 20
"""The most reasons for one value."""
_MOST_OF_AN_ALTERNATIVE = 3
_MOST_SCHEMAS = 2000
_MOST_SECONDS = 0.08
"""After this much CPU time no further place is examined."""
_DEEPEST = 300
"""The most levels of schemas inside schemas, including references."""


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """A wrong place of a value, and the reason."""

    place: tuple[str | int, ...]
    reason: str

    def describe(self) -> str:
        """Place and reason in one sentence: ``sizes.0: 'x' is not of type 'integer'``."""
        return f"{'.'.join(map(str, self.place))}: {self.reason}".removeprefix(": ")


def find_misfits(
    document: Document,
    schema: Any,
    value: Any,
    budget: Budget,
    seconds: float = _MOST_SECONDS,
) -> list[Misfit]:
    """Where and why a value does not fit its schema; empty if it fits.

    The result has at most :data:`MOST` entries. ``seconds`` is the CPU time for the search.
    """
    if document.checker(schema).is_valid(value, budget):
        return []
    search = _Search(document, budget, _SearchLimits(seconds))
    search.look(schema, value, ())
    found = list(dict.fromkeys(search.found)) or [
        Misfit(place=(), reason="does not fit its schema"),
    ]
    return sorted(found, key=lambda each: [str(part) for part in each.place])[:MOST]


def find_problems(
    document: Document,
    schema: Any,
    value: Any,
    budget: Budget,
    seconds: float = _MOST_SECONDS,
) -> tuple[str, ...]:
    """The first few misfits as sentences for a note.

    The arguments are those of :func:`find_misfits`.
    """
    found = find_misfits(document, schema, value, budget, seconds)[:_MOST_SHOWN]
    return tuple(each.describe() for each in found)


_MOST_SHOWN = 3
"""How many places of a value a note names."""


class _SearchLimits:
    """The limits of one whole search."""

    def __init__(self, seconds: float) -> None:
        self._schemas = _MOST_SCHEMAS
        self._end = time.thread_time() + seconds

    def has_time(self) -> bool:
        self._schemas -= 1
        return self._schemas > 0 and time.thread_time() < self._end


class _Search:
    def __init__(
        self, document: Document, budget: Budget, work: _SearchLimits, most: int = MOST
    ) -> None:
        self.found: list[Misfit] = []
        self._document = document
        self._budget = budget
        self._work = work
        self._most = most
        self._depth = 0
        self._decided: set[tuple[int, tuple[str | int, ...]]] = set()
        """The discriminators that have already chosen a schema, each with the place of the
        value."""

    def look(self, schema: Any, value: Any, place: tuple[str | int, ...]) -> None:
        """Adds each reason why a value does not fit a schema. Adds nothing if it fits."""
        if len(self.found) >= self._most:
            return
        if schema is False:
            self.add(place, f"{shown(value)} is not allowed here")
        if not isinstance(schema, Mapping) or self._depth > _DEEPEST or not self._work.has_time():
            return
        self._depth += 1
        if isinstance(schema.get("$ref"), str):
            self._decided |= {(each, place) for each in self._bases(schema["$ref"])}
            try:
                self.look(self._document.find(schema["$ref"], "$ref"), value, place)
            except ConfigurationError:
                return
        for keyword, reason in _REASONS.items():
            if keyword in schema and not self.fits(self.part(keyword, schema[keyword]), value):
                self.add(place, reason(value, schema[keyword]))
        for look_inside in (_required, _items, _members, _combined, _contained, _unevaluated):
            look_inside(self, schema, value, place)
        self._depth -= 1

    def _bases(self, reference: str) -> frozenset[int]:
        return self._document.bases.get(reference, frozenset())

    def choose(
        self, schema: Mapping[str, Any], value: Any, place: tuple[str | int, ...]
    ) -> str | None:
        """The reference that a discriminator chooses for a value.

        None if it already chose at this place.
        """
        found = chosen(schema, value)
        key = id(schema.get("discriminator")), place
        if found is None or key in self._decided:
            return None
        self._decided.add(key)
        return found

    def has_time(self) -> bool:
        """Whether there is time left for the search."""
        return self._work.has_time()

    def add(self, place: tuple[str | int, ...], reason: str) -> None:
        if len(self.found) < self._most:
            self.found.append(Misfit(place=place, reason=beginning(reason)))

    def fits(self, schema: Any, value: Any) -> bool:
        return self._document.checker(schema).is_valid(value, self._budget)

    def part(self, keyword: str, content: Any) -> dict[str, Any]:
        """A schema that has only one keyword of another one."""
        return self._document.derived(keyword, content, lambda: {keyword: content})

    def parts(self, schema: Mapping[str, Any], keywords: Sequence[str]) -> dict[str, Any]:
        """A schema that has only some keywords of another one."""
        return self._document.derived(
            " ".join(keywords),
            schema,
            lambda: {key: schema[key] for key in keywords if key in schema},
        )

    def patterned(self, pattern: str, schema: Any) -> dict[str, Any]:
        """A schema that has only one entry of ``patternProperties``."""
        return self._document.derived(
            f"patternProperties {pattern}", schema, lambda: {"patternProperties": {pattern: schema}}
        )

    def others(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A schema that checks only ``additionalProperties``, because it accepts all named
        members."""
        return self._document.derived(
            "others",
            schema,
            lambda: (
                {
                    key: dict.fromkeys(schema[key], True)
                    if isinstance(schema[key], Mapping)
                    else True
                    for key in ("properties", "patternProperties")
                    if key in schema
                }
                | {"additionalProperties": schema["additionalProperties"]}
            ),
        )

    def reasons(self, schema: Any, value: Any) -> list[str]:
        """Why a value does not fit one of several alternatives."""
        inner = _Search(self._document, self._budget, self._work, _MOST_OF_AN_ALTERNATIVE)
        inner._depth = self._depth
        inner._decided = set(self._decided)
        inner.look(schema, value, ())
        return [
            f"{spelled('.'.join(map(str, each.place)))}: {each.reason}"
            if each.place
            else each.reason
            for each in inner.found
        ]

    def wrong(self, keep: Mapping[str, Any], parts: Sequence[Any], make: _Make) -> Iterator[Any]:
        """The parts of a value that do not fit a schema, found by repeated halving."""
        checker = self._document.checker(keep)
        waiting = [parts]
        while waiting and len(self.found) < self._most:
            some = waiting.pop()
            if not some or checker.is_valid(make(some), self._budget):
                continue
            if len(some) == 1:
                yield some[0]
            elif not self._work.has_time():
                return
            else:
                half = len(some) // 2
                waiting += [some[half:], some[:half]]


_Make = Callable[[Sequence[Any]], Any]


def _required(
    search: _Search, schema: Mapping[str, Any], value: Any, place: tuple[str | int, ...]
) -> None:
    names = schema.get("required")
    if isinstance(value, dict) and isinstance(names, list):
        for name in names:
            if name not in value:
                search.add((*place, str(name)), "required and missing")
    dependent = schema.get("dependentRequired")
    if isinstance(value, dict) and isinstance(dependent, Mapping):
        for name, others in dependent.items():
            for other in others if name in value else ():
                if other not in value:
                    search.add((*place, str(other)), f"required with {name} and missing")


def _items(
    search: _Search, schema: Mapping[str, Any], value: Any, place: tuple[str | int, ...]
) -> None:
    if not isinstance(value, list):
        return
    first = schema.get("prefixItems") or []
    for index, (each, item) in enumerate(zip(first, value, strict=False)):
        search.look(each, item, (*place, index))
    if "items" in schema:
        keep = search.part("items", schema["items"])
        rest = range(len(first), len(value))
        for index in search.wrong(keep, rest, lambda some: value[some[0] : some[-1] + 1]):
            search.look(schema["items"], value[index], (*place, index))


def _members(
    search: _Search, schema: Mapping[str, Any], value: Any, place: tuple[str | int, ...]
) -> None:
    if not isinstance(value, dict):
        return
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    for name, each in properties.items():
        if name in value:
            search.look(each, value[name], (*place, name))

    def some_of(names: Sequence[Any]) -> dict[str, Any]:
        return {name: value[name] for name in names}

    names = list(value)
    patterned = schema.get("patternProperties")
    patterned = patterned if isinstance(patterned, Mapping) else {}
    for pattern, each in patterned.items():
        keep = search.patterned(pattern, each)
        for name in search.wrong(keep, names, some_of):
            search.look(each, value[name], (*place, name))
    more = schema.get("additionalProperties", True)
    if more is not True:
        others = [name for name in names if name not in properties]
        if more is False and not patterned:
            wrong = iter(others)
        else:
            wrong = search.wrong(search.others(schema), others, some_of)
        if more is False:
            unexpected = [shown(name) for name, _ in zip(wrong, range(_SHOWN), strict=False)]
            if unexpected:
                search.add(place, f"Additional properties are not allowed: {_list(unexpected)}")
        else:
            for name in wrong:
                search.look(more, value[name], (*place, name))
    if "propertyNames" in schema:
        keep = search.part("propertyNames", schema["propertyNames"])
        for name in search.wrong(keep, names, some_of):
            search.look(schema["propertyNames"], name, (*place, name))
    dependent = schema.get("dependentSchemas")
    if isinstance(dependent, Mapping):
        for name, each in dependent.items():
            if name in value:
                search.look(each, value, place)


def _combined(
    search: _Search, schema: Mapping[str, Any], value: Any, place: tuple[str | int, ...]
) -> None:
    parts = schema.get("allOf")
    for each in parts if isinstance(parts, list) else ():
        search.look(each, value, place)
    reference = search.choose(schema, value, place)
    if reference is not None:
        search.look({"$ref": reference}, value, place)
    for keyword in UNIONS if chosen(schema, value) is None else ():
        parts = schema.get(keyword)
        if not isinstance(parts, list) or search.fits(search.part(keyword, parts), value):
            continue
        unknown = _unknown_type(schema, value)
        if unknown:
            search.add((*place, property_of(schema) or ""), unknown)
            continue
        fitting = 0
        for each in parts:
            if not search.has_time():
                search.add(place, f"{shown(value)} does not fit {keyword}")
                return
            fitting += search.fits(each, value)
        if fitting:
            search.add(place, f"{shown(value)} fits {fitting} of the schemas instead of one")
            continue
        reasons = [reason for each in parts for reason in search.reasons(each, value)]
        text = " or ".join(dict.fromkeys(reasons)) or f"{shown(value)} fits none of the schemas"
        search.add(place, text)
    if "if" in schema:
        holds = search.fits(schema["if"], value)
        search.look(schema.get("then" if holds else "else", True), value, place)


def _unknown_type(schema: Mapping[str, Any], value: Any) -> str | None:
    """What is wrong with the member that names a value's schema, or None."""
    name, known = property_of(schema), mapping_of(schema)
    if name is None or not known or not isinstance(value, dict):
        return None
    names = _list(list(known)[:_SHOWN])
    if name not in value:
        return f"required and missing; it says which schema applies: {names}"
    if value[name] in known:
        return None  # the discriminator already chose at this place, and the value was right
    return f"{shown(value[name])} is not the name of a schema; the names are {names}"


def _contained(
    search: _Search, schema: Mapping[str, Any], value: Any, place: tuple[str | int, ...]
) -> None:
    if "contains" not in schema or not isinstance(value, list):
        return
    keys = ("contains", "minContains", "maxContains")
    keep = search.parts(schema, keys)
    if not search.fits(keep, value):
        search.add(place, "has too few or too many items of the kind that it must contain")


def _unevaluated(
    search: _Search, schema: Mapping[str, Any], value: Any, place: tuple[str | int, ...]
) -> None:
    if search.found or not {"unevaluatedProperties", "unevaluatedItems"} & schema.keys():
        return
    if not search.fits(schema, value):
        what = "members" if isinstance(value, dict) else "items"
        search.add(place, f"has {what} that are not allowed")


_SHOWN = 5


def _list(texts: Sequence[str]) -> str:
    return ", ".join(texts) if len(texts) < _SHOWN else f"{', '.join(texts[:-1])} and more"


def shown(value: Any) -> str:
    """A value in a message, shortened."""
    return spelled(value)


def _type(value: Any, kinds: Any) -> str:
    names = kinds if isinstance(kinds, list) else [kinds]
    return f"{shown(value)} is not of type {', '.join(repr(each) for each in names)}"


def _enum(value: Any, choices: Any) -> str:
    return f"{shown(value)} is not one of {shown(choices)}"


_REASONS: Mapping[str, Callable[[Any, Any], str]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda _, constant: f"{shown(constant)} was expected",
    "minimum": lambda value, least: f"{shown(value)} is less than the minimum of {shown(least)}",
    "maximum": lambda value, most: f"{shown(value)} is greater than the maximum of {shown(most)}",
    "exclusiveMinimum": lambda value, least: f"{shown(value)} is not greater than {shown(least)}",
    "exclusiveMaximum": lambda value, most: f"{shown(value)} is not less than {shown(most)}",
    "multipleOf": lambda value, step: f"{shown(value)} is not a multiple of {shown(step)}",
    "minLength": lambda value, _: f"{shown(value)} is too short",
    "maxLength": lambda value, _: f"{shown(value)} is too long",
    "pattern": lambda value, pattern: f"{shown(value)} does not match {shown(pattern)}",
    "format": lambda value, form: f"must be {wanted(form)}, not {shown(value)}",
    "minItems": lambda value, least: f"{shown(value)} has fewer than {shown(least)} items",
    "maxItems": lambda value, most: f"{shown(value)} has more than {shown(most)} items",
    "uniqueItems": lambda value, _: f"{shown(value)} has non-unique elements",
    "minProperties": lambda value, least: f"{shown(value)} has fewer than {shown(least)} members",
    "maxProperties": lambda value, most: f"{shown(value)} has more than {shown(most)} members",
    "not": lambda value, _: f"{shown(value)} fits the schema that it must not fit",
}
"""For each keyword, the reason in words, made from the value and the keyword's content."""
