"""What one operation of an OpenAPI document says: its parameters, its rule, its answers.

The keys under ``x-mock-sei`` are the rule: which action answers, over which records. An operation
without a rule is one of a user's own documents and answers from its examples. A fault in a document
names the file and the place.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mock_sei.apis.references import Document
from mock_sei.apis.rules import (
    OF_AN_OPERATION,
    check_names,
    check_parameter,
    check_shapes,
)
from mock_sei.errors import ConfigurationError

METHODS = ("get", "post", "put", "patch", "delete")
EXTENSION = "x-mock-sei"

ACTIONS = (
    "list",
    "read",
    "create",
    "change",
    "remove",
    "rename",
    "upload",
    "job-status",
    "submit-report",
    "collect-report",
    "example",
)
"""What can answer an operation; ``actions/`` has a file for each."""

OVER_RECORDS = frozenset(
    {"list", "read", "create", "change", "remove", "upload", "rename", "example"}
)
"""Actions whose ``key`` is a field of the records of their ``collection``."""

_USUAL_USES = {"limit": "limit", "cursor": "cursor"}
"""By the parameter's name, where its document says nothing."""

_RULE_KEYS = OF_AN_OPERATION.keys() | {"action"}
_PLAIN_STYLES = (None, "form", "simple")

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
    }
)
"""Keys of a parameter's schema that are checked without the validator."""

