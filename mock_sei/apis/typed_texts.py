"""Texts as the values of a schema: what the text ``5`` is, says the schema.

References, ``allOf``, ``anyOf``, ``oneOf``, lists of types, ``enum`` and ``const`` are followed. A
text is read in every way that the schema allows until one fits, so that only what no reading makes
right is refused. The work is bounded by the length of the texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import Any

from mock_sei.apis.bodies import parse_json
from mock_sei.apis.misfits import find_misfits, shown
from mock_sei.apis.references import Document
from mock_sei.apis.styles import ITEM_STYLE, Spelling, Tree
from mock_sei.errors import ConfigurationError, MalformedRequest
from mock_sei.json_numbers import MOST_DIGITS, number
from mock_sei.patterns import Budget, PatternError, compile_pattern

MOST_WAYS = 20
"""Ways in which a schema may be met that are tried; of more, all kinds of text are tried last."""
_DEEPEST = 20

_INTEGER = re.compile(rf"-?[0-9]{{1,{MOST_DIGITS}}}")
_NUMBER = re.compile(
    rf"-?[0-9]{{1,{MOST_DIGITS}}}(\.[0-9]{{1,{MOST_DIGITS}}})?([eE][-+]?[0-9]{{1,9}})?"
)
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
    style: str | None = None
    """How an array within an array is written, where Swagger 2.0 says it."""

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
    sets += [[(), *_flat(document, each, depth + 1)][:MOST_WAYS] for each in _conditional(schema)]
    for each in sets:
        found = [(*one, *other) for one, other in _first_of(product(found, each))]
    return found


def _conditional(schema: Mapping[str, Any]) -> Sequence[Any]:
    """Schemas that hold for some values only; whether they do says the engine."""
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


_MOST_EXPLAINED = 3
"""Parts of a value whose misfits are looked for; of any other it is said only that it is wrong."""
_MOST_OBJECTS = 2000
"""Objects within objects that are read in another than the first way."""


class _Work:
    """What a whole reading may still do, inner readings included."""

    def __init__(self) -> None:
        self.explained = _MOST_EXPLAINED
        self.undefined: set[str | int] = set()
        """Members and items whose way of writing is not defined, and which could not be read."""
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
    """Whether a blank may be a + that was not escaped, as in a query and in a form."""
    nested_is_open: bool = False
    """Whether arrays and objects within the value may be written in any way: OpenAPI has none for
    those of a parameter, but for ``deepObject``."""
    pieces: Sequence[str] = ()
    """The items of an array, or names and values in turn, where it is known better than by the text
    where each ends."""
    _work: _Work = field(default_factory=lambda: _Work())

    @cached_property
    def _inner(self) -> Texts:
        """Reads an item or a member, which has no style of its own."""
        return replace(self, spelling=Spelling(name=""), nested_is_open=False, pieces=())

    @property
    def _is_inner(self) -> bool:
        return not self.spelling.name

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
        if self._work.undefined and not problems and self._is_only_undefined(schema, value):
            return value, []
        if len(ways) == 1 and problems:
            return first
        return value, self._reasons(schema, value, is_top=is_top) or problems or [_NO_FIT]

    def _is_only_undefined(self, schema: Any, value: Any) -> bool:
        """Whether no more is wrong than what may be written in any way."""
        found = find_misfits(self.document, schema, value, self.budget)
        return all(not each.place or each.place[0] in self._work.undefined for each in found)

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
        spelling = self.spelling
        if self._is_inner and self.to_the_letter:
            yield from _of_json(tree, way)
            if way.style is not None:
                spelling = replace(spelling, style=way.style, explode=False)
        if self.pieces and way.wants("array"):
            yield self._list(self.pieces, way)
        if self.pieces and way.wants("object") and len(self.pieces) % 2 == 0:
            yield self._object(dict(zip(self.pieces[::2], self.pieces[1::2], strict=True)), way)
        if way.wants("array"):
            lists = spelling.lists(tree, whole=self.to_the_letter)
            if self.to_the_letter and is_nested(self.document, way.items):
                lists = reversed(list(lists))  # a comma is rather one of the inner array
            yield from self._trying(lists, lambda each: self._list(each, way))
        if way.wants("object"):
            objects = spelling.objects(tree)
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
            yield self._list(_items_of(tree), way)
        if "object" in way.kinds:
            yield self._object(tree, way)
        if not way.kinds & {"array", "object"}:
            yield "", ["is an object here, and must be none"]

    def _list(
        self, items: Sequence[str | Mapping[str, Tree]], way: Way
    ) -> tuple[list[Any], list[str]]:
        values, problems = [], list[str]()
        first = way.first_items
        for index, item in enumerate(items):
            schema = first[index] if index < len(first) else way.items
            inner: Tree = [item] if isinstance(item, str) else item
            value, wrong = self._inner.best(inner, schema)
            values.append(value)
            problems += self._defined(index, schema, wrong)
        return values, problems

    def _defined(self, part: str | int, schema: Any, wrong: list[str]) -> list[str]:
        """What is wrong with an item or a member, if there is one way to write it."""
        if not wrong or not self.nested_is_open or not is_nested(self.document, schema):
            return wrong
        self._work.undefined.add(part)
        return []

    def _object(self, tree: Mapping[str, Any], way: Way) -> tuple[dict[str, Any], list[str]]:
        values, problems = {}, list[str]()
        for name, each in tree.items():
            inner = [each] if isinstance(each, str) else each
            schema = self._member(name, way)
            values[name], wrong = self._inner.best(inner, schema)
            wrong = self._defined(name, schema, wrong)
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
            return self._number(self._unescaped(text))
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

    def _unescaped(self, text: str) -> str:
        """A number whose + came as a blank: no number has one."""
        return text.replace(" ", "+") if self.is_query and self.to_the_letter else text

    def _number(self, text: str) -> float:
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"must be a number, not {shown(text)}")
        if len(text) > _PLAIN_DIGITS and _INTEGER.fullmatch(text):
            return int(text)
        value = number(text)
        if isinstance(value, str):
            raise ValueError(f"must be a number of at most {MOST_DIGITS} digits")
        if isinstance(value, int) and not self.to_the_letter:
            raise ValueError(f"must be a number, not {shown(text)}")
        return value

    def _integer(self, text: str) -> int:
        value = _whole(self._unescaped(text)) if self.to_the_letter else None
        if value is None:
            if not _INTEGER.fullmatch(text):
                if len(text) > MOST_DIGITS and text.removeprefix("-").isdecimal():
                    raise ValueError(f"must be a whole number of at most {MOST_DIGITS} digits")
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


def _whole(text: str) -> int | None:
    """A whole number that is written with a point or an exponent: 1.0 is one (JSON Schema)."""
    if not _NUMBER.fullmatch(text) or _INTEGER.fullmatch(text):
        return None
    exact = Decimal(text)
    if exact.adjusted() >= MOST_DIGITS or exact != exact.to_integral_value():
        return None
    return int(exact)


def _of_json(tree: Sequence[str], way: Way) -> Iterator[tuple[Any, list[str]]]:
    """An item or a member that is an array or an object, as most clients write one."""
    wanted = _JSON_BEGINS.get(tree[0].lstrip()[:1]) if len(tree) == 1 else None
    if wanted is None or not way.wants(wanted):
        return
    try:
        yield parse_json(tree[0].encode(errors="replace")), []
    except MalformedRequest:
        return


_JSON_BEGINS = {"{": "object", "[": "array"}


def is_nested(document: Document, schema: Any) -> bool:
    """Whether a value may be an array or an object, without a style of its own."""
    return any(
        way.style is None and (way.wants("array") or way.wants("object"))
        for way in ways_of(document, schema)
    )


def _items_of(tree: Mapping[str, Tree]) -> list[str | Mapping[str, Tree]]:
    """The items that names such as ``[0]`` and ``[]`` give, by their numbers."""
    items: list[str | Mapping[str, Tree]] = []
    for name in sorted(tree, key=lambda each: (len(each.lstrip("0")), each.lstrip("0"))):
        each = tree[name]
        if not isinstance(each, Mapping):
            items += each
        elif name == "":
            items += _apart(each)
        else:
            items.append(each)
    return items


def _apart(tree: Mapping[str, Tree]) -> Iterator[Mapping[str, Tree]]:
    """The objects of ``[][x]=1&[][x]=2``: a name that comes again begins another one."""
    count = max((len(each) for each in tree.values() if not isinstance(each, Mapping)), default=1)
    if count < 2 or any(len(each) != count for each in tree.values()):
        yield tree
        return
    for index in range(count):
        yield {name: [each[index]] for name, each in tree.items() if not isinstance(each, Mapping)}


def with_place(place: Sequence[str | int], reason: str) -> str:
    """The reason, with the member that it is about; an item of an array shows itself."""
    names = ".".join(map(str, place)) if any(isinstance(each, str) for each in place) else ""
    return f"{names}: {reason}" if names else reason


def _shown_tree(tree: Tree) -> Any:
    return dict(tree) if isinstance(tree, Mapping) else ",".join(tree)
