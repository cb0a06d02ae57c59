"""Texts as the values of a schema: what the text ``5`` is, says the schema.

References, ``allOf``, ``anyOf``, ``oneOf``, lists of types, ``enum`` and ``const`` are followed. A
text is read in every way that the schema allows until one fits, so that only what no reading makes
right is refused. The work is bounded by the length of the texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from math import isfinite
from typing import Any

from mock_sei.apis.misfits import find_misfits, shown
from mock_sei.apis.references import Document
from mock_sei.apis.styles import Spelling, Tree
from mock_sei.errors import ConfigurationError
from mock_sei.patterns import Budget, PatternError, compile_pattern

MOST_WAYS = 20
"""Ways in which a schema may be met that are tried; of more, all kinds of text are tried last."""
_DEEPEST = 20

LONGEST_INTEGER = 4300
"""Digits: what Python reads."""
_INTEGER = re.compile(rf"-?[0-9]{{1,{LONGEST_INTEGER}}}")
_NUMBER = re.compile(rf"-?[0-9]{{1,{LONGEST_INTEGER}}}(\.[0-9]{{1,400}})?([eE][-+]?[0-9]{{1,3}})?")
_PLAIN_DIGITS = 15
"""Digits that a float holds exactly."""

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

Check = Callable[[str], None]
"""Of a text. Raises ``ValueError`` with the reason."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way in which a schema may be met: its parts hold together."""

    kinds: frozenset[str]
    """``integer`` stands beside ``number`` wherever that is allowed."""
    is_open: bool
    """Whether it says nothing of the type."""
    choices: Sequence[str] | None
    """The texts of an enumeration of texts."""
    format: str | None
    items: Any
    first_items: Sequence[Any]
    members: Mapping[str, Any]
    patterned: Sequence[tuple[str, Any]]
    others: Any
    """The schema of members that have none of their own; None where it says nothing of them."""

    def wants(self, kind: str) -> bool:
        """Whether the schema names a type."""
        return kind in self.kinds and not self.is_open


def ways_of(document: Document, schema: Any) -> Sequence[Way]:
    """All ways in their order; where there are many, some, and one that says nothing."""
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
"""A schema that says nothing."""


def _flat(document: Document, schema: Any, depth: int) -> list[tuple[Mapping[str, Any], ...]]:
    """The alternatives of a schema, each as the parts that hold together."""
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
    for each in sets:
        found = [(*one, *other) for one, other in _first_of(product(found, each))]
    return found


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
    prefixes = [part["prefixItems"] for part in parts if part.get("prefixItems")]
    others = [part.get("additionalProperties") for part in parts]
    return Way(
        kinds=kinds,
        is_open=kinds == _ALL,
        choices=texts if constants is not None and kinds == {"string"} else None,
        format=next((part["format"] for part in parts if "format" in part), None),
        items=_together([part["items"] for part in parts if "items" in part]),
        first_items=prefixes[0] if prefixes else (),
        members={name: _together(each) for name, each in members.items()},
        patterned=[one for part in parts for one in (part.get("patternProperties") or {}).items()],
        others=_together([each for each in others if each is not None and each is not False]),
    )


def _kinds_of(value: Any) -> frozenset[str]:
    kinds = {str(each) for each in (value if isinstance(value, list) else [value])}
    return frozenset(kinds | ({"integer"} if "number" in kinds else set()))


def _together(schemas: Sequence[Any]) -> Any:
    if not schemas:
        return None
    return schemas[0] if len(schemas) == 1 else {"allOf": list(schemas)}


_MOST_EXPLAINED = 3
"""Parts of a value whose misfits are looked for; of any other it is said only that it is wrong."""
_MOST_OBJECTS = 2000
"""Objects within objects that are read in another than the first way."""


class _Work:
    """What a whole reading may still do, inner readings included."""

    def __init__(self) -> None:
        self.explained = _MOST_EXPLAINED
        self.objects = _MOST_OBJECTS


