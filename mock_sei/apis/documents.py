"""API products as their OpenAPI documents describe them: operations, parameters, collections.

A document says what the platform answers; the keys under ``x-mock-sei`` say from which records:
``product`` at the top, ``collection`` and ``key`` on an operation, ``field`` on a parameter that
filters by a field's value. A fault in a document names the file and the place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_sei.errors import NOT_FOUND, ConfigurationError, MethodNotAllowed, Refusal

METHODS = ("get", "post", "put", "patch", "delete")
EXTENSION = "x-mock-sei"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A query parameter of an operation."""

    name: str
    type: str
    format: str | None
    enum: tuple[str, ...]
    required: bool
    field: str | None
    """Field of the records whose value it must equal."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method on one path."""

    product: str
    method: str
    path: str
    collection: str
    key: str
    """Field that orders the records and makes the cursor."""
    parameters: Mapping[str, Parameter]

    @property
    def name(self) -> str:
        """How a person writes it: ``GET /v1/order/tradetickets``."""
        return f"{self.method} {self.path}"


class Catalogue:
    """All operations of all products, found by method and path."""

    def __init__(self, documents: Mapping[Path, Mapping[str, Any]]) -> None:
        """Raises :class:`ConfigurationError` naming file and place."""
        self.operations: list[Operation] = []
        self.documents: dict[str, Mapping[str, Any]] = {}
        """The whole OpenAPI document of each product."""
        for source, document in documents.items():
            self.operations.extend(_operations(source, document))
            self.documents[document[EXTENSION]["product"]] = document
        self._patterns = [(_pattern(each.path), each) for each in self.operations]

    def find(self, method: str, path: str) -> Operation:
        """The operation for a request; a :class:`Refusal` that names the nearest ones if none."""
        here = [operation for pattern, operation in self._patterns if pattern.fullmatch(path)]
        for operation in here:
            if operation.method == method:
                return operation
        if here:
            raise MethodNotAllowed(method, path, tuple(each.method for each in here))
        raise Refusal(
            NOT_FOUND,
            check="path",
            because=f"No operation is {method} {path[:200]}. The nearest are: "
            f"{', '.join(self.nearest(method, path))}.",
            actual=f"{method} {path[:200]}",
        )

    def nearest(self, method: str, path: str) -> list[str]:
        """Names of the three operations most like a request."""
        names = [each.name for each in self.operations]
        return difflib.get_close_matches(f"{method} {path[:200]}", names, n=3, cutoff=0.0)


def _operations(source: Path, document: Mapping[str, Any]) -> Iterator[Operation]:
    product = _mapping(document.get(EXTENSION), source, EXTENSION).get("product")
    if not isinstance(product, str):
        raise ConfigurationError("missing", source=source, key=f"{EXTENSION}.product")
    for path, item in _mapping(document.get("paths"), source, "paths").items():
        for method in METHODS:
            place = f"paths[{path}].{method}"
            if method not in _mapping(item, source, f"paths[{path}]"):
                continue
            entry = _mapping(item[method], source, place)
            rule = _mapping(entry.get(EXTENSION), source, f"{place}.{EXTENSION}")
            for required in ("collection", "key"):
                if not isinstance(rule.get(required), str):
                    raise ConfigurationError(
                        "missing", source=source, key=f"{place}.{EXTENSION}.{required}"
                    )
            yield Operation(
                product=product,
                method=method.upper(),
                path=path,
                collection=rule["collection"],
                key=rule["key"],
                parameters=dict(_parameters(entry, source, place)),
            )


def _parameters(
    entry: Mapping[str, Any], source: Path, place: str
) -> Iterator[tuple[str, Parameter]]:
    for index, raw in enumerate(entry.get("parameters", ())):
        here = f"{place}.parameters[{index}]"
        parameter = _mapping(raw, source, here)
        if parameter.get("in") != "query":
            continue
        schema = _mapping(parameter.get("schema"), source, f"{here}.schema")
        name = str(parameter.get("name"))
        yield (
            name,
            Parameter(
                name=name,
                type=schema.get("type", "string"),
                format=schema.get("format"),
                enum=tuple(schema.get("enum", ())),
                required=bool(parameter.get("required", False)),
                field=(parameter.get(EXTENSION) or {}).get("field"),
            ),
        )


def _mapping(value: object, source: Path, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            "missing" if value is None else "not a mapping", source=source, key=place
        )
    return value


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))
