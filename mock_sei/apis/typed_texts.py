"""Converts texts to the values that a schema allows: the schema decides what the text ``5`` means.

A text is read in each way that the schema allows (``ways.py``) until one fits. So it is refused
only if no reading fits. The work is limited by the length of the texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from mock_sei.apis.bodies import parse_json
from mock_sei.apis.formats import FORMATS
from mock_sei.apis.misfits import find_misfits, shown
from mock_sei.apis.patterns import Budget, PatternError, compile_pattern
from mock_sei.apis.references import Document
from mock_sei.apis.styles import Spelling, Tree
from mock_sei.apis.ways import Way, is_nested, ways_of
from mock_sei.errors import MalformedRequest
from mock_sei.values.cached import cached_property
from mock_sei.values.json_numbers import MOST_DIGITS, number

_INTEGER = re.compile(rf"-?[0-9]{{1,{MOST_DIGITS}}}")
_NUMBER = re.compile(
    rf"-?[0-9]{{1,{MOST_DIGITS}}}(\.[0-9]{{1,{MOST_DIGITS}}})?([eE][-+]?[0-9]{{1,9}})?"
)
_PLAIN_DIGITS = 15
"""How many digits a float can hold exactly."""

Check = Callable[[str], None]
"""Checks a text. Raises ``ValueError`` with the reason."""

_MOST_EXPLAINED = 3
"""How many parts of a value get an explanation. Of further parts the message only says that they
are wrong."""
_MOST_OBJECTS = 2000
"""How many nested objects are read in more than one way."""


class _ReadingLimits:
    """The limits of one whole reading, including its inner readings."""

    def __init__(self) -> None:
        self.explained = _MOST_EXPLAINED
        self.undefined: set[str | int] = set()
        """Members and items whose form is undefined and that could not be read."""
        self.objects = _MOST_OBJECTS


@dataclass(kw_only=True)
class Texts:
    """Reads the texts that were sent for one parameter or one body."""

    document: Document
    budget: Budget
    spelling: Spelling
    checks: Mapping[str, Check] = field(default_factory=dict)
    """Formats that are checked here instead of by the engine."""
    largest: int | None = None
    """Integers must be below this limit and not below its negative, regardless of their format."""
    is_strict: bool = True
    """Whether a value without a type may be sent several times and is then a list. It also says
    whether a value with commas may be one item of an array whose items are sent separately."""
    is_query: bool = False
    """Whether a blank may be an unescaped +, as in a query and in a form."""
    nested_is_open: bool = False
    """Whether arrays and objects inside the value may be written in any form. OpenAPI defines no
    form for those in a parameter, except for ``deepObject``."""
    pieces: Sequence[str] = ()
    """The items of an array, or alternating names and values, if their boundaries are known better
    than from the text."""
    _work: _ReadingLimits = field(default_factory=lambda: _ReadingLimits())

    @cached_property
    def _inner(self) -> Texts:
        """The reader of an item or a member, which has no style of its own."""
        return replace(self, spelling=Spelling(name=""), nested_is_open=False, pieces=())

    @property
    def _is_inner(self) -> bool:
        return not self.spelling.name

    def read(self, tree: Tree, schema: Any, *, is_quick: bool = False) -> Any:
        """The value of the texts, if it fits. Raises ``ValueError`` with the reason.

        ``is_quick`` says that type, format and enum are enough, so that no engine is needed.
        """
        value, problems = (is_quick and self._single(tree, schema)) or self.best(
            tree, schema, is_quick=is_quick, is_top=True
        )
        if problems:
            raise ValueError(problems[0])
        return value

    def _single(self, tree: Tree, schema: Any) -> tuple[Any, list[str]] | None:
        """Like :meth:`best`, for a single text that can only have one value.

        Most parameters are like that.
        """
        ways = ways_of(self.document, schema)
        if len(ways) > 1 or not ways[0].is_single or len(tree) != 1 or isinstance(tree, Mapping):
            return None
        text = self.spelling.single(tree)
        return None if text is None else self._leaf(text, ways[0], schema)

    def best(
        self, tree: Tree, schema: Any, *, is_quick: bool = False, is_top: bool = False
    ) -> tuple[Any, list[str]]:
        """The first value that fits.

        If none fits, the first value, with the reasons why it does not.
        """
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
        """Whether only parts are wrong whose written form OpenAPI does not define."""
        found = find_misfits(self.document, schema, value, self.budget)
        return all(not each.place or each.place[0] in self._work.undefined for each in found)

    def _reasons(self, schema: Any, value: Any, *, is_top: bool = False) -> list[str]:
        """Why a value does not fit. Empty if that would take too long."""
        if not is_top:
            self._work.explained -= 1
            if self._work.explained < 0:
                return []
        found = find_misfits(self.document, schema, value, self.budget)
        return [with_place(each.place, each.reason) for each in found]

    def fits(self, schema: Any, value: Any) -> bool:
        """Whether a value fits a schema."""
        return not isinstance(schema, Mapping) or self.document.checker(schema).is_valid(
            value, self.budget
        )

    def _candidates(self, tree: Tree, way: Way, schema: Any) -> Iterator[tuple[Any, list[str]]]:
        if isinstance(tree, Mapping):
            yield from self._of_members(tree, way)
            return
        spelling = self.spelling
        if self._is_inner and self.is_strict:
            yield from _of_json(tree, way)
            if way.style is not None:
                spelling = replace(spelling, style=way.style, explode=False)
        if self.pieces and way.wants("array"):
            yield self._list(self.pieces, way)
        if self.pieces and way.wants("object") and len(self.pieces) % 2 == 0:
            yield self._object(dict(zip(self.pieces[::2], self.pieces[1::2], strict=True)), way)
        if way.wants("array"):
            lists = spelling.lists(tree, whole=self.is_strict)
            if self.is_strict and is_nested(self.document, way.items):
                lists = reversed(list(lists))  # a comma more likely belongs to the inner array
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
            elif way.is_open and self.is_strict:
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
            yield "", ["must not be an object"]

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
        """The reasons for an item or a member. Empty if its written form is undefined."""
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
        """The value of a text: the first reading that fits.

        If there is only one reading, that one, even if it does not fit.
        """
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
            return self._integer(text, way.format)
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
        """The text of a number whose unescaped + arrived as a blank. No number contains a blank."""
        return text.replace(" ", "+") if self.is_query and self.is_strict else text

    def _number(self, text: str) -> float:
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"must be a number, not {shown(text)}")
        if len(text) > _PLAIN_DIGITS and _INTEGER.fullmatch(text):
            return int(text)
        value = number(text)
        if isinstance(value, str):
            raise ValueError(f"must be a number of at most {MOST_DIGITS} digits")
        if isinstance(value, int) and not self.is_strict:
            raise ValueError(f"must be a number, not {shown(text)}")
        return value

    def _integer(self, text: str, size: str | None) -> int:
        value = _whole(self._unescaped(text)) if self.is_strict else None
        if value is None:
            if not _INTEGER.fullmatch(text):
                if len(text) > MOST_DIGITS and text.removeprefix("-").isdecimal():
                    raise ValueError(f"must be a whole number of at most {MOST_DIGITS} digits")
                raise ValueError(f"must be a whole number, not {shown(text)}")
            value = int(text)
        known = None if size is None else FORMATS.get(size)
        bounds = None if known is None else known.bounds
        if known is not None and bounds is not None and not bounds[0] <= value <= bounds[1]:
            raise ValueError(f"must be {known.wanted}, not {shown(value)}")
        if self.largest is not None and not -self.largest <= value < self.largest:
            raise ValueError(f"must fit int64, and {shown(value)} does not")
        return value


_NO_FIT = "does not fit its schema"

_WITH_OFFSET = frozenset({"date-time", "time"})
"""Formats that contain a +, which many clients do not escape in a query."""


def _order(way: Way) -> Sequence[str]:
    numbers = ("number",) if "number" in way.kinds else ("integer",)
    if way.is_open:
        return ("string", "boolean", *numbers, "null")
    return ("boolean", *numbers, "string", "null")


def _whole(text: str) -> int | None:
    """An integer written with a point or an exponent, such as 1.0 (JSON Schema); otherwise None."""
    if not _NUMBER.fullmatch(text) or _INTEGER.fullmatch(text):
        return None
    exact = Decimal(text)
    if exact.adjusted() >= MOST_DIGITS or exact != exact.to_integral_value():
        return None
    return int(exact)


def _of_json(tree: Sequence[str], way: Way) -> Iterator[tuple[Any, list[str]]]:
    """An item or a member that is an array or an object written as JSON, as most clients write
    it."""
    wanted = _JSON_BEGINS.get(tree[0].lstrip()[:1]) if len(tree) == 1 else None
    if wanted is None or not way.wants(wanted):
        return
    try:
        yield parse_json(tree[0].encode(errors="replace")), []
    except MalformedRequest:
        return


_JSON_BEGINS = {"{": "object", "[": "array"}


def _items_of(tree: Mapping[str, Tree]) -> list[str | Mapping[str, Tree]]:
    """The items under names such as ``[0]`` and ``[]``, in the order of their numbers."""
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
    """The objects in ``[][x]=1&[][x]=2``. A repeated name begins the next object."""
    count = max((len(each) for each in tree.values() if not isinstance(each, Mapping)), default=1)
    if count < 2 or any(len(each) != count for each in tree.values()):
        yield tree
        return
    for index in range(count):
        yield {name: [each[index]] for name, each in tree.items() if not isinstance(each, Mapping)}


def with_place(place: Sequence[str | int], reason: str) -> str:
    """The reason together with the member's name. For an item of an array the value is enough."""
    names = ".".join(map(str, place)) if any(isinstance(each, str) for each in place) else ""
    return f"{names}: {reason}" if names else reason


def _shown_tree(tree: Tree) -> Any:
    return dict(tree) if isinstance(tree, Mapping) else ",".join(tree)
