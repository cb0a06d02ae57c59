"""What one operation of an OpenAPI document says: its parameters, its rule, its answers.

The keys under ``x-mock-sei`` are the rule: which action answers, over which records. An operation
without a rule is one of a user's own documents and answers from its examples.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from mock_sei.apis.paths import Pairs
from mock_sei.apis.references import Document
from mock_sei.apis.styles import Spelling, spelling_of
from mock_sei.document_files import EXTENSION

T = TypeVar("T")

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
FORM = "body"
"""The place of a parameter that is a field of a form in the body."""

OVER_RECORDS = frozenset(
    {"list", "read", "create", "change", "transition", "remove", "upload", "rename", "example"}
)
"""Actions whose ``key`` is a field of the records of their ``collection``."""

CHANGING = frozenset(
    {"create", "change", "transition", "remove", "rename", "upload", "submit-report"}
)
"""Actions that a HEAD must not do, where a document has them answer a GET."""

Key = tuple[str, str]
"""By what a parameter is known: its place, and its name (of a header in lower case). Two may have
one name in different places (OpenAPI 3.1.1 section 4.8.12)."""

QUERYSTRING = "querystring"
"""The place of a parameter that is the whole query (OpenAPI 3.2.0 section 4.12.1)."""

PLACES = ("path", "query", "header", FORM, "cookie", QUERYSTRING)
"""Where a rule gives a name only, the parameter of the first of these places is meant."""

TRUTHS = ("true", "false")


def is_truth(schema: Mapping[str, Any]) -> bool:
    """Whether a parameter is true or false; some pages declare that as a text of two values."""
    enum = schema.get("enum")
    if schema.get("type") == "boolean":
        return enum is None
    return schema.get("type") == "string" and enum in (list(TRUTHS), list(TRUTHS[::-1]))


_QUICK_KEYS = frozenset(
    {
        "type",
        "format",
        "enum",
        "default",
        "description",
        "example",
        "examples",
        "title",
        "items",
        "x-fidelity",
        "x-page",
        EXTENSION,
    }
)
"""Keys of a parameter's schema that are checked without the validator."""


def _is_quick(schema: Any, formats: Sequence[str | None]) -> bool:
    if not isinstance(schema, Mapping) or not schema.keys() <= _QUICK_KEYS:
        return False
    kind = schema.get("type")
    if not isinstance(kind, str | None) or kind == "object":
        return False
    if "enum" in schema and (
        kind != "string" or not all(isinstance(each, str) for each in schema["enum"])
    ):
        return False
    known = schema.get("format")
    return known in formats or (kind == "integer" and known in _QUICK_SIZES)


