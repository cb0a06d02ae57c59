"""What one operation of an OpenAPI document declares: its parameters, its rule, its answers.

The keys under ``x-mock-sei`` are the rule. It says which action answers, and from which records. An
operation without a rule belongs to a user's own document and answers from its examples.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mock_sei.apis.paths import Pairs
from mock_sei.apis.references import Document
from mock_sei.apis.styles import Spelling, spelling_of
from mock_sei.document_files import EXTENSION
from mock_sei.values.cached import cached_property

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
"""Actions that a HEAD must not perform, if a document uses them to answer a GET."""

Key = tuple[str, str]
"""Identifies a parameter by its place and its name (of a header in lower case). Parameters in
different places may share a name (OpenAPI 3.1.1 section 4.8.12)."""

QUERYSTRING = "querystring"
"""The place of a parameter that is the whole query (OpenAPI 3.2.0 section 4.12.1)."""

PLACES = ("path", "query", "header", FORM, "cookie", QUERYSTRING)
"""If a rule gives only a name, it means the parameter in the first of these places."""

TRUTHS = ("true", "false")


def is_truth(schema: Mapping[str, Any]) -> bool:
    """Whether a parameter is a boolean. Some pages declare a boolean as a text with two values."""
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
"""Keywords of a parameter's schema that can be checked without the validator."""


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
"""Formats that can be checked without the validator in every document."""
_QUICK_SIZES = ("int32", "int64")
"""Formats of integers that can be checked without the validator in every document."""


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
    """One of :data:`~mock_sei.apis.rules.USES`, or None if the parameter selects records."""
    field: str | None = None
    """The field of the records that the value is compared with, or several fields with commas
    between."""
    match: str = "equals"
    matched: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """``{"by": another parameter, value of it: match}``: the other parameter decides how to
    compare."""
    every: str | None = None
    """The value that selects all records."""
    chosen: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """``{"by": another parameter, value of it: field}``: the other parameter decides what to
    compare."""
    member: str | None = None
    """The member that ``use: include`` adds or leaves out."""
    unless: Sequence[str] = ()
    """Parameters that make an ``as-of`` optional: if one of them is sent without the ``as-of``, the
    records of all dates are selected."""

    values: Sequence[str] = ()
    """An open list. Another value counts as if the parameter had not been sent."""
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Further spellings, each with the entry of ``values`` that it stands for."""
    any_case: bool = False
    """Whether upper and lower case are equal in a closed list: in the schema's ``enum``, or in true
    and false."""

    style: str | None = None
    """The style as the document writes it; see ``styles.py``."""
    explode: bool | None = None
    content: str | None = None
    """The media type of a value, for instance if it is a JSON text."""
    may_be_empty: bool = False
    """Whether it may be sent without a value, whatever its schema says (``allowEmptyValue``)."""
    is_reserved: bool = False
    """Whether a + means itself and not a blank (``allowReserved``)."""

    @cached_property
    def spelling(self) -> Spelling:
        """How arrays and objects are written as text."""
        return spelling_of(self.name, self.place, self.style, self.explode)

    @cached_property
    def key(self) -> Key:
        """The place and name that identify the parameter."""
        return key_of(self.place, self.name)

    @property
    def type(self) -> str:
        """The type of the values."""
        kinds = self.schema.get("type", "string")
        if isinstance(kinds, list):
            return next((str(each) for each in kinds if each != "null"), "string")
        return str(kinds)

    @property
    def format(self) -> str | None:
        """The format of the values, or None."""
        return self.schema.get("format")

    @cached_property
    def is_quick(self) -> bool:
        """Whether type, format and enum are enough to check a value, so that no validator is
        needed."""
        return self._is_quick(_QUICK_FORMATS)

    @cached_property
    def is_quick_of_records(self) -> bool:
        """Like :attr:`is_quick`, but with times as the vendor's pages write them."""
        return self._is_quick((*_QUICK_FORMATS, "date-time"))

    def _is_quick(self, formats: Sequence[str | None]) -> bool:
        items = self.schema.get("items") or {}
        return _is_quick(self.schema, formats) and (not items or _is_quick(items, formats))

    @property
    def enum(self) -> Sequence[Any]:
        """The values of the closed list; empty if there is none."""
        return tuple(self.schema.get("enum", ()))

    @property
    def listed(self) -> Sequence[Any]:
        """The known values, of the closed list or of the open one."""
        return self.enum or self.values

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """How the list spells each value, by the value in lower case. Empty if case matters."""
        known = self.values or (self._closed if self.any_case else ())
        own = {each.casefold(): each for each in known}
        return own | {alias.casefold(): each for alias, each in self.aliases.items()}

    @property
    def _closed(self) -> Sequence[str]:
        return TRUTHS if is_truth(self.schema) else tuple(map(str, self.enum))


def success_of(responses: Mapping[str, Any]) -> int:
    """The status of the first response that is not an error."""
    codes = [int(code) for code in responses if re.fullmatch("[1-5][0-9]{2}", str(code))]
    good = [code for code in codes if 200 <= code < 300]
    moved = [code for code in codes if 300 <= code < 400]
    if not good and any(code in responses for code in ("2XX", "default")):
        return 200
    return next(iter((*good, *moved)), 200)


def answered_of(responses: Mapping[str, Any]) -> str | None:
    """The response that is used as the answer, or None if all responses are errors."""
    codes = (str(success_of(responses)), "2XX", "2xx", "default")
    return next((code for code in codes if code in responses), None)