@dataclass(kw_only=True)
class Texts:
    """Reads what was sent for one parameter, or one body."""

    document: Document
    budget: Budget
    spelling: Spelling
    checks: Mapping[str, Check] = field(default_factory=dict)
    """Formats that are checked here instead of by the engine."""
    largest: int | None = None
    """Whole numbers must be below it, and not below its negative, whatever their format."""
    to_the_letter: bool = True
    """Whether what has no type may be given several times, and is a list then; and whether a value
    with commas may be one item of an array whose items come under a name each."""
    is_query: bool = False
    """Whether a blank may be a + that was not escaped."""
    _work: _Work = field(default_factory=lambda: _Work())

    @cached_property
    def _inner(self) -> Texts:
        """Reads an item or a member, which has no style of its own."""
        return replace(self, spelling=Spelling(name=""))

    def read(self, tree: Tree, schema: Any, *, is_quick: bool = False) -> Any:
        """A value that fits. Raises ``ValueError`` with the reason.

        ``is_quick`` where the type, format and texts say all, so that the engine is not asked.
        """
        value, problems = self.best(tree, schema, is_quick=is_quick, is_top=True)
        if problems:
            raise ValueError(problems[0])
        return value

    def best(
        self, tree: Tree, schema: Any, *, is_quick: bool = False, is_top: bool = False
    ) -> tuple[Any, list[str]]:
        """The first value that fits, else the first one with what is wrong with it."""
        first: tuple[Any, list[str]] | None = None
        ways = ways_of(self.document, schema)
        checks = is_top and not is_quick
        for way in ways:
            if isinstance(tree, Mapping):
                self._work.objects -= 1
                if self._work.objects < 0 and first is not None:
                    break
            for value, problems in self._candidates(tree, way, schema):
                if not problems and (not (checks or len(ways) > 1) or self.fits(schema, value)):
                    return value, []
                if first is None or (first[1] and not problems):
                    first = value, problems
        if first is None:
            return "", [f"{shown(_shown_tree(tree))} fits none of the schemas"]
        value, problems = first
        if len(ways) == 1 and problems:
            return first
        return value, self._reasons(schema, value, is_top=is_top) or problems or [_NO_FIT]

    def _reasons(self, schema: Any, value: Any, *, is_top: bool = False) -> list[str]:
        """What is wrong with a value; nothing where that would take too long."""
        if not is_top:
            self._work.explained -= 1
            if self._work.explained < 0:
                return []
        found = find_misfits(self.document, schema, value, self.budget)
        return [with_place(each.place, each.reason) for each in found]

    def fits(self, schema: Any, value: Any) -> bool:
        return not isinstance(schema, Mapping) or self.document.checker(schema).is_valid(
            value, self.budget
        )

    def _candidates(self, tree: Tree, way: Way, schema: Any) -> Iterator[tuple[Any, list[str]]]:
        if isinstance(tree, Mapping):
            yield from self._of_members(tree, way)
            return
        if way.wants("array"):
            lists = self.spelling.lists(tree, whole=self.to_the_letter)
            yield from self._trying(lists, lambda each: self._list(each, way))
        if way.wants("object"):
            objects = self.spelling.objects(tree)
            yield from self._trying(objects, lambda each: self._object(each, way))
        if way.is_open or way.kinds - {"array", "object"}:
            try:
                text = self.spelling.single(tree)
            except ValueError as error:
                yield ",".join(tree), [str(error)]
                return
            if text is not None:
                yield self._leaf(text, way, schema)
            elif way.is_open and self.to_the_letter:
                yield list(tree), []
            else:
                yield ",".join(tree), ["given more than once"]

    def _trying(
        self, found: Iterator[Any], read: Callable[[Any], tuple[Any, list[str]]]
    ) -> Iterator[tuple[Any, list[str]]]:
        try:
            for each in found:
                yield read(each)
        except ValueError as error:
            yield "", [str(error)]

    def _of_members(self, tree: Mapping[str, Tree], way: Way) -> Iterator[tuple[Any, list[str]]]:
        if "array" in way.kinds and all(name == "" or name.isdecimal() for name in tree):
            texts = [one for each in tree.values() if not isinstance(each, Mapping) for one in each]
            yield self._list(texts, way)
        if "object" in way.kinds:
            yield self._object(tree, way)
        if not way.kinds & {"array", "object"}:
            yield "", ["is an object here, and must be none"]

    def _list(self, texts: Sequence[str], way: Way) -> tuple[list[Any], list[str]]:
        values, problems = [], list[str]()
        first = way.first_items
        for index, text in enumerate(texts):
            schema = first[index] if index < len(first) else way.items
            value, wrong = self._inner.best([text], schema)
            values.append(value)
            problems += wrong
        return values, problems

    def _object(self, tree: Mapping[str, Any], way: Way) -> tuple[dict[str, Any], list[str]]:
        values, problems = {}, list[str]()
        for name, each in tree.items():
            inner = [each] if isinstance(each, str) else each
            values[name], wrong = self._inner.best(inner, self._member(name, way))
            problems += [f"{name}: {reason}" for reason in wrong]
        return values, problems

    def _member(self, name: str, way: Way) -> Any:
        found = way.members.get(name)
        if found is not None:
            return found
        for pattern, schema in way.patterned:
            try:
                if compile_pattern(pattern).matches(name, self.budget):
                    return schema
            except PatternError:
                continue
        return way.others

    def _leaf(self, text: str, way: Way, schema: Any) -> tuple[Any, list[str]]:
        """Of the readings of a text the first that fits; where there is one only, that."""
        readings = [each for each in _order(way) if each in way.kinds]
        if len(readings) == 1:
            try:
                return self._as(readings[0], text, way), []
            except ValueError as error:
                return text, [str(error)]
        first: tuple[Any] | None = None
        for kind in readings:
            try:
                value = self._as(kind, text, way)
            except ValueError:
                continue
            if self.fits(schema, value):
                return value, []
            if first is None or isinstance(first[0], str):
                first = (value,)
        value = text if first is None else first[0]
        return value, self._reasons(schema, value) or [f"{shown(text)} fits none of the types"]

    def _as(self, kind: str, text: str, way: Way) -> Any:
        if kind == "boolean":
            if text not in ("true", "false"):
                raise ValueError(f"must be true or false, not {shown(text)}")
            return text == "true"
        if kind == "integer":
            return self._integer(text)
        if kind == "number":
            return _number(text)
        if kind == "null":
            if text not in ("", "null"):
                raise ValueError(f"must be null, not {shown(text)}")
            return None
        if way.choices is not None and text not in way.choices:
            raise ValueError(f"must be {' or '.join(way.choices)}, not {shown(text)}")
        check = self.checks.get(way.format or "")
        if check is not None:
            check(text)
        elif self.is_query and way.format in _WITH_OFFSET and " " in text:
            return text.replace(" ", "+")
        return text

    def _integer(self, text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise ValueError(f"must be a whole number, not {shown(text)}")
        value = int(text)
        if self.largest is not None and not -self.largest <= value < self.largest:
            raise ValueError(f"must fit int64, and {shown(value)} does not")
        return value


_NO_FIT = "does not fit its schema"

_WITH_OFFSET = frozenset({"date-time", "time"})
"""Formats that have a +, which many clients do not escape in a query."""


def _order(way: Way) -> Sequence[str]:
    numbers = ("number",) if "number" in way.kinds else ("integer",)
    if way.is_open:
        return ("string", "boolean", *numbers, "null")
    return ("boolean", *numbers, "string", "null")


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"must be a number, not {shown(text)}")
    if len(text) > _PLAIN_DIGITS and _INTEGER.fullmatch(text):
        return int(text)
    if not isfinite(float(text)):
        raise ValueError(f"must be a number, not {shown(text)}")
    return float(text)


def with_place(place: Sequence[str | int], reason: str) -> str:
    """The reason, with the member that it is about; an item of an array shows itself."""
    names = ".".join(map(str, place)) if any(isinstance(each, str) for each in place) else ""
    return f"{names}: {reason}" if names else reason


def _shown_tree(tree: Tree) -> Any:
    return dict(tree) if isinstance(tree, Mapping) else ",".join(tree)
