"""Operations read from a document. A fault in it names the file and the place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mock_sei.api_files import EXTENSION
from mock_sei.apis.alike import tell_apart
from mock_sei.apis.bodies import FORM_TYPE, media_type_of
from mock_sei.apis.grammar import PATH_METHODS, Pointer, tokens_of
from mock_sei.apis.operations import (
    FORM,
    QUERYSTRING,
    Key,
    Operation,
    Parameter,
    Rule,
    answered_of,
    is_truth,
)
from mock_sei.apis.paths import Pairs, called
from mock_sei.apis.reach import Reach
from mock_sei.apis.references import Document, mapping
from mock_sei.apis.rules import (
    OF_AN_OPERATION,
    check_names,
    check_parameter,
    check_shapes,
)
from mock_sei.apis.servers import base_path
from mock_sei.apis.styles import STYLES
from mock_sei.errors import ConfigurationError, raise_all
from mock_sei.sendable import is_token

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
_PLACES = frozenset({"query", "path", "header", "cookie", QUERYSTRING})

_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
"""Headers that a document describes elsewhere (OpenAPI 3.1.1 section 4.8.12)."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """An operation that cannot be used, or all of a path."""

    method: str | None
    path: str
    """As it would be called."""
    reasons: Sequence[ConfigurationError]
    written: str = ""
    """As its document has it, where that is known."""

    @property
    def name(self) -> str:
        return f"{self.method or 'every method of'} {self.path}"

    @property
    def written_name(self) -> str:
        """As :attr:`name`, with a fragment or a query that the path has in its document."""
        extra = self.written[len(self.written.partition("#")[0].partition("?")[0]) :]
        return f"{self.name}{extra}"


@dataclass(kw_only=True)
class Reading:
    """The operations of a document, and what is wrong with the others."""

    operations: list[Operation] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[ConfigurationError] = field(default_factory=list)
    """What is taken otherwise than it is written; it costs no operation."""


def read_operations(product: str, document: Document, base: str, reach: Reach) -> Reading:
    """All of a document, ``base`` before each path that has no server of its own."""
    reading = Reading()
    for path in document.content.get("paths") or {}:
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            place = f"paths[{path}]"
            error = ConfigurationError("must begin with /", source=document.source, key=place)
            reading.left_out.append(LeftOut(method=None, path=path, reasons=[error]))
            continue
        _Path(reading, product, document, base, path, reach).read()
    reading.operations, alike = tell_apart(reading.operations)
    for each, error in alike:
        reading.left_out.append(
            LeftOut(method=each.method, path=each.path, reasons=[error], written=each.written)
        )
    return reading


_Item = tuple[Pointer, Mapping[str, Any]]
"""A path item, and where it stands."""


@dataclass(frozen=True, kw_only=True)
class _Written:
    """One operation as the document has it."""

    method: str
    """As the document has it."""
    sent: str
    """As a request has it."""
    pointer: Pointer
    raw: Mapping[str, Any]
    servers: Any
    """Of the path, where the operation has none of its own."""


class _Path:
    """One path of a document, on its way to operations."""

    def __init__(
        self,
        reading: Reading,
        product: str,
        document: Document,
        base: str,
        path: str,
        reach: Reach,
    ) -> None:
        self._reading = reading
        self._product = product
        self._document = document
        self._base = base
        self._path = path
        self._reach = reach
        self._items = _items(document, path)

    def read(self) -> None:
        reasons = [each for pointer, _ in self._items for each in self._reach.reasons(pointer)]
        if reasons:
            left_out = LeftOut(
                method=None, path=self._base + called(self._path)[0], reasons=reasons
            )
            self._reading.left_out.append(left_out)
            return
        for each in self._written():
            reasons = self._reasons(each)
            base = self._base
            try:
                _require_method(each.method, self._document.source, self._path)
                base = self._base_of(each)
                operation = self._operation(each, base, is_damaged=self._is_damaged(each))
                if not reasons:
                    self._reading.operations.append(operation)
            except ConfigurationError as error:
                reasons += error.faults
            if reasons:
                path = base + called(self._path)[0]
                left_out = LeftOut(method=each.sent, path=path, reasons=reasons, written=self._path)
                self._reading.left_out.append(left_out)

    def _written(self) -> Iterator[_Written]:
        """Each method once: what stands beside a reference counts more than what it leads to."""
        seen: set[str] = set()
        for pointer, item in self._items:
            others = item.get("additionalOperations") or {}
            here: list[tuple[str, Any, Pointer]] = [
                (each, item[each], (each,)) for each in PATH_METHODS if each in item
            ]
            here += [(name, each, ("additionalOperations", name)) for name, each in others.items()]
            for method, raw, inner in here:
                sent = method.upper() if len(inner) == 1 else method  # RFC 9110, 9.1: case counts
                if sent in seen or method.startswith("x-"):
                    continue
                seen.add(sent)
                yield _Written(
                    method=method,
                    sent=sent,
                    pointer=(*pointer, *inner),
                    raw=self._document.follow(raw, f"paths[{self._path}].{method}"),
                    servers=item.get("servers"),
                )

    def _reasons(self, written: _Written) -> list[ConfigurationError]:
        """Why an operation cannot be used: all that is wrong with what is read of it."""
        reach, pointer = self._reach, written.pointer
        reasons = [*reach.reasons(pointer, *_READ)]
        code = answered_of(written.raw.get("responses") or {})
        reasons += reach.reasons((*pointer, "responses"), *([] if code is None else [code]))
        for each, _ in self._items:
            reasons += reach.reasons(each, "parameters")
        if written.pointer[-2:-1] == ("additionalOperations",):
            reasons += reach.reasons(pointer[:-1])
        return list({id(each): each for each in reasons}.values())

    def _is_damaged(self, written: _Written) -> bool:
        """Whether some of its parameters are gone already, because they are wrong."""
        places = (written.pointer, *(pointer for pointer, _ in self._items))
        return any(self._reach.reasons(each, "parameters") for each in places)

    def _base_of(self, written: _Written) -> str:
        """Raises :class:`ConfigurationError` for a server of the operation that gives no path."""
        method, source = written.method, self._document.source
        place = f"paths[{self._path}]"
        for servers, where in ((written.raw.get("servers"), f".{method}"), (written.servers, "")):
            if servers:
                return base_path(servers, source, f"{place}{where}.servers")
        return self._base

    def _operation(self, written: _Written, base: str, *, is_damaged: bool) -> Operation:
        """Raises :class:`ConfigurationError` naming file and place."""
        document, problems, method, raw = (
            self._document,
            self._reading.problems,
            written.method,
            written.raw,
        )
        source, place = document.source, f"paths[{self._path}].{method}"
        path, fixed = called(self._path)
        shared = [each for _, item in self._items for each in item.get("parameters") or ()]
        parameters: dict[Key, Parameter] = dict(_fixed(fixed))
        lists = [(item.get("parameters"), f"paths[{self._path}]") for _, item in self._items[::-1]]
        lists.append((raw.get("parameters"), place))
        form = _form(raw, document, place)
        wrong: list[ConfigurationError] = []
        for found in (
            *(_parameters(entries, document, where, problems) for entries, where in lists),
            _parameters(form, document, place, problems, {FORM}),
        ):
            try:
                parameters.update(found)
            except ConfigurationError as error:
                wrong += error.faults
        if is_damaged:  # what is gone is one of them
            wrong = [each for each in wrong if each.problem != _NOTHING_THERE]
        else:
            wrong += _faults_of_path(path, parameters, source, place)
        raise_all(wrong)
        for key in [key for key in parameters if key[0] == "path" and f"{{{key[1]}}}" not in path]:
            problem = f"the path has no {{{key[1]}}}; this parameter is not read"
            problems.append(ConfigurationError(problem, source=source, key=place))
            del parameters[key]
        inner = "" if method in PATH_METHODS else "additionalOperations/"
        escaped = self._path.replace("~", "~0").replace("/", "~1")
        return Operation(
            product=self._product,
            method=written.sent,
            path=base + path,
            written=base + self._path,
            pointer=f"/paths/{escaped}/{inner}{method}",
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
            fixed=fixed,
        )


def _require_method(method: str, source: Path, path: str) -> None:
    """Raises :class:`ConfigurationError` for a method that no request can have."""
    if not is_token(method):
        place = f"paths[{path}].additionalOperations"
        problem = "not an HTTP method: letters, digits and !#$%&'*+-.^_`|~ only (RFC 9110, 5.6.2)"
        raise ConfigurationError(problem, source=source, key=place, value=method[:100])


_NOTHING_THERE = "no name, no place: it is empty"

_READ = ("parameters", "requestBody", EXTENSION)
"""What is read of an operation, beside the response that is answered."""


def _items(document: Document, path: str) -> list[_Item]:
    """A path item, and those that its reference leads to."""
    pointer: Pointer = ("paths", path)
    item = document.content["paths"][path]
    found: list[_Item] = []
    while isinstance(item, Mapping) and len(found) < _LONGEST_WAY:
        found.append((pointer, item))
        if "$ref" not in item:
            break
        pointer = tokens_of(item["$ref"])
        item = document.find(item["$ref"], f"paths[{path}]")
    return found


_LONGEST_WAY = 20
"""References that follow one another; circles are taken away before."""


def _fixed(fixed: Pairs) -> Iterator[tuple[Key, Parameter]]:
    """What a path template has in its query, as parameters that always come."""
    for name, value in fixed:
        yield (
            ("query", name),
            Parameter(
                name=name,
                place="query",
                required=True,
                description="",
                schema={"type": "string", "enum": [value]},
            ),
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
            problem = f"{first} has this name and place too; the last one is read"
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
    """None for one that is not read. Raises :class:`ConfigurationError`."""
    raw = mapping(document.follow(entry, here), document.source, here)
    name, where = raw.get("name"), raw.get("in")
    if not isinstance(name, str) or not isinstance(where, str) or where not in places:
        problem = "no name, or no place" if raw else _NOTHING_THERE
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
    check_parameter(rule, document.source, f"{here}.{EXTENSION}")
    content, given = _content(raw, document, here)
    if where == QUERYSTRING and media_type_of(content) == FORM_TYPE:
        content = None  # its fields are the members of an object, each under its own name
    schema = document.follow(given or {}, f"{here}.schema")
    schema = mapping({} if schema is True else schema, document.source, f"{here}.schema")
    if "default" in schema and not document.lenient:
        schema = _with_good_default(schema, document, f"{here}.schema", problems)
    use = rule.get("use")
    if use is None and "field" not in rule and "chosen" not in rule:
        use = _USUAL_USES.get((where, name))
    return Parameter(
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
    )


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
    return style if str(style) in STYLES and place in STYLES[style].places else None


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


def _faults_of_path(
    path: str, parameters: Mapping[Key, Parameter], source: Path, place: str
) -> Iterator[ConfigurationError]:
    """What parameters lack that others, or the path, speak of."""
    names = {each.name for each in parameters.values()}
    for (_, name), parameter in parameters.items():
        chooser = parameter.chosen.get("by", parameter.name)
        if chooser not in names:
            yield ConfigurationError(
                "no parameter of the operation",
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