def key_of(place: str, name: str) -> Key:
    """The :data:`Key` of a parameter."""
    return place, name.lower() if place == "header" else name


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The ``x-mock-sei`` of an operation."""

    action: str
    collection: str
    key: str
    """The field that identifies a record and orders the records."""
    envelope: str | None = None
    """``data``, ``results`` (in ``data``) or ``none``."""
    paging: str = "cursor"
    """``cursor``, ``offset`` or ``none``."""
    members: Sequence[str] = ()
    """The members of a record that an answer shows. Empty means all."""
    content_types: Sequence[str] = ()
    """Values of a ``Content-Type`` header that count as the body's first media type."""
    form: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The fields of a form in the body, each with the field of the records that it is compared
    with."""
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Other names for members of the body, each with the name under which the member is read."""
    statuses: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """``invalid``: 422 for a body that does not fit its schema. ``unknown``: 404 if the body names
    a record that does not exist. Without an entry, the status is 400."""
    names: Sequence[str] = ()
    """Members of the body that identify records. An empty text counts as not sent."""
    state: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """The members of a record that is still in progress. Meanwhile a ``create`` refuses another
    record with the same names. A ``transition`` refuses a record that is not in progress."""
    identifiers: Sequence[str] = ()
    """Members that ``section`` never leaves out."""
    requires: Sequence[Sequence[str]] = ()
    """Groups of parameters. A call must have at least one parameter of each group."""
    known: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """``{"path.name": "collection.field"}``: values that must name a record of the collection."""
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Members that a written record gets if the body does not have them. Templates are allowed."""
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Members that a written record gets in addition to those of the body; see ``templates.py``."""
    records: Sequence[Mapping[str, Any]] = ()
    """Further records that a write creates, each as ``{"collection": …, "fields": …}``."""
    each: str | None = None
    """The body's member with a list: a record is made for each of its entries, only from
    ``fields``."""
    answer: Any = None
    """The template of the answer to a write. Without a template, the answer is the record."""
    fixed: Sequence[str] = ()
    """Members that a change must not alter."""
    new_keys: bool = False
    """Whether a change may give a record another key."""
    schema: str | None = None
    """The name of the schema in ``components/schemas`` that a changed record must still fit."""
    polls: int = 1
    """How many times a report is still in progress when a client asks for it."""
    seconds: float = 1.0
    """After this many seconds a report is ready, regardless of ``polls``."""
    reports: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The collection that each report shows, by the name of the report."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method on one path."""

    product: str
    method: str
    path: str
    """The path that clients call, with the base path of its server."""
    written: str
    """The path as the document writes it, without the base path. It may have a query and a
    fragment."""
    pointer: str
    """The place of the operation in its document, as a JSON pointer."""
    summary: str
    parameters: Mapping[Key, Parameter]
    rule: Rule
    raw: Mapping[str, Any] = dataclasses.field(repr=False)
    document: Document = dataclasses.field(repr=False)
    shared: Sequence[Any] = ()
    """Parameters that the document declares for the whole path."""
    fixed: Pairs = ()
    """The pairs that the query of each call has. They distinguish operations with the same path."""
    alternatives: tuple[Operation, ...] = dataclasses.field(default=(), repr=False)
    """Operations that differ from this one only by a fragment. They get the calls that do not fit
    this one."""

    @property
    def name(self) -> str:
        """The operation as people write it: ``GET /v1/order/tradetickets``."""
        return f"{self.method} {self.path}"

    @cached_property
    def success(self) -> int:
        """The status of the answer: that of the document's first response that is not an error."""
        return success_of(self.raw.get("responses") or {})

    @cached_property
    def answered(self) -> str | None:
        """The response that is used as the answer."""
        return answered_of(self.raw.get("responses") or {})

    @cached_property
    def by_place(self) -> Mapping[str, Sequence[Parameter]]:
        """The parameters of each place."""
        found: dict[str, list[Parameter]] = {}
        for each in self.parameters.values():
            found.setdefault(each.place, []).append(each)
        return found

    @cached_property
    def header_parameters(self) -> Mapping[str, Parameter]:
        """The header parameters, by their names in lower case."""
        found = self.parameters.values()
        return {each.name.lower(): each for each in found if each.place == "header"}

    @cached_property
    def cookies(self) -> Sequence[Parameter]:
        """The parameters that are cookies."""
        return [each for each in self.parameters.values() if each.place == "cookie"]

    @cached_property
    def querystring(self) -> Parameter | None:
        """The parameter that is the whole query."""
        found = (each for each in self.parameters.values() if each.place == QUERYSTRING)
        return next(found, None)

    @cached_property
    def form_parameters(self) -> Mapping[str, Parameter]:
        """The fields of a form in the body that select records, by their names."""
        found = self.parameters.values()
        return {each.name: each for each in found if each.place == FORM}

    @cached_property
    def required_parameters(self) -> Sequence[Parameter]:
        """The parameters that each call must have."""
        return [each for each in self.parameters.values() if each.required]

    @cached_property
    def defaults(self) -> Mapping[Key, Any]:
        """The values of parameters that were not sent."""
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
        """Whether the query has a parameter of this name."""
        return ("query", name) in self.parameters

    @cached_property
    def _by_name(self) -> Mapping[str, Key]:
        ranks = {place: rank for rank, place in enumerate(PLACES)}
        found = sorted(self.parameters.values(), key=lambda each: -ranks[each.place])
        return {each.name: each.key for each in found}

    def find_key(self, name: str) -> Key | None:
        """The key of the parameter that a rule names without a place."""
        return self._by_name.get(name)

    def find_value(self, values: Mapping[Key, T], name: str) -> T | None:
        """The value in a call of the parameter that a rule names without a place."""
        key = self.find_key(name)
        return None if key is None else values.get(key)

    def find_parameters(self, use: str) -> Sequence[Parameter]:
        """The parameters with this ``use``."""
        return self._by_use.get(use, ())
