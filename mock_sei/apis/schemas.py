"""Converts schemas of a document to a form that the checking engine accepts.

The engine is jsonschema-rs. It checks half a million items in some milliseconds, and checks a value
that occurs many times only once. It only tells whether a value fits; ``misfits.py`` tells why not.
It gets only keywords that decide, with content that it accepts, so that no document makes it fail.
Source: JSON Schema 2020-12.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

from mock_sei.apis.discriminators import UNIONS, default_of, mapping_of, property_of
from mock_sei.apis.formats import CHECKS, FORMATS, decides
from mock_sei.apis.patterns import Budget, PatternError, SearchPattern, compile_pattern
from mock_sei.values.cached import cached_property

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

_SLOW_PATTERN = "x-mock-sei-pattern"
_SLOW_MEMBERS = "x-mock-sei-members"
_LATER = "x-mock-sei-later"
_CONDITIONS = "x-mock-sei-conditions"
_BOUNDS = "x-mock-sei-bounds"
_CHOSEN = "x-mock-sei-chosen"

_MOST_DECIDED = 5
"""The most discriminators that choose for one value, each inside the choice of another."""
_MOST_FORMS = 5_000
"""If a schema refers to more schemas than this, its discriminators are not used."""

_LARGEST_COUNT = 2**53

MOST_AT_ONCE = 300
"""How many schemas one engine contains before it leaves references of members and items to other
engines. In a large document every schema leads to nearly every other, but one value uses only a
few."""
_COST_OF_A_PATTERN, _COST_OF_A_PROPERTY = 10, 50
"""The costs in schemas. The second one is for each Unicode property, which has thousands of
characters. Further patterns are searched by ``patterns.py``, which compiles a pattern when it first
gets a text."""


class Source(Protocol):
    """The document that contains a schema."""

    @property
    def lenient(self) -> bool:
        """Whether the document describes a product of the vendor, and so is read leniently."""

    @property
    def bases(self) -> Mapping[str, frozenset[int]]:
        """The base types of schemas, as ``discriminators.py`` finds them."""

    def find(self, reference: str, place: str) -> Any:
        """The target of a reference. Raises :class:`ConfigurationError`."""

    def checker(self, schema: Any) -> Checker:
        """The checker of a schema. It is made only once."""

    def far_checker(self, schema: Any) -> Checker:
        """The checker of a schema to which another engine leads.

        It follows as few references as possible.
        """


class Checker:
    """Checks values against one schema. The schema is converted when it is first used."""

    def __init__(
        self,
        schema: Any,
        source: Source,
        running: threading.local,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._schema = schema
        self._source = source
        self._running = running
        self._most_at_once = most_at_once

    def is_valid(self, value: Any, budget: Budget | None = None) -> bool:
        """Whether a value fits. ``budget`` is the time that is left for this call's patterns."""
        before = getattr(self._running, "budget", None)
        running = self._running.budget = budget or before or Budget()
        try:
            return self._engine.is_valid(value)
        finally:
            self._running.budget = before
            if before is None:
                running.pause()

    @cached_property
    def _engine(self) -> Draft202012Validator:
        # Imported with the first value, because most runs never check one.
        from jsonschema_rs import Draft202012Validator, RegexOptions

        form = _Form(self._source, self._running, self._most_at_once)
        return Draft202012Validator(
            form.whole(self._schema),
            formats=dict(CHECKS),
            validate_formats=True,
            pattern_options=RegexOptions(size_limit=_REGEX_SIZE, dfa_size_limit=_REGEX_SIZE),
            keywords={
                _SLOW_PATTERN: form.keyword(form.texts),
                _SLOW_MEMBERS: form.keyword(form.members),
                _LATER: form.keyword(form.later),
            },
        )


_PROPERTY = re.compile(r"\\[pP]\{")
_REGEX_SIZE = 10 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class _SlowMembers:
    """``patternProperties`` that the engine cannot search, and the schema of the other members."""

    patterned: Sequence[tuple[SearchPattern, Any]]
    known: frozenset[str]
    others: Sequence[SearchPattern]
    """Patterns that the engine itself searches."""
    additional: Any


_Key = tuple[str, frozenset[int]]
"""A reference, and the discriminators that have chosen for the value before it is followed."""


