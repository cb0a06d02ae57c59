"""Operations read from a document. A fault in it names the file and the place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mock_sei.api_files import EXTENSION
from mock_sei.apis.bodies import FORM_TYPE
from mock_sei.apis.grammar import PATH_METHODS, Pointer, tokens_of
from mock_sei.apis.operations import (
    FORM,
    Key,
    Operation,
    Parameter,
    Rule,
    is_truth,
    key_of,
)
from mock_sei.apis.reach import Reach
from mock_sei.apis.references import Document
from mock_sei.apis.rules import (
    OF_AN_OPERATION,
    check_names,
    check_parameter,
    check_shapes,
)
from mock_sei.apis.styles import STYLES
from mock_sei.errors import ConfigurationError

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
"""What can answer an operation; ``actions/`` has a file for each."""

_USUAL_USES = {("query", "limit"): "limit", ("query", "cursor"): "cursor"}
"""By the parameter's place and name, where its document says nothing."""

_RULE_KEYS = OF_AN_OPERATION.keys() | {"action"}
_PLACES = frozenset({"query", "path", "header", "cookie", "querystring"})
_UNREAD = frozenset({"querystring"})

_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
"""Headers that a document describes elsewhere (OpenAPI 3.1.1 section 4.8.12)."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """An operation that cannot be used, or all of a path."""

    method: str | None
    path: str
    reasons: Sequence[ConfigurationError]

    @property
    def name(self) -> str:
        return f"{self.method or 'every method of'} {self.path}"


@dataclass(kw_only=True)
class Reading:
    """The operations of a document, and what is wrong with the others."""

    operations: list[Operation] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[ConfigurationError] = field(default_factory=list)
    """What is taken otherwise than it is written; it costs no operation."""


def read_operations(product: str, document: Document, base: str, reach: Reach) -> Reading:
    """All of a document, ``base`` before each path."""
    reading = Reading()
    paths = document.content.get("paths") or {}
    for path in paths:
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            place = f"paths[{path}]"
            error = ConfigurationError("must begin with /", source=document.source, key=place)
            reading.left_out.append(LeftOut(method=None, path=path, reasons=[error]))
            continue
        _read_path(reading, product, document, base, path, reach)
    return reading


def _read_path(
    reading: Reading, product: str, document: Document, base: str, path: str, reach: Reach
) -> None:
    pointer, item = _item(document, path)
    reasons = reach.reasons(pointer) or reach.reasons(("paths", path))
    if reasons:
        reading.left_out.append(LeftOut(method=None, path=base + path, reasons=reasons))
        return
    others = item.get("additionalOperations") or {}
    keys = [(each, (each,)) for each in PATH_METHODS if each in item]
    for method, inner in (*keys, *((each, ("additionalOperations", each)) for each in others)):
        raw = item[method] if len(inner) == 1 else others[method]
        reasons = reach.reasons((*pointer, *inner[:-1]), inner[-1])
        reasons += reach.reasons(pointer, "parameters")
        try:
            if not reasons:
                reading.operations.append(
                    _operation(reading, product, document, base, path, method, item, raw)
                )
        except ConfigurationError as error:
            reasons = [error]
        if reasons:
            left_out = LeftOut(method=method.upper(), path=base + path, reasons=reasons)
            reading.left_out.append(left_out)


def _item(document: Document, path: str) -> tuple[Pointer, Mapping[str, Any]]:
    """A path item, and where it stands once its reference is followed."""
    pointer: Pointer = ("paths", path)
    item = document.content["paths"][path]
    while isinstance(item, Mapping) and "$ref" in item:
        pointer = tokens_of(item["$ref"])
        item = document.find(item["$ref"], f"paths[{path}]")
    return pointer, item if isinstance(item, Mapping) else {}


def _operation(
    reading: Reading,
    product: str,
    document: Document,
    base: str,
    path: str,
    method: str,
    item: Mapping[str, Any],
    raw: Mapping[str, Any],
) -> Operation:
    """Raises :class:`ConfigurationError` naming file and place."""
    source, place = document.source, f"paths[{path}].{method}"
    problems = reading.problems
    shared = item.get("parameters") or []
    parameters = dict(_parameters(shared, document, f"paths[{path}]", problems))
    parameters |= dict(_parameters(raw.get("parameters"), document, place, problems))
    parameters |= dict(_parameters(_form(raw, document, place), document, place, problems, {FORM}))
    _check_path(path, parameters, source, place)
    for key in [key for key in parameters if key[0] == "path" and f"{{{key[1]}}}" not in path]:
        problem = f"the path has no {{{key[1]}}}; this parameter is not read"
        problems.append(ConfigurationError(problem, source=source, key=place))
        del parameters[key]
    inner = "" if method in PATH_METHODS else "additionalOperations/"
    return Operation(
        product=product,
        method=method.upper(),
        path=base + path,
        pointer=f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{inner}{method}",
        summary=str(raw.get("summary", "")),
        parameters=parameters,
        rule=_rule(
            raw.get(EXTENSION), method, base + path, parameters, document, f"{place}.{EXTENSION}"
        ),
        raw=raw,
        shared=tuple(shared),
        document=document,
    )


def _rule(
    value: Any,
    method: str,
    path: str,
    parameters: Mapping[Key, Parameter],
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
    found.setdefault("action", "list" if method in ("get", "head") else "create")
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
    check_names(found, {(each.place, each.name) for each in parameters.values()}, source, place)
    if "schema" in found:
        document.find(f"#/components/schemas/{found['schema']}", f"{place}.schema")
    return Rule(**found)


def _parameters(
    entries: Any,
    document: Document,
    place: str,
    problems: list[ConfigurationError],
    places: Set[str] = _PLACES,
) -> Iterator[tuple[Key, Parameter]]:
    if not isinstance(entries, list | None):
        raise ConfigurationError("not a list", source=document.source, key=f"{place}.parameters")
    for index, entry in enumerate(entries or ()):
        here = f"{place}.parameters[{index}]"
        raw = mapping(document.follow(entry, here), document.source, here)
        name, where = raw.get("name"), raw.get("in")
        if not isinstance(name, str) or not isinstance(where, str) or where not in places:
            raise ConfigurationError("no name, or no place", source=document.source, key=here)
        if where in _UNREAD or (where == "header" and name.lower() in _NOT_PARAMETERS):
            continue
        rule = mapping(raw.get(EXTENSION, {}), document.source, f"{here}.{EXTENSION}")
        if rule:
            check_parameter(rule, document.source, f"{here}.{EXTENSION}")
        content, given = _content(raw, document, here)
        schema = document.follow(given or {}, f"{here}.schema")
        schema = mapping({} if schema is True else schema, document.source, f"{here}.schema")
        if "default" in schema and not document.lenient:
            schema = _with_good_default(schema, document, f"{here}.schema", problems)
        use = rule.get("use")
        if use is None and "field" not in rule and "chosen" not in rule:
            use = _USUAL_USES.get((where, name))
        yield (
            key_of(where, name),
            Parameter(
                name=name,
                place=where,
                required=bool(raw.get("required", where == "path")),
                style=_style(raw.get("style"), where),
                explode=raw["explode"] if isinstance(raw.get("explode"), bool) else None,
                content=content,
                description=str(raw.get("description", "")),
                schema=schema,
                use=use,
                any_case=rule.get("any_case", document.lenient and is_truth(schema)),
                **{key: rule[key] for key in _RULES_OF_A_PARAMETER if key in rule},
            ),
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
"""Keys of its ``x-mock-sei`` that a parameter has as they are."""


def _with_good_default(
    schema: Mapping[str, Any],
    document: Document,
    place: str,
    problems: list[ConfigurationError],
) -> Mapping[str, Any]:
    """A default that breaks its own schema is told, and stands for nothing."""
    if document.checker(schema).is_valid(schema["default"]):
        return schema
    problem = "the default does not fit its schema; it is not used"
    key = f"{place}.default"
    problems.append(ConfigurationError(problem, source=document.source, key=key))
    return {key: each for key, each in schema.items() if key != "default"}


def _content(raw: Mapping[str, Any], document: Document, place: str) -> tuple[str | None, Any]:
    """The media type of a parameter's value, where it has one, and its schema."""
    content = raw.get("content")
    if not isinstance(content, Mapping) or not content:
        return None, raw.get("schema")
    media_type, entry = next(iter(content.items()))
    media = mapping(document.follow(entry, place), document.source, f"{place}.content")
    return str(media_type), media.get("schema")


def _style(style: Any, place: str) -> str | None:
    """A style that its place may have; any other counts as not given."""
    return style if style in STYLES and place in STYLES[style].places else None


def _form(raw: Mapping[str, Any], document: Document, place: str) -> list[Mapping[str, Any]]:
    """The fields of the rule's form, as parameters: they pick records as those of a query do."""
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


def _check_path(path: str, parameters: Mapping[Key, Parameter], source: Path, place: str) -> None:
    names = {each.name for each in parameters.values()}
    for (_, name), parameter in parameters.items():
        chooser = parameter.chosen.get("by", parameter.name)
        if chooser not in names:
            raise ConfigurationError(
                "no parameter of the operation",
                source=source,
                key=f"{place}: {name}.{EXTENSION}.chosen.by",
                value=chooser,
            )
    for name in re.findall(r"\{([^}]*)\}", path):
        if ("path", name) not in parameters:
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
