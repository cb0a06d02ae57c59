"""Makes a value that fits a schema, for documents without examples. The result is always the same.

Values that the schema itself gives (``example``, ``default``, ``const``, ``enum``) are preferred if
they fit; documents are not always right about that. Other values are made from the combined
keywords of all schemas that apply (``combining.py``). If a schema cannot be satisfied completely,
the value comes as close as possible, and :class:`Sample` says what is wrong.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, islice
from math import isfinite
from typing import Any, Generic, TypeVar

from mock_sei.apis.combining import ways
from mock_sei.apis.containers import ANY, DEEPEST, MOST_PARTS, MOST_VALUES, Made, arrays, objects
from mock_sei.apis.formats import FORMATS
from mock_sei.apis.misfits import find_problems
from mock_sei.apis.patterns import Budget
from mock_sei.apis.plain import Parts, Plain
from mock_sei.apis.references import Document
from mock_sei.apis.scalars import fitting_values, usual
from mock_sei.document_files import paused_collector

HOPELESS = 40
"""After this many levels a schema that requires ever more levels is given up."""

_MOST_SECONDS = 0.012
"""The CPU time for choices in one value, ten times what most values need. After it the rest is made
without choices, in half as much time. What is not finished then is left out."""
_NEAR, _SECONDS_OF_A_CHECK = 30, 0.0004
"""How many schemas the engine of a value contains at first, and the CPU time of adding one more."""
_MOST_SECONDS_OF_PATTERNS = 0.005
_MOST_SECONDS_OF_PROBLEMS = 0.005
_MOST_STEPS = 800
"""The most schemas for which values are made with choices. Further values are made without
choices."""
_MOST_CHECKS = 100
"""The most parts of a value that are checked against their schema."""
_MOST_WAYS = 40
"""The most choices of alternatives that are tried for one schema."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A value that was made for a schema."""

    value: Any
    problems: tuple[str, ...] = ()
    """Each place that does not fit, with the reason. Empty if the value is valid."""
    is_made: bool = True
    """False if the value is an example of the document."""


def sample(schema: Any, document: Document) -> Sample:
    """A value that fits a schema of the document. It is made only once."""
    made = document.derived("sample", schema, lambda: {"made": _sample(schema, document)})
    found: Sample = made["made"]
    return found


def _sample(schema: Any, document: Document) -> Sample:
    with paused_collector():  # else its time counts as time of the choices
        maker = _Maker(document)
        value = maker.made((schema,), 0).value
        problems = find_problems(document, schema, value, maker.budget, _MOST_SECONDS_OF_PROBLEMS)
    return Sample(value=value, problems=problems)


_NOTHING = Made(value=None, is_whole=False)
_OF_FORMATS: Mapping[str, Mapping[str, Any]] = {name: {"format": name} for name in FORMATS}
_Key = tuple[frozenset[int], int, int, bool]
_Value = TypeVar("_Value")