class _Form:
    """Converts one schema and everything that it refers to."""

    def __init__(self, source: Source, running: threading.local, most: int) -> None:
        self._source = source
        self.lenient = source.lenient
        self._running = running
        self._left = most
        self._numbers: dict[_Key, int] = {}
        self._waiting: deque[tuple[_Key, int]] = deque()
        self._later: list[Any] = []
        self._in_place: set[_Key] = set()
        """References that apply to the value itself, so its own engine must follow them."""
        self._decided: frozenset[int] = frozenset()
        """The discriminators that have already chosen for the value of the current schema."""
        self._slow_patterns: list[str] = []
        self._slow_members: list[_SlowMembers] = []

    def whole(self, schema: Any) -> dict[str, Any]:
        """The converted schema. Everything that it refers to is under ``$defs``."""
        definitions: dict[str, Any] = {}
        form = self.schema(schema)
        while self._waiting:
            key, number = self._waiting.popleft()  # the schemas nearest to the value come first
            reference, self._decided = key
            target = self._source.find(reference, "$ref")
            is_far = self._left <= 0 and key not in self._in_place
            definitions[str(number)] = self._put_off(target) if is_far else self.schema(target)
        return {"allOf": [form], "$defs": definitions}

    def schema(self, schema: Any) -> Any:
        if not isinstance(schema, Mapping):
            return schema if isinstance(schema, bool) else True
        self._left -= 1
        form: dict[str, Any] = {}
        for key, value in schema.items():
            read = _READERS.get(key)
            if read is not None:
                form.update(read(self, key, value))
        if "discriminator" in schema:
            self._discriminate(schema, form)
        for key in (_CONDITIONS, _BOUNDS, _CHOSEN):
            if key in form:
                form["allOf"] = [*form.get("allOf", ()), form.pop(key)]
        if _SLOW_MEMBERS in form:
            self._complete_members(schema, form[_SLOW_MEMBERS])
            form.pop("additionalProperties", None)
        return form

    def apart(self, schema: Any) -> Any:
        """A schema of a member or an item. It does not affect the schemas around it."""
        decided, self._decided = self._decided, frozenset()
        found = self._apart(schema)
        self._decided = decided
        return found

    def _apart(self, schema: Any) -> Any:
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str):
            return self.schema(schema)
        key = self._key(reference)
        if self._left <= 0 and key not in self._numbers:
            return self._put_off(schema)
        if len(schema) > 1:
            return self.schema(schema)
        self._left -= 1
        return self._numbered(key)

    def _put_off(self, schema: Any) -> dict[str, Any]:
        """A keyword in place of the schema. It calls another engine for this schema."""
        self._later.append(schema)
        return {_LATER: len(self._later) - 1}

    def later(self, number: int, value: Any) -> bool:
        return self._source.far_checker(self._later[number]).is_valid(value)

    def reference(self, _: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, str):
            return {}
        key = self._key(value)
        if key not in self._in_place:
            self._in_place.add(key)
            if key in self._numbers:  # another engine may have it
                self._waiting.append((key, self._numbers[key]))
        return self._numbered(key)

    def _numbered(self, key: _Key) -> dict[str, Any]:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._numbers)
            self._waiting.append((key, number))
        return {"$ref": f"#/$defs/{number}"}

    def _key(self, reference: str) -> _Key:
        """A reference, and the discriminators that have chosen before it is reached."""
        return reference, self._decided | self._source.bases.get(reference, frozenset())

    def _discriminate(self, schema: Mapping[str, Any], form: dict[str, Any]) -> None:
        """Lets the discriminator choose the schema, so that other fitting alternatives do not
        count."""
        mapping, decided = mapping_of(schema), self._decided
        own = id(schema["discriminator"])
        if not mapping or own in decided or len(decided) >= _MOST_DECIDED:
            return
        if len(self._numbers) > _MOST_FORMS:
            return
        name = property_of(schema)
        self._decided = decided | {own}
        names: dict[str, list[str]] = {}
        for each, reference in mapping.items():
            names.setdefault(reference, []).append(each)
        known = {"type": "object", "required": [name]}
        cases = [
            {"if": {"properties": {name: {"enum": each}}}, "then": self.reference("$ref", to)}
            for to, each in names.items()
        ]
        default = default_of(schema)
        other = {key: form.pop(key) for key in UNIONS if key in form}
        if default is not None:
            then = self.reference("$ref", default)
            other = {"if": {"type": "object"}, "then": then, "else": other}
        self._decided = decided
        form[_CHOSEN] = {
            "if": {**known, "properties": {name: {"enum": list(mapping)}}},
            "then": {"allOf": cases},
            "else": other,
        }

    def inner(self, key: str, value: Any) -> dict[str, Any]:
        return {key: self._converter_for(key)(value)}

    def list_of_schemas(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, list) or not value:
            return {}
        return {key: list(map(self._converter_for(key), value))}

    def named_schemas(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            return {}
        convert = self._converter_for(key)
        return {key: {str(name): convert(each) for name, each in value.items()}}

    def _converter_for(self, key: str) -> Callable[[Any], Any]:
        return self.schema if key in _OF_THE_SAME_VALUE else self.apart

    def pattern(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, str):
            return {}
        is_near = self._left > 0
        self._left -= _COST_OF_A_PATTERN + _COST_OF_A_PROPERTY * len(_PROPERTY.findall(value))
        pattern = _compiled(value) if is_near else None
        if pattern is not None:
            linear = _for_the_engine(pattern.linear_source)
            if linear is not None:
                return {key: linear}
            found = pattern.conditions or ()
            conditions = [(_for_the_engine(each), wanted) for each, wanted in found]
            if conditions and all(each is not None for each, _ in conditions):
                # The conditions apply only to texts: without this, "not" would refuse other values.
                texts = [({"type": "string", key: each}, wanted) for each, wanted in conditions]
                parts = [text if wanted else {"not": text} for text, wanted in texts]
                return {_CONDITIONS: {"if": {"type": "string"}, "then": {"allOf": parts}}}
        self._slow_patterns.append(value)
        return {_SLOW_PATTERN: len(self._slow_patterns) - 1}

    def pattern_properties(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            return {}
        known = [(_compiled(name), each) for name, each in value.items()]
        patterns = [(pattern, each) for pattern, each in known if pattern is not None]
        quick, slow = {}, []
        for pattern, each in patterns:
            linear = _for_the_engine(pattern.linear_source)
            if linear is None:
                slow.append((pattern, each))
            else:
                quick[linear] = self.apart(each)
        if not slow:
            return {key: quick}
        self._slow_members.append(
            _SlowMembers(
                patterned=slow,
                known=frozenset(),
                others=[
                    pattern for pattern, _ in patterns if _for_the_engine(pattern.linear_source)
                ],
                additional=True,
            )
        )
        # For the engine's unevaluatedProperties every member counts as evaluated, because it cannot
        # know which ones match. If that keyword is in this schema, it is checked with the members.
        # If it is in another schema, `modern` reports that it is not checked.
        return {key: {**quick, "": True}, _SLOW_MEMBERS: len(self._slow_members) - 1}

    def keyword(self, check: Callable[[int, Any], bool]) -> type:
        """A keyword that only our engines know. Its value is a number that ``check`` gets."""

        class Keyword:
            def __init__(self, _: object, value: int, __: object) -> None:
                self._value = value

            def validate(self, instance: Any) -> None:
                if not check(self._value, instance):
                    raise ValueError

        return Keyword

    def texts(self, number: int, value: Any) -> bool:
        if not isinstance(value, str):
            return True
        pattern = _compiled(self._slow_patterns[number])
        return pattern is None or pattern.matches(value, self._running.budget)

    def members(self, number: int, value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        found, budget = self._slow_members[number], self._running.budget
        for name, each in value.items():
            schemas = [one for pattern, one in found.patterned if pattern.matches(name, budget)]
            if (
                not schemas
                and name not in found.known
                and not any(pattern.matches(name) for pattern in found.others)
            ):
                schemas = [found.additional]
            if not all(self._source.checker(one).is_valid(each) for one in schemas):
                return False
        return True

    def _complete_members(self, schema: Mapping[str, Any], number: int) -> None:
        """Adds what the last ``patternProperties`` must know about its schema."""
        found = self._slow_members[number]
        properties = schema.get("properties")
        others = schema.get("unevaluatedProperties", True) if knows_its_members(schema) else True
        self._slow_members[number] = _SlowMembers(
            patterned=found.patterned,
            known=frozenset(properties) if isinstance(properties, Mapping) else frozenset(),
            others=found.others,
            additional=schema.get("additionalProperties", others),
        )


def knows_its_members(schema: Mapping[str, Any]) -> bool:
    """Whether ``unevaluatedProperties`` of a schema depends on no other schema of the value."""
    return not _OF_THE_SAME_VALUE & schema.keys()


_OF_THE_SAME_VALUE = frozenset(
    {"$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"}
)


def is_searched_by_engine(pattern: SearchPattern) -> bool:
    """Whether the engine itself can search the members that a pattern names."""
    return _for_the_engine(pattern.linear_source) is not None


def _compiled(source: Any) -> SearchPattern | None:
    try:
        return compile_pattern(source) if isinstance(source, str) else None
    except PatternError:
        return None  # reported when the document was read


@lru_cache(maxsize=1000)
def _for_the_engine(source: str | None) -> str | None:
    """The pattern, if the engine can compile it, else None. The results are remembered."""
    from jsonschema_rs import Draft202012Validator, RegexOptions

    if source is None:
        return None
    try:
        Draft202012Validator({"pattern": source}, pattern_options=RegexOptions(_REGEX_SIZE))
    except ValueError:
        return None
    return source


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or isfinite(value))
    )


def _number(_: _Form, key: str, value: Any) -> dict[str, Any]:
    return {key: value} if _is_number(value) else {}


def _step(_: _Form, key: str, value: Any) -> dict[str, Any]:
    return {key: value} if _is_number(value) and value > 0 else {}


def _count(_: _Form, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return {}
    return {key: min(value, _LARGEST_COUNT)}


def _types(_: _Form, key: str, value: Any) -> dict[str, Any]:
    kinds = list(dict.fromkeys(value if isinstance(value, list) else [value]))
    return {key: kinds} if kinds and all(each in TYPES for each in kinds) else {}


def _flag(_: _Form, key: str, value: Any) -> dict[str, Any]:
    return {key: value} if isinstance(value, bool) else {}


def _names(_: _Form, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, list):
        return {}
    return {key: list(dict.fromkeys(each for each in value if isinstance(each, str)))}


def _names_by_name(_: _Form, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    return {key: {str(name): _names(_, "", each).get("", []) for name, each in value.items()}}


def _format(form: _Form, key: str, value: Any) -> dict[str, Any]:
    if not decides(value, lenient=form.lenient):
        return {}
    row = FORMATS[value]
    found: dict[str, Any] = {key: value} if row.check is not None or row.by_engine else {}
    if row.bounds is not None:
        found[_BOUNDS] = {"minimum": row.bounds[0], "maximum": row.bounds[1]}
        if row.is_whole and not form.lenient:
            found[_BOUNDS]["multipleOf"] = 1
    return found


def _constant(_: _Form, key: str, value: Any) -> dict[str, Any]:
    return {key: plain} if (plain := _plain(value)) is not _NOT_JSON else {}


def _constants(_: _Form, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, list):
        return {}
    found = [plain for each in value if (plain := _plain(each)) is not _NOT_JSON]
    return {key: found} if found else {}


_NOT_JSON = object()


def _plain(value: Any) -> Any:
    """A value as JSON has it: all names are texts, and infinity does not exist."""
    if isinstance(value, Mapping):
        members = {str(name): _plain(each) for name, each in value.items()}
        return _NOT_JSON if any(each is _NOT_JSON for each in members.values()) else members
    if isinstance(value, list | tuple):
        items = [_plain(each) for each in value]
        return _NOT_JSON if any(each is _NOT_JSON for each in items) else items
    if isinstance(value, float) and not isfinite(value):
        return _NOT_JSON
    return value if isinstance(value, str | int | float | None) else _NOT_JSON


TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

_Reader = Callable[[_Form, str, Any], dict[str, Any]]


def _readers() -> Iterator[tuple[str, _Reader]]:
    for reader, keywords in (
        (_Form.reference, "$ref"),
        (_Form.inner, "items additionalProperties contains propertyNames"),
        (_Form.inner, "unevaluatedItems unevaluatedProperties"),
        (_Form.list_of_schemas, "prefixItems"),
        (_Form.named_schemas, "properties"),
        (_Form.inner, "not if then else"),
        (_Form.list_of_schemas, "allOf anyOf oneOf"),
        (_Form.named_schemas, "dependentSchemas"),
        (_Form.pattern, "pattern"),
        (_Form.pattern_properties, "patternProperties"),
        (_number, "minimum maximum exclusiveMinimum exclusiveMaximum"),
        (_step, "multipleOf"),
        (_count, "minLength maxLength minItems maxItems minProperties maxProperties"),
        (_count, "minContains maxContains"),
        (_types, "type"),
        (_flag, "uniqueItems"),
        (_names, "required"),
        (_names_by_name, "dependentRequired"),
        (_format, "format"),
        (_constant, "const"),
        (_constants, "enum"),
    ):
        yield from ((each, reader) for each in keywords.split())


_READERS: Mapping[str, _Reader] = dict(_readers())
"""How each keyword is converted. A keyword that is not here is ignored."""
