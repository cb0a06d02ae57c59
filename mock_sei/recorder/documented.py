"""Enumerations of OpenAPI documents, bundled or a user's own: shapes may keep their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.operations import Operation
from mock_sei.errors import ConfigurationError, Refusal
from mock_sei.fixtures import load_fixtures
from mock_sei.recordings.exchanges import RecordedRequest
from mock_sei.recordings.shapes import NO_ENUMERATIONS, OTHER_NAMES, Enumerations

_DEEPEST = 12
"""Schemas are followed so deeply: a schema may contain itself."""
_MOST_SCHEMAS = 5_000
_PARTS = ("allOf", "oneOf", "anyOf")


class DocumentedValues:
    """Finds the enumerations of a body. Each operation's are looked up once."""

    def __init__(self, apis: Path | None = None) -> None:
        """``apis`` is a folder of a user's own documents, which count in addition."""
        fixtures = load_fixtures(None, apis)
        self._catalogue = Catalogue(fixtures.documents, fixtures.brought)
        self._known: dict[tuple[str, str, int | None], Enumerations] = {}

    def __call__(self, request: RecordedRequest, status: int | None) -> Enumerations:
        """Of a request's body, or with a status of the body of its answer."""
        query = urlsplit(request.url).query
        try:
            operation, _ = self._catalogue.find(request.method, request.path, query)
        except (Refusal, ConfigurationError):
            return NO_ENUMERATIONS
        key = (operation.product, operation.pointer, status)
        if key not in self._known:
            found: dict[str, frozenset[str]] = {}
            for place, values in _Walk(operation).values_of(_schema_of(operation, status)):
                found[place] = found.get(place, frozenset()) | values
            self._known[key] = found
        return self._known[key]


def _schema_of(operation: Operation, status: int | None) -> object:
    """The schema of a JSON body; None if there is none."""
    follow = operation.document.follow
    if status is None:
        body = operation.raw.get("requestBody")
    else:
        responses = operation.raw.get("responses", {})
        body = responses.get(str(status), responses.get("default"))
    body = follow(body, operation.pointer) if isinstance(body, Mapping) else {}
    for media_type, content in body.get("content", {}).items():
        if "json" in media_type and isinstance(content, Mapping):
            return content.get("schema")
    return None


class _Walk:
    """Goes through a schema and all that it refers to, within limits."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._left = _MOST_SCHEMAS

    def values_of(
        self, schema: object, place: str = "", depth: int = _DEEPEST
    ) -> Iterator[tuple[str, frozenset[str]]]:
        self._left -= 1
        if not isinstance(schema, Mapping) or not depth or self._left < 0:
            return
        found: Mapping[str, Any] = self._operation.document.follow(schema, self._operation.pointer)
        values = found.get("enum")
        if isinstance(values, list):
            yield place, frozenset(each for each in values if isinstance(each, str))
        for part in _PARTS:
            for each in found.get(part, ()):
                yield from self.values_of(each, place, depth - 1)
        for name, inner in found.get("properties", {}).items():
            yield from self.values_of(inner, f"{place}/{name}", depth - 1)
        yield from self.values_of(found.get("items"), f"{place}/{OTHER_NAMES}", depth - 1)