class _Maker:
    """Makes one value with a limited number of steps, checks and parts."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.budget = Budget(seconds=_MOST_SECONDS_OF_PATTERNS)
        began = time.thread_time()
        self._end_of_choice = began + _MOST_SECONDS
        self._end = began + 1.5 * _MOST_SECONDS
        self._steps = _MOST_STEPS
        self._checks = _MOST_CHECKS
        self._known: dict[_Key, Made] = {}
        self._parts: list[Parts] = []
        """Kept so that the identities of known schemas stay valid."""
        self._ways: dict[frozenset[int], _Kept[Plain]] = {}
        self._series: dict[tuple[int, str], _Kept[Any]] = {}
        self._open: set[frozenset[int]] = set()
        """The schemas that are being made. None of them is begun again inside itself."""
        self._circles = 0

    def made(self, parts: Parts, depth: int, number: int = 0, *, is_sparse: bool = False) -> Made:
        """A value for some schemas.

        Different numbers give different values, as far as the schemas allow.
        """
        parts = tuple(each for each in parts if each is not True) or (ANY,)
        if len(parts) == 1:
            parts = (self.document.follow(parts[0], "schema"),) if _is_bare(parts[0]) else parts
        identity = frozenset(map(id, parts))
        if identity in self._open or depth > HOPELESS or self.is_over:
            self._circles += 1
            return Made(value=_empty(parts), is_whole=False)
        key = identity, min(depth, DEEPEST), number, is_sparse
        if key in self._known:
            return self._known[key]
        self._parts.append(parts)
        self._steps -= 1
        self._open.add(identity)
        before = self._circles
        found = self._chosen(identity, parts, depth, number, is_sparse=is_sparse)
        self._open.discard(identity)
        if found.is_whole or before == self._circles:
            self._known[key] = found
        return found

    @property
    def has_time(self) -> bool:
        """Whether there is time left for alternatives and for optional members."""
        return self._steps > 0 and time.thread_time() < self._end_of_choice

    @property
    def is_over(self) -> bool:
        """Whether the time has run out, so that nothing more may be made."""
        return time.thread_time() > self._end

    def fits(self, parts: Parts, value: Any) -> bool:
        """Whether a value fits some schemas. False when no more checks are allowed."""
        if self._checks <= 0:
            return True
        self._checks -= 1
        checkers = map(self.document.checker, parts)
        return all(each.is_valid(value, self.budget) for each in checkers)

    def _chosen(
        self, identity: frozenset[int], parts: Parts, depth: int, number: int, *, is_sparse: bool
    ) -> Made:
        first: Made | None = None
        most = _MOST_WAYS if self.has_time else 1
        for way in islice(self._ways_of(identity, parts).after(0), most):
            must_fit = way.checked and self.has_time
            for each in self._values(way, parts, depth, number, is_sparse=is_sparse):
                if each.is_whole and way.is_possible and not must_fit:
                    return each
                if each.is_whole and must_fit and self.fits(parts, each.value):
                    return each
                first = each if first is None or (each.is_whole and not first.is_whole) else first
                self._steps -= 1
                if not self.has_time:
                    return replace(first, is_whole=False)
        return replace(first or _NOTHING, is_whole=False)

    def series(self, plain: Plain, kind: str, values: Callable[[], Iterator[Any]]) -> _Kept[Any]:
        """The values of a simple type for a plain schema. They are computed only once."""
        key = id(plain), kind
        if key not in self._series:
            self._series[key] = _Kept(values())
        return self._series[key]

    def _ways_of(self, identity: frozenset[int], parts: Parts) -> _Kept[Plain]:
        if identity not in self._ways:
            if len(self._ways) > _NEAR:
                self._end_of_choice -= _SECONDS_OF_A_CHECK
            self._ways[identity] = _Kept(ways(parts, self.document, self.budget))
        return self._ways[identity]

    def has_format(self, name: str, text: str) -> bool:
        schema = _OF_FORMATS.get(name)
        return schema is None or self.document.checker(schema).is_valid(text)

    def _values(
        self, plain: Plain, parts: Parts, depth: int, number: int, *, is_sparse: bool
    ) -> Iterator[Made]:
        """Values that may fit. There are several if only a check can tell whether they fit."""
        if number == 0:
            for each in plain.offers:
                if self._is_good(each, plain, parts):
                    yield Made(value=each, size=size_of(each, MOST_PARTS))
        if plain.choices is not None:
            kept = [each for each in plain.choices if self._is_good(each, plain, parts)]
            yield from map(_value, kept[number:] or ())
            return
        for kind in _kinds(plain):
            make = _MAKERS[kind]
            yield from make(self, plain, depth, number, is_sparse)

    def _is_good(self, value: Any, plain: Plain, parts: Parts) -> bool:
        """Whether a value from the document fits. If only its type matters, no engine is used."""
        kinds = _kinds_of(value)
        if not kinds:  # for instance .nan, which JSON does not have
            return False
        if plain.types is not None and not kinds & plain.types:
            return False
        if not plain.allows(value):
            return False
        if _is_simple(plain) and kinds & {"string", "boolean", "null", "integer", "number"}:
            return True
        return self.fits(parts, value)


class _Kept(Generic[_Value]):
    """The results of an iterator, each computed once and kept."""

    def __init__(self, values: Iterator[_Value]) -> None:
        self._values = values
        self._found: list[_Value] = []

    def after(self, start: int) -> Iterator[_Value]:
        """All results but the first ``start``."""
        for at in count(start):
            self._found += islice(self._values, max(0, at + 1 - len(self._found)))
            if at >= len(self._found):
                return
            yield self._found[at]

    @property
    def is_empty(self) -> bool:
        return not self._found and next(iter(self.after(0)), None) is None


def _empty(parts: Parts) -> Any:
    """The value of a schema that requires itself."""
    kinds = [each.get("type") for each in parts if isinstance(each, Mapping)]
    return [] if "array" in kinds else {} if "object" in kinds else None


def _value(value: Any) -> Made:
    return Made(value=value)


def _is_bare(schema: Any) -> bool:
    """Whether a schema consists only of a reference."""
    return isinstance(schema, Mapping) and len(schema) == 1 and "$ref" in schema


def _kinds_of(value: Any) -> frozenset[str]:
    if value is None:
        return frozenset({"null"})
    if isinstance(value, float) and not isfinite(value):
        return frozenset()
    for kind, types in _PYTHON_TYPES:
        if isinstance(value, types):
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return frozenset({kind, "integer"} if kind == "number" and whole else {kind})
    return frozenset()


_PYTHON_TYPES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("boolean", (bool,)),
    ("number", (int, float)),
    ("string", (str,)),
    ("array", (list,)),
    ("object", (Mapping,)),
)


def _is_simple(plain: Plain) -> bool:
    """Whether a schema of a simple type limits nothing but the type and a list of values."""
    return not (
        plain.patterns
        or any(each in FORMATS for each in plain.formats)
        or plain.counts
        or plain.checked
        or plain.low
        or plain.high
        or plain.step
    )


def size_of(value: Any, most: int) -> int:
    """The number of parts of a value, counted up to ``most``."""
    count, waiting = 0, [value]
    while waiting and count < most:
        each = waiting.pop()
        count += 1
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return count


def _kinds(plain: Plain) -> list[str]:
    """The types that a value may have, the most likely first.

    Null is only included if there is no other.
    """
    shown = _shown_kind(plain)
    if plain.types is None:
        return [shown]
    kinds = [each for each in _MAKERS if each in plain.types]
    return sorted(kinds, key=lambda each: (each == "null", each != shown))


def _shown_kind(plain: Plain) -> str:
    """The type that the keywords suggest, for a schema without a type."""
    if plain.objects or plain.required or "minProperties" in plain.counts:
        return "object"
    if plain.arrays or "minItems" in plain.counts or plain.unique:
        return "array"
    if plain.low or plain.high or plain.step:
        return "number"
    if plain.patterns or plain.formats or {"minLength", "maxLength"} & plain.counts.keys():
        return "string"
    return "object"


_Make = Callable[[_Maker, Plain, int, int, bool], Iterator[Made]]


def _simple(kind: str) -> _Make:
    def make(maker: _Maker, plain: Plain, _: int, number: int, __: bool) -> Iterator[Made]:
        """Values that fit. If there is none, one that does not fit."""
        most = MOST_VALUES if plain.checked else 1
        found = maker.series(plain, kind, lambda: fitting_values(plain, kind, maker.has_format))
        yield from map(_value, islice(found.after(number), most))
        if found.is_empty:
            yield from (Made(value=each, is_whole=False) for each in islice(usual(plain, kind), 1))

    return make


_plain_strings = _simple("string")


def _strings(maker: _Maker, plain: Plain, depth: int, number: int, sparse: bool) -> Iterator[Made]:
    if plain.inner is not None and number == 0 and not plain.patterns:
        text = json.dumps(maker.made((plain.inner,), depth + 1).value)
        least, most = plain.counts.get("minLength", 0), plain.counts.get("maxLength", len(text))
        if least <= len(text) <= most:
            yield _value(text)
    yield from _plain_strings(maker, plain, depth, number, sparse)


_MAKERS: Mapping[str, _Make] = {
    "object": objects,
    "array": arrays,
    "string": _strings,
    "integer": _simple("integer"),
    "number": _simple("number"),
    "boolean": _simple("boolean"),
    "null": _simple("null"),
}