_QUICK_FORMATS = (None, "date", "local-date-time")
"""Formats that are checked without the validator in every document."""
_QUICK_SIZES = ("int32", "int64")
"""Formats of whole numbers, likewise."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    place: str
    """``query``, ``path``, ``header``, ``cookie``, ``querystring``, or ``body`` for a field of a
    form."""
    required: bool
    description: str
    schema: Mapping[str, Any]
    use: str | None = None
    """One of :data:`~mock_sei.apis.rules.USES`, where it does not pick records."""
    field: str | None = None
    """Field of the records that it is compared with, or several with commas between."""
    match: str = "equals"
    matched: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """``{"by": another parameter, value of it: match}``: how it is compared then."""
    every: str | None = None
    """The value that picks every record."""
    chosen: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """``{"by": another parameter, value of it: field}``: which field is compared."""
    member: str | None = None
    """The member that ``use: include`` puts in or leaves out."""
    unless: Sequence[str] = ()
    """Parameters beside which an ``as-of`` that did not come picks nothing."""

    values: Sequence[str] = ()
    """An open list: another value counts as if the parameter had not been sent."""
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Further spellings, each with the one of ``values`` that it stands for."""
    any_case: bool = False
    """Whether a closed list, the schema's ``enum`` or true and false, is read in any case."""

    style: str | None = None
    """As the document has it; see ``styles.py``."""
    explode: bool | None = None
    content: str | None = None
    """The media type that a value has, where it is a whole JSON text for instance."""
    may_be_empty: bool = False
    """Whether it may be sent without a value, whatever its schema (``allowEmptyValue``)."""
    is_reserved: bool = False
    """Whether a + is one, and no blank (``allowReserved``)."""

    @cached_property
    def spelling(self) -> Spelling:
        """How arrays and objects are written as text."""
        return spelling_of(self.name, self.place, self.style, self.explode)

    @cached_property
    def key(self) -> Key:
        return key_of(self.place, self.name)

    @property
    def type(self) -> str:
        kinds = self.schema.get("type", "string")
        if isinstance(kinds, list):
            return next((str(each) for each in kinds if each != "null"), "string")
        return str(kinds)

    @property
    def format(self) -> str | None:
        return self.schema.get("format")

    @cached_property
    def is_quick(self) -> bool:
        """Whether the type, format and enum say all, so that no validator need be asked."""
        return self._is_quick(_QUICK_FORMATS)

    @cached_property
    def is_quick_of_records(self) -> bool:
        """As :attr:`is_quick`, where times are read as the vendor's pages write them."""
        return self._is_quick((*_QUICK_FORMATS, "date-time"))

    def _is_quick(self, formats: Sequence[str | None]) -> bool:
        items = self.schema.get("items") or {}
        return _is_quick(self.schema, formats) and (not items or _is_quick(items, formats))

    @property
    def enum(self) -> Sequence[Any]:
        return tuple(self.schema.get("enum", ()))

    @property
    def listed(self) -> Sequence[Any]:
        """The known values: of the closed list, else of the open one."""
        return self.enum or self.values

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """How the list spells a value, by the value in lower case; empty where case matters."""
        known = self.values or (self._closed if self.any_case else ())
        own = {each.casefold(): each for each in known}
        return own | {alias.casefold(): each for alias, each in self.aliases.items()}

    @property
    def _closed(self) -> Sequence[str]:
        return TRUTHS if is_truth(self.schema) else tuple(map(str, self.enum))


def success_of(responses: Mapping[str, Any]) -> int:
    """The status of an answer: the first that is not an error."""
    codes = [int(code) for code in responses if re.fullmatch("[1-5][0-9]{2}", str(code))]
    good = [code for code in codes if 200 <= code < 300]
    moved = [code for code in codes if 300 <= code < 400]
    if not good and any(code in responses for code in ("2XX", "default")):
        return 200
    return next(iter((*good, *moved)), 200)


def answered_of(responses: Mapping[str, Any]) -> str | None:
    """Which response is answered, None where all are errors."""
    codes = (str(success_of(responses)), "2XX", "2xx", "default")
    return next((code for code in codes if code in responses), None)


