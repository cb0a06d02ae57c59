"""Turns the paths of a document into operations, and records the operations that cannot be used.

A path may be a reference to another path item, and clients may call another path than the written
one. Each fault names the file and the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_sei.apis.alike import distinguish
from mock_sei.apis.grammar import PATH_METHODS, Pointer, tokens_of
from mock_sei.apis.operations import FORM, Key, Operation, Parameter, answered_of
from mock_sei.apis.paths import Pairs, called
from mock_sei.apis.reach import Reach
from mock_sei.apis.reading import (
    NOTHING_THERE,
    DocumentOperations,
    LeftOut,
    faults_of_path,
    faults_of_statuses,
    form_fields,
    parameters_of,
    rule_of,
)
from mock_sei.apis.references import Document
from mock_sei.apis.servers import own_base
from mock_sei.document_files import EXTENSION
from mock_sei.errors import ConfigurationError, raise_all
from mock_sei.values.sendable import is_token


def read_operations(
    product: str, document: Document, base: str, reach: Reach
) -> DocumentOperations:
    """All operations of a document. ``base`` precedes each path that has no server of its own."""
    reading = DocumentOperations()
    for path in document.content.get("paths") or {}:
        if path.startswith("x-"):
            continue
        problem = _problem_of(path)
        if problem is not None:
            place = f"paths[{path}]"
            error = ConfigurationError(problem, source=document.source, key=place)
            reading.left_out.append(LeftOut(method=None, path=path, reasons=[error]))
            continue
        _Path(reading, product, document, base, path, reach).read()
    apart = distinguish(reading.operations)
    reading.operations = apart.kept
    reading.problems += apart.problems
    for each, error in apart.left_out:
        reading.left_out.append(
            LeftOut(method=each.method, path=each.path, reasons=[error], written=each.written)
        )
    return reading


def _problem_of(path: str) -> str | None:
    """Why no call can have this path, or None."""
    if not path.startswith("/"):
        return "must begin with /"
    return "holds a NUL character" if "\0" in called(path)[0] else None


_Item = tuple[Pointer, Mapping[str, Any]]
"""A path item with its place."""


@dataclass(frozen=True, kw_only=True)
class _Written:
    """One operation as the document writes it."""

    method: str
    """The method as the document writes it."""
    sent: str
    """The method as a request writes it."""
    pointer: Pointer
    raw: Mapping[str, Any]
    servers: Any
    """The servers of the path item."""


class _Path:
    """Reads the operations of one path."""

    def __init__(
        self,
        reading: DocumentOperations,
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
        """The operations, one for each method.

        Fields beside a reference take precedence over its target.
        """
        seen: set[str] = set()
        for pointer, item in self._items:
            others = item.get("additionalOperations") or {}
            here: list[tuple[str, Any, Pointer]] = [
                (each, item[each], (each,)) for each in PATH_METHODS if each in item
            ]
            here += [(name, each, ("additionalOperations", name)) for name, each in others.items()]
            for method, raw, inner in here:
                sent = method.upper() if len(inner) == 1 else method  # RFC 9110, 9.1: case matters
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
        """Why an operation cannot be used: all faults in the parts that it needs."""
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
        """Whether some of its parameters were removed because they are wrong."""
        places = (written.pointer, *(pointer for pointer, _ in self._items))
        return any(self._reach.reasons(each, "parameters") for each in places)

    def _base_of(self, written: _Written) -> str:
        """The base path of an operation.

        Raises :class:`ConfigurationError` if its own server gives no path.
        """
        place = f"paths[{self._path}]"
        found = own_base(
            [
                (written.raw.get("servers"), f"{place}.{written.method}.servers"),
                (written.servers, f"{place}.servers"),
            ],
            self._document.source,
        )
        return self._base if found is None else found

    def _operation(self, written: _Written, base: str, *, is_damaged: bool) -> Operation:
        """Reads an operation. Raises :class:`ConfigurationError` with file and place."""
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
        form = form_fields(raw, document, place)
        wrong: list[ConfigurationError] = []
        for found in (
            *(parameters_of(entries, document, where, problems) for entries, where in lists),
            parameters_of(form, document, place, problems, {FORM}),
        ):
            try:
                parameters.update(found)
            except ConfigurationError as error:
                wrong += error.faults
        if is_damaged:  # the missing parameter may be one of the removed ones
            wrong = [each for each in wrong if each.problem != NOTHING_THERE]
        else:
            wrong += faults_of_path(path, parameters, source, place)
        wrong += faults_of_statuses(raw.get("responses"), source, place)
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
            rule=rule_of(
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
        problem = "not an HTTP method: only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, 5.6.2)"
        raise ConfigurationError(problem, source=source, key=place, value=method[:100])


_READ = ("parameters", "requestBody", EXTENSION)
"""The fields of an operation that are used, in addition to the response that is answered."""


def _items(document: Document, path: str) -> list[_Item]:
    """A path item, and the path items that its reference leads to."""
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
"""The longest chain of references. Circles were already removed."""


def _fixed(fixed: Pairs) -> Iterator[tuple[Key, Parameter]]:
    """The pairs in the query of a path template, as required parameters."""
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