_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
"""Headers that a document describes elsewhere (OpenAPI 3.1.1 section 4.8.12)."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    place: str
    """``query``, ``path`` or ``header``."""
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

    is_plain: bool = True
    """Not an object, nor a list in one of the styles that only some documents use."""

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
        items = self.schema.get("items") or {}
        quick = self.schema.keys() <= _QUICK_KEYS and items.keys() <= _QUICK_KEYS
        return quick and not ("enum" in self.schema and self.type != "string")

    @property
    def enum(self) -> Sequence[Any]:
        return tuple(self.schema.get("enum", ()))


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
    pointer: str
    """Where it stands in its document, as a JSON pointer."""
    summary: str
    parameters: Mapping[str, Parameter]
    rule: Rule
    raw: Mapping[str, Any] = dataclasses.field(repr=False)
    document: Document = dataclasses.field(repr=False)
    shared: Sequence[Any] = ()
    """Parameters of the whole path, as the document has them."""

    @property
    def name(self) -> str:
        """How a person writes it: ``GET /v1/order/tradetickets``."""
        return f"{self.method} {self.path}"

    @cached_property
    def success(self) -> int:
        """The status of an answer: the first of its document that is not an error."""
        responses = self.raw.get("responses") or {}
        codes = [int(code) for code in responses if str(code).isdigit()]
        good = [code for code in codes if 200 <= code < 300]
        moved = [code for code in codes if 300 <= code < 400]
        if not good and any(code in responses for code in ("2XX", "default")):
            return 200
        return next(iter((*good, *moved)), 200)

    @cached_property
    def header_parameters(self) -> Mapping[str, Parameter]:
        """By name in lower case."""
        found = self.parameters.values()
        return {each.name.lower(): each for each in found if each.place == "header"}

    @cached_property
    def required_parameters(self) -> Sequence[Parameter]:
        return [each for each in self.parameters.values() if each.required]

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """What stands for a parameter that was not sent, by its name."""
        found = {
            name: parameter.schema["default"]
            for name, parameter in self.parameters.items()
            if "default" in parameter.schema
        }
        return {
            name: tuple(each) if isinstance(each, list) else each for name, each in found.items()
        }

    @cached_property
    def _by_use(self) -> Mapping[str | None, Sequence[Parameter]]:
        found: dict[str | None, list[Parameter]] = {}
        for each in self.parameters.values():
            found.setdefault(each.use, []).append(each)
        return found

    def find_parameters(self, use: str) -> Sequence[Parameter]:
        return self._by_use.get(use, ())


def read_operations(product: str, document: Document, base: str = "") -> Iterator[Operation]:
    """All of a document, ``base`` before each path.

    Raises :class:`ConfigurationError` naming file and place.
    """
    source = document.source
    for path, entry in mapping(document.content.get("paths"), source, "paths").items():
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            raise ConfigurationError("must begin with /", source=source, key=f"paths[{path}]")
        item = mapping(document.follow(entry, f"paths[{path}]"), source, f"paths[{path}]")
        for method in METHODS:
            if method not in item:
                continue
            place = f"paths[{path}].{method}"
            raw = mapping(item[method], source, place)
            shared = item.get("parameters") or []
            parameters = dict(_parameters(shared, document, f"paths[{path}]"))
            parameters |= dict(_parameters(raw.get("parameters"), document, place))
            _check_path(path, parameters, source, place)
            yield Operation(
                product=product,
                method=method.upper(),
                path=base + path,
                pointer=f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}",
                summary=str(raw.get("summary", "")),
                parameters=parameters,
                rule=_rule(
                    raw.get(EXTENSION),
                    method,
                    base + path,
                    parameters,
                    document,
                    f"{place}.{EXTENSION}",
                ),
                raw=raw,
                shared=tuple(shared),
                document=document,
            )


def _rule(
    value: Any,
    method: str,
    path: str,
    parameters: Mapping[str, Parameter],
    document: Document,
    place: str,
) -> Rule:
    source = document.source
    if value is None:
        return Rule(action="example", collection=re.sub(r"/\{[^}]*\}$", "", path), key="")
    found = dict(mapping(value, source, place))
    unknown = sorted(found.keys() - _RULE_KEYS)
    if unknown:
        raise ConfigurationError("unknown key", source=source, key=f"{place}.{unknown[0]}")
    found.setdefault("action", "list" if method == "get" else "create")
    if found["action"] not in ACTIONS:
        raise ConfigurationError(
            f"there are {', '.join(ACTIONS)}",
            source=source,
            key=f"{place}.action",
            value=found["action"],
        )
    for required in ("collection", "key"):
        if not isinstance(found.get(required), str):
            raise ConfigurationError("missing", source=source, key=f"{place}.{required}")
    check_shapes(found, OF_AN_OPERATION, source, place)
    check_names(found, {each.name: each.place for each in parameters.values()}, source, place)
    if "schema" in found:
        document.find(f"#/components/schemas/{found['schema']}", f"{place}.schema")
    return Rule(**found)


def _parameters(entries: Any, document: Document, place: str) -> Iterator[tuple[str, Parameter]]:
    if not isinstance(entries, list | None):
        raise ConfigurationError("not a list", source=document.source, key=f"{place}.parameters")
    for index, entry in enumerate(entries or ()):
        here = f"{place}.parameters[{index}]"
        raw = mapping(document.follow(entry, here), document.source, here)
        name, where = raw.get("name"), raw.get("in")
        if not isinstance(name, str) or where not in ("query", "path", "header", "cookie"):
            raise ConfigurationError("no name, or no place", source=document.source, key=here)
        if where == "cookie" or (where == "header" and name.lower() in _NOT_PARAMETERS):
            continue
        rule = mapping(raw.get(EXTENSION, {}), document.source, f"{here}.{EXTENSION}")
        check_parameter(rule, document.source, f"{here}.{EXTENSION}")
        schema = document.follow(raw.get("schema") or {}, f"{here}.schema")
        schema = mapping({} if schema is True else schema, document.source, f"{here}.schema")
        is_plain = schema.get("type") != "object" and raw.get("style") in _PLAIN_STYLES
        use = rule.get("use")
        if use is None and "field" not in rule and "chosen" not in rule:
            use = _USUAL_USES.get(name)
        yield (
            name,
            Parameter(
                name=name,
                place=where,
                required=bool(raw.get("required", where == "path"))
                and (
                    is_plain or where != "query"  # its members come under names of their own
                ),
                is_plain=is_plain,
                description=str(raw.get("description", "")),
                schema=schema,
                use=use,
                field=rule.get("field"),
                match=rule.get("match", "equals"),
                matched=rule.get("matched", {}),
                every=rule.get("every"),
                chosen=rule.get("chosen", {}),
                member=rule.get("member"),
                unless=rule.get("unless", ()),
            ),
        )


def _check_path(path: str, parameters: Mapping[str, Parameter], source: Path, place: str) -> None:
    for name, parameter in parameters.items():
        chooser = parameter.chosen.get("by", name)
        if chooser not in parameters:
            raise ConfigurationError(
                "no parameter of the operation",
                source=source,
                key=f"{place}: {name}.{EXTENSION}.chosen.by",
                value=chooser,
            )
    for name in re.findall(r"\{([^}]*)\}", path):
        if name not in parameters or parameters[name].place != "path":
            raise ConfigurationError(
                f"the path has {{{name}}}, and no parameter of that name in: path",
                source=source,
                key=place,
            )


def mapping(value: object, source: Path, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            "missing" if value is None else "not a mapping", source=source, key=place
        )
    return value
