"""Reads what the operations of a document declare. Each fault names the file and the place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mock_sei.apis.bodies import FORM_TYPE, media_type_of
from mock_sei.apis.operations import (
    FORM,
    QUERYSTRING,
    Key,
    Operation,
    Parameter,
    Rule,
    is_truth,
)
from mock_sei.apis.references import Document, mapping
from mock_sei.apis.rules import (
    OF_AN_OPERATION,
    check_names,
    check_parameter,
    check_shapes,
)
from mock_sei.apis.styles import find_style
from mock_sei.document_files import EXTENSION
from mock_sei.errors import ConfigurationError, raise_all
from mock_sei.values.sendable import is_token

ACTIONS = (
    "list",
    "read",
    "create",
    "change",
    "transition",
    "remove",
    "rename",
    "upload",
    "job-status",
    "submit-report",
    "collect-report",
    "example",
)
"""The actions that can answer an operation. ``actions/`` has a file for each."""

_USUAL_USES = {("query", "limit"): "limit", ("query", "cursor"): "cursor"}
"""The use of a parameter by its place and name, if its document does not give one."""

_RULE_KEYS = OF_AN_OPERATION.keys() | {"action"}
_PLACES = frozenset({"query", "path", "header", "cookie", QUERYSTRING})

_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
"""Headers that a document describes elsewhere (OpenAPI 3.1.1 section 4.8.12)."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """An operation, or a whole path, that cannot be used."""

    method: str | None
    path: str
    """The path as clients would call it."""
    reasons: Sequence[ConfigurationError]
    written: str = ""
    """The path as its document writes it, if that is known."""

    @property
    def name(self) -> str:
        """The operation, such as ``GET /v1/orders``, or ``every method of /v1/orders``."""
        return f"{self.method or 'every method of'} {self.path}"

    @property
    def written_name(self) -> str:
        """Like :attr:`name`, with the fragment or query that the path has in its document."""
        extra = self.written[len(self.written.partition("#")[0].partition("?")[0]) :]
        return f"{self.name}{extra}"


@dataclass(kw_only=True)
class DocumentOperations:
    """The operations of a document, and the faults of those that cannot be used."""

    operations: list[Operation] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[ConfigurationError] = field(default_factory=list)
    """What is read differently from how it is written. All operations can still be called."""


NOTHING_THERE = "it is empty: it has no name and no place"


def rule_of(
    value: Any,
    method: str,
    path: str,
    parameters: Mapping[Key, Parameter],
    document: Document,
    place: str,
) -> Rule:
    """The rule under ``x-mock-sei``. Raises :class:`ConfigurationError` with file and place."""
    source = document.source
    if value is None:
        return Rule(action="example", collection=re.sub(r"/\{[^}]*\}$", "", path), key="")
    found = dict(mapping(value, source, place))
    unknown = sorted(found.keys() - _RULE_KEYS)
    if unknown:
        raise ConfigurationError("unknown key", source=source, key=f"{place}.{unknown[0]}")
    found.setdefault("action", "list" if method in ("get", "head") else "create")
    if found["action"] not in ACTIONS:
        raise ConfigurationError(
            f"must be one of {', '.join(ACTIONS)}",
            source=source,
            key=f"{place}.action",
            value=found["action"],
        )
    for required in ("collection", "key"):
        if not isinstance(found.get(required), str):
            raise ConfigurationError("missing", source=source, key=f"{place}.{required}")
    check_shapes(found, OF_AN_OPERATION, source, place)
    check_names(found, {(each.place, each.name) for each in parameters.values()}, source, place)
    if "schema" in found:
        document.find(f"#/components/schemas/{found['schema']}", f"{place}.schema")
    return Rule(**found)


def parameters_of(
    entries: Any,
    document: Document,
    place: str,
    problems: list[ConfigurationError],
    places: Set[str] = _PLACES,
) -> Iterator[tuple[Key, Parameter]]:
    """Reads parameters, each with its key. Raises :class:`ConfigurationError` with all faults."""
    if not isinstance(entries, list | None):
        raise ConfigurationError("not a list", source=document.source, key=f"{place}.parameters")
    seen: dict[Key, str] = {}
    wrong: list[ConfigurationError] = []
    for index, entry in enumerate(entries or ()):
        here = f"{place}.parameters[{index}]"
        try:
            found = _parameter(entry, document, here, problems, places)
        except ConfigurationError as error:
            wrong.append(error)
            continue
        if found is None:
            continue
        first = seen.setdefault(found.key, here)
        if first != here:
            problem = f"{first} has the same name and place; the last one is read"
            problems.append(ConfigurationError(problem, source=document.source, key=here))
        yield found.key, found
    raise_all(wrong)


def _parameter(
    entry: Any,
    document: Document,
    here: str,
    problems: list[ConfigurationError],
    places: Set[str],
) -> Parameter | None:
    """Reads a parameter; None if it is ignored. Raises :class:`ConfigurationError`."""
    raw = mapping(document.follow(entry, here), document.source, here)
    name, where = raw.get("name"), raw.get("in")
    if not isinstance(name, str) or not isinstance(where, str) or where not in places:
        problem = "it has no name or no place" if raw else NOTHING_THERE
        raise ConfigurationError(problem, source=document.source, key=here)
    if where == "header" and name.lower() in _NOT_PARAMETERS:
        return None
    if where == "header" and not is_token(name):
        problem = "no request can have a header of this name; it is not read"
        problems.append(
            ConfigurationError(problem, source=document.source, key=here, value=name[:100])
        )
        return None
    rule = mapping(raw.get(EXTENSION, {}), document.source, f"{here}.{EXTENSION}")
    if rule:
        check_parameter(rule, document.source, f"{here}.{EXTENSION}")
    content, given = _content(raw, document, here)
    if where == QUERYSTRING and media_type_of(content) == FORM_TYPE:
        content = None  # its fields are the object's members, under their own names
    schema = _schema(given or {}, document, f"{here}.schema")
    if "default" in schema and not document.lenient:
        schema = _with_good_default(schema, document, f"{here}.schema", problems)
    use = rule.get("use")
    if use is None and "field" not in rule and "chosen" not in rule:
        use = _USUAL_USES.get((where, name))
    return Parameter(
        name=name,
        place=where,
        required=bool(raw.get("required", where == "path")),
        style=find_style(raw.get("style"), where),
        explode=raw["explode"] if isinstance(raw.get("explode"), bool) else None,
        content=content,
        may_be_empty=where == "query" and raw.get("allowEmptyValue") is True,
        is_reserved=where == "query" and raw.get("allowReserved") is True,
        description=str(raw.get("description", "")),
        schema=schema,
        use=use,
        any_case=rule.get("any_case", document.lenient and is_truth(schema)),
        **{key: rule[key] for key in _RULES_OF_A_PARAMETER if key in rule},
    )


_RULES_OF_A_PARAMETER = (
    "field",
    "match",
    "matched",
    "every",
    "chosen",
    "member",
    "unless",
    "values",
    "aliases",
)
"""The keys of a parameter's ``x-mock-sei`` that are taken over unchanged."""


