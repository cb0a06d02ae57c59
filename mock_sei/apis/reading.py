"""Operations read from a document. A fault in it names the file and the place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from mock_sei.api_files import EXTENSION
from mock_sei.apis.bodies import FORM_TYPE
from mock_sei.apis.operations import FORM, METHODS, Operation, Parameter, Rule, is_truth
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

_USUAL_USES = {"limit": "limit", "cursor": "cursor"}
"""By the parameter's name, where its document says nothing."""

_RULE_KEYS = OF_AN_OPERATION.keys() | {"action"}
_PLACES = frozenset({"query", "path", "header", "cookie"})

_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
"""Headers that a document describes elsewhere (OpenAPI 3.1.1 section 4.8.12)."""


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
            parameters |= dict(_parameters(_form(raw, document, place), document, place, {FORM}))
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
    check_names(found, {each.name: each.place for each in parameters.values()}, source, place)
    if "schema" in found:
        document.find(f"#/components/schemas/{found['schema']}", f"{place}.schema")
    return Rule(**found)


def _parameters(
    entries: Any, document: Document, place: str, places: Set[str] = _PLACES
) -> Iterator[tuple[str, Parameter]]:
    if not isinstance(entries, list | None):
        raise ConfigurationError("not a list", source=document.source, key=f"{place}.parameters")
    for index, entry in enumerate(entries or ()):
        here = f"{place}.parameters[{index}]"
        raw = mapping(document.follow(entry, here), document.source, here)
        name, where = raw.get("name"), raw.get("in")
        if not isinstance(name, str) or not isinstance(where, str) or where not in places:
            raise ConfigurationError("no name, or no place", source=document.source, key=here)
        if where == "header" and name.lower() in _NOT_PARAMETERS:
            continue
        rule = mapping(raw.get(EXTENSION, {}), document.source, f"{here}.{EXTENSION}")
        check_parameter(rule, document.source, f"{here}.{EXTENSION}")
        content, given = _content(raw, document, here)
        schema = document.follow(given or {}, f"{here}.schema")
        schema = mapping({} if schema is True else schema, document.source, f"{here}.schema")
        use = rule.get("use")
        if use is None and "field" not in rule and "chosen" not in rule:
            use = _USUAL_USES.get(name)
        yield (
            name,
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
                field=rule.get("field"),
                match=rule.get("match", "equals"),
                matched=rule.get("matched", {}),
                every=rule.get("every"),
                chosen=rule.get("chosen", {}),
                member=rule.get("member"),
                unless=rule.get("unless", ()),
                values=rule.get("values", ()),
                aliases=rule.get("aliases", {}),
                any_case=rule.get("any_case", document.lenient and is_truth(schema)),
            ),
        )


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