def key_of(place: str, name: str) -> Key:
    return place, name.lower() if place == "header" else name


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The ``x-mock-sei`` of an operation."""

    action: str
    collection: str
    key: str
    """Field that identifies a record, and by which they are ordered."""
    envelope: str | None = None
    """``data``, ``results`` (in ``data``) or ``none``."""
    paging: str = "cursor"
    """``cursor``, ``offset`` or ``none``."""
    members: Sequence[str] = ()
    """Members of a record that are answered; all where there are none."""
    content_types: Sequence[str] = ()
    """Texts of a ``Content-Type`` header that stand for the body's first media type."""
    form: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Fields of a form in the body, each with the field of the records that it is compared with."""
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Other names of members of the body: each is read under the second one."""
    statuses: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """``invalid``: 422 for a body that does not fit; ``unknown``: 404 for what it names and is not
    there. Both are 400 otherwise."""
    names: Sequence[str] = ()
    """Members of the body that name what a call is about; an empty text counts as not sent."""
    state: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What a record has while it goes on: a ``create`` refuses another one of the same names then,
    a ``transition`` a record that does not have it."""
    identifiers: Sequence[str] = ()
    """Members that a ``section`` never leaves out."""
    requires: Sequence[Sequence[str]] = ()
    """Groups of parameters of which one at least must come."""
    known: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """``{"path.name": "collection.field"}``: values that must name a record there."""
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Members a written record gets where its body has none; templates as well."""
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Members a written record gets beside those of its body; see ``templates.py``."""
    records: Sequence[Mapping[str, Any]] = ()
    """Further records a write makes: ``{"collection": …, "fields": …}`` each."""
    each: str | None = None
    """Member of the body that lists what a record each is made for, from ``fields`` alone."""
    answer: Any = None
    """Template of the answer to a write; the record itself where there is none."""
    fixed: Sequence[str] = ()
    """Members that a change must leave alone."""
    new_keys: bool = False
    """Whether a change may give a record another key."""
    schema: str | None = None
    """Name in ``components/schemas`` that a changed record must still fit."""
    polls: int = 1
    """How often a report is still in progress when it is asked for."""
    seconds: float = 1.0
    """After which it is ready however often it was asked for."""
    reports: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Name of a report to the collection it shows."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method on one path."""

    product: str
    method: str
    path: str
    """As it is called, the base path of its server included."""
    written: str
    """As its document has it, behind the base path: it may have a query and a fragment too."""
    pointer: str
    """Where it stands in its document, as a JSON pointer."""
    summary: str
    parameters: Mapping[Key, Parameter]
    rule: Rule
    raw: Mapping[str, Any] = dataclasses.field(repr=False)
    document: Document = dataclasses.field(repr=False)
    shared: Sequence[Any] = ()
    """Parameters of the whole path, as the document has them."""
    fixed: Pairs = ()
    """What the query of each call has: by it, operations of one path are told apart."""
    alternatives: tuple[Operation, ...] = dataclasses.field(default=(), repr=False)
    """Operations of which a call is where it does not fit this one: only a fragment differs."""

    @property
    def name(self) -> str:
        """How a person writes it: ``GET /v1/order/tradetickets``."""
        return f"{self.method} {self.path}"

    @cached_property
    def success(self) -> int:
        """The status of an answer: the first of its document that is not an error."""
        return success_of(self.raw.get("responses") or {})

    @cached_property
    def answered(self) -> str | None:
        """Which of its responses is answered."""
        return answered_of(self.raw.get("responses") or {})

    @cached_property
    def by_place(self) -> Mapping[str, Sequence[Parameter]]:
        found: dict[str, list[Parameter]] = {}
        for each in self.parameters.values():
            found.setdefault(each.place, []).append(each)
        return found

    @cached_property
    def header_parameters(self) -> Mapping[str, Parameter]:
        """By name in lower case."""
        found = self.parameters.values()
        return {each.name.lower(): each for each in found if each.place == "header"}

    @cached_property
    def cookies(self) -> Sequence[Parameter]:
        return [each for each in self.parameters.values() if each.place == "cookie"]

    @cached_property
    def querystring(self) -> Parameter | None:
        """The parameter that is the whole query."""
        found = (each for each in self.parameters.values() if each.place == QUERYSTRING)
        return next(found, None)

    @cached_property
    def form_parameters(self) -> Mapping[str, Parameter]:
        """The fields of a form in the body that pick records, by name."""
        found = self.parameters.values()
        return {each.name: each for each in found if each.place == FORM}

    @cached_property
    def required_parameters(self) -> Sequence[Parameter]:
        return [each for each in self.parameters.values() if each.required]

    @cached_property
    def defaults(self) -> Mapping[Key, Any]:
        """What stands for a parameter that was not sent."""
        found = {
            key: parameter.schema["default"]
            for key, parameter in self.parameters.items()
            if "default" in parameter.schema
        }
        return {key: tuple(each) if isinstance(each, list) else each for key, each in found.items()}

    @cached_property
    def _by_use(self) -> Mapping[str | None, Sequence[Parameter]]:
        found: dict[str | None, list[Parameter]] = {}
        for each in self.parameters.values():
            found.setdefault(each.use, []).append(each)
        return found

    def has_query_parameter(self, name: str) -> bool:
        return ("query", name) in self.parameters

    @cached_property
    def _by_name(self) -> Mapping[str, Key]:
        ranks = {place: rank for rank, place in enumerate(PLACES)}
        found = sorted(self.parameters.values(), key=lambda each: -ranks[each.place])
        return {each.name: each.key for each in found}

    def find_key(self, name: str) -> Key | None:
        """Of the parameter that a rule means by a name without a place."""
        return self._by_name.get(name)

    def find_value(self, values: Mapping[Key, T], name: str) -> T | None:
        """What a call has for the parameter that a rule means by a name without a place."""
        key = self.find_key(name)
        return None if key is None else values.get(key)

    def find_parameters(self, use: str) -> Sequence[Parameter]:
        return self._by_use.get(use, ())