def _with_good_default(
    schema: Mapping[str, Any],
    document: Document,
    place: str,
    problems: list[ConfigurationError],
) -> Mapping[str, Any]:
    """The schema of a parameter. A default that does not fit it is reported and removed."""
    if document.checker(schema).is_valid(schema["default"]):
        return schema
    problem = "the default does not fit its schema; it is not used"
    key = f"{place}.default"
    problems.append(ConfigurationError(problem, source=document.source, key=key))
    return {key: each for key, each in schema.items() if key != "default"}


def _content(raw: Mapping[str, Any], document: Document, place: str) -> tuple[str | None, Any]:
    """The media type of a parameter's value, or None, and its schema."""
    content = raw.get("content")
    if not isinstance(content, Mapping) or not content:
        return None, raw.get("schema")
    media_type, entry = next(iter(content.items()))
    media = mapping(document.follow(entry, place), document.source, f"{place}.content")
    return str(media_type), media.get("schema")


def _schema(given: Any, document: Document, place: str) -> Mapping[str, Any]:
    """The schema of a parameter's value. A reference with keywords beside it is not followed."""
    target = document.follow(given, place)
    found = mapping({} if target is True else target, document.source, place)
    if isinstance(given, Mapping) and "$ref" in given and len(given) > 1:
        return {**({"default": found["default"]} if "default" in found else {}), **given}
    return found


def form_fields(raw: Mapping[str, Any], document: Document, place: str) -> list[Mapping[str, Any]]:
    """The fields of the rule's form, as parameters.

    They select records like parameters of the query.
    """
    rule = raw.get(EXTENSION)
    fields = rule.get("form") if isinstance(rule, Mapping) else None
    if not isinstance(fields, Mapping):
        return []
    source, here = document.source, f"{place}.requestBody"
    body = mapping(document.follow(raw.get("requestBody"), here), source, here)
    content = mapping(body.get("content"), source, f"{here}.content")
    here = f"{here}.content[{FORM_TYPE}]"
    media = mapping(document.follow(content.get(FORM_TYPE), here), source, here)
    schema = mapping(document.follow(media.get("schema") or {}, here), source, f"{here}.schema")
    known = mapping(schema.get("properties") or {}, source, f"{here}.schema.properties")
    schemas = {
        name: mapping(known.get(name, {}), source, f"{here}.schema.properties.{name}")
        for name in fields
    }
    return [
        {
            "name": name,
            "in": FORM,
            "description": schemas[name].get("description", ""),
            "schema": schemas[name],
            EXTENSION: {"field": field},
        }
        for name, field in fields.items()
    ]


def faults_of_path(
    path: str, parameters: Mapping[Key, Parameter], source: Path, place: str
) -> Iterator[ConfigurationError]:
    """Parameters that other parameters or the path refer to, and that do not exist."""
    names = {each.name for each in parameters.values()}
    for (_, name), parameter in parameters.items():
        chooser = parameter.chosen.get("by", parameter.name)
        if chooser not in names:
            yield ConfigurationError(
                "the operation has no such parameter",
                source=source,
                key=f"{place}: {name}.{EXTENSION}.chosen.by",
                value=chooser,
            )
    for name in re.findall(r"\{([^}]*)\}", path):
        if ("path", name) not in parameters:
            yield ConfigurationError(
                f"the path has {{{name}}}, and no parameter of that name in: path",
                source=source,
                key=place,
            )


def faults_of_statuses(responses: Any, source: Path, place: str) -> list[ConfigurationError]:
    """An operation needs a response that a server can send, so not 1xx and not 600 or above."""
    codes = [str(each) for each in responses] if isinstance(responses, Mapping) else []
    wrong = [each for each in codes if re.fullmatch("1[0-9]{2}|[6-9][0-9]{2}|[0-9]{4,}", each)]
    if not wrong or any(re.fullmatch("[23]([0-9]{2}|XX|xx)|default", each) for each in codes):
        return []
    problem = f"no server can send the status {', '.join(wrong)[:40]}; declare one of 200 to 399"
    return [ConfigurationError(problem, source=source, key=f"{place}.responses")]
