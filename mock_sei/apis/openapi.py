"""How an OpenAPI document is built: which parts are schemas, which are names, which are values.

A walk that knows this takes a property called ``nullable`` for a name, and the example
``{"pattern": "*.txt"}`` for a value. Source: OpenAPI 3.0.4 and 3.1.1, JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from mock_sei.api_files import EXTENSION
from mock_sei.apis.rules import check_schema
from mock_sei.apis.schemas import is_searched_by_engine, knows_its_members
from mock_sei.errors import ConfigurationError
from mock_sei.patterns import PatternError, compile_pattern

VERSIONS = ("3.0", "3.1")

DEEPEST_DOCUMENT = 150
"""Levels of a document; more is one that contains itself."""


_SHOWN = 100
"""Characters of a pattern in a message."""


class Part(Enum):
    """What a part of a document is."""

    OBJECT = "an object of OpenAPI"
    SCHEMA = "a JSON Schema"
    NAMES = "objects by their names"
    SCHEMAS = "schemas by their names"
    VALUE = "a value of somebody's own"


_VALUES = frozenset({"example", "default", "const", "enum", "value"})
_NAMES = frozenset(
    [
        "callbacks",
        "content",
        "encoding",
        "examples",
        "headers",
        "links",
        "mapping",
        "parameters",
        "pathItems",
        "paths",
        "requestBodies",
        "responses",
        "scopes",
        "securitySchemes",
        "variables",
        "webhooks",
    ]
)
_SCHEMAS = frozenset(
    ["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"]
)
_NAMED_OBJECTS = frozenset(
    ["content", "examples", "headers", "paths", "requestBodies", "responses", "variables"]
)
"""Those of :data:`_NAMES` whose entries are objects wherever they stand."""
_INNER_SCHEMAS = frozenset(
    [
        "items",
        "additionalProperties",
        "not",
        "allOf",
        "anyOf",
        "oneOf",
        "prefixItems",
        "if",
        "then",
        "else",
        "contains",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
    ]
)


def part_of(parent: Part, key: str, value: Any) -> Part:
    """What the member ``key`` of a part is."""
    if parent is Part.VALUE:
        return Part.VALUE
    if parent is Part.NAMES:
        return Part.OBJECT
    if key == "parameters" and isinstance(value, list):
        return Part.OBJECT
    if parent is Part.SCHEMAS:
        return Part.SCHEMA
    if key in _VALUES or key.startswith("x-") or (key == "examples" and isinstance(value, list)):
        return Part.VALUE
    if parent is Part.SCHEMA:
        if key in _SCHEMAS:
            return Part.SCHEMAS
        return Part.SCHEMA if key in _INNER_SCHEMAS else Part.OBJECT
    if key in ("schema", "schemas"):
        return Part.SCHEMA if key == "schema" else Part.SCHEMAS
    return Part.NAMES if key in _NAMES else Part.OBJECT


def references(
    value: Any, place: str = "", part: Part = Part.OBJECT
) -> Iterator[tuple[str, str, Part]]:
    """Every ``$ref``, where it stands, and as what."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from references(each, f"{place}[{index}]", part)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            key = str(key)
            if key == "$ref" and isinstance(each, str) and part in (Part.OBJECT, Part.SCHEMA):
                yield place, each, part
                continue
            inner = part_of(part, key, each)
            if inner is not Part.VALUE:
                yield from references(each, _inside(place, key), inner)


def _inside(place: str, key: str) -> str:
    return f"{place}[{key}]" if key.startswith("/") else f"{place}.{key}".removeprefix(".")


def modern(
    content: Mapping[str, Any], source: Path, problems: list[str] | None = None
) -> Mapping[str, Any]:
    """A document with the schemas of OpenAPI 3.1, whichever of the two it was written in.

    A pattern that no engine reads is left out, with a sentence in ``problems``. Raises
    :class:`ConfigurationError` for another version, and for a schema that is none.
    """
    version = str(content.get("openapi", content.get("swagger", "none")))
    if not version.startswith(VERSIONS):
        raise ConfigurationError(
            f"only OpenAPI {' and '.join(VERSIONS)} are supported",
            source=source,
            key="swagger" if "swagger" in content else "openapi",
            value=version,
        )
    turn = _Turn(source, [] if problems is None else problems, old=version.startswith("3.0"))
    turned: Mapping[str, Any] = turn.turned(content, "", Part.OBJECT)
    turn.report_unchecked()
    return turned


def check_part(value: Any, source: Path, place: str, part: Part) -> None:
    """What a reference leads to, read as what stands in its place.

    Raises :class:`ConfigurationError`.
    """
    shapes = (Mapping, bool) if part is Part.SCHEMA else (Mapping,)
    if not isinstance(value, shapes):
        raise ConfigurationError("leads to nothing of that kind", source=source, key=place)
    _Turn(source, [], old=False).turned(value, place, part)


_MOST_REPORTED = 10
"""Places of one kind of problem that are named."""


class _Turn:
    """One document on its way to 3.1."""

    def __init__(self, source: Path, problems: list[str], *, old: bool) -> None:
        self._source = source
        self._problems = problems
        self._old = old
        self._slow_members: list[str] = []
        """Where members are named by a pattern that the engine of the schemas cannot search."""
        self._unevaluated: list[str] = []
        """Where ``unevaluatedProperties`` may depend on such a pattern of another schema."""

    def report_unchecked(self) -> None:
        """What is not checked though the document asks for it."""
        if not self._slow_members:
            return
        for place in self._unevaluated[:_MOST_REPORTED]:
            problem = (
                "is not checked where a schema of the same value has the patternProperties of "
                f"{self._slow_members[0][:200]}: their pattern is none of a linear engine"
            )
            self._problems.append(
                str(ConfigurationError(problem, source=self._source, key=place[:200]))
            )

    def turned(self, value: Any, place: str, part: Part, depth: int = 0) -> Any:
        if depth > DEEPEST_DOCUMENT:
            raise ConfigurationError(
                f"more than {DEEPEST_DOCUMENT} levels", source=self._source, key=place[:200]
            )
        if isinstance(value, list):
            return [
                self.turned(each, f"{place}[{index}]", part, depth + 1)
                for index, each in enumerate(value)
            ]
        if not isinstance(value, Mapping):
            return value
        result = {}
        for name, each in value.items():
            key = str(name)  # YAML reads the status 200 as a number
            if part in (Part.OBJECT, Part.SCHEMA) and key in _OTHER_NAMES:
                continue
            inner = part_of(part, key, each)
            here = _inside(place, key)
            if inner is Part.SCHEMA and key not in _LISTS_OF_SCHEMAS:
                there = self._schema(each, here)
            else:
                there = self._named(each, key, here) if part is Part.OBJECT else each
            result[key] = self.turned(there, here, inner, depth + 1)
        if part is not Part.SCHEMA:
            return result
        if self._old:
            result = _without_old_keys(result)
        pattern = result.get("pattern")
        if isinstance(pattern, str) and not self._is_pattern(pattern, f"{place}.pattern"):
            del result["pattern"]
        patterned = result.get("patternProperties")
        if isinstance(patterned, Mapping):
            here = f"{place}.patternProperties"
            known = {key: each for key, each in patterned.items() if self._is_pattern(key, here)}
            result["patternProperties"] = known
            if not all(is_searched_by_engine(compile_pattern(key)) for key in known):
                self._slow_members.append(here)
        if result.get("unevaluatedProperties", True) is not True and not knows_its_members(result):
            self._unevaluated.append(f"{place}.unevaluatedProperties")
        self._check(result, place)
        return result

    def _is_pattern(self, text: str, place: str) -> bool:
        """Whether an engine reads it; a problem says so where none does."""
        try:
            compile_pattern(text)
        except PatternError as error:
            problem = f"no regular expression of ECMA-262 ({error}); it is not checked"
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
            told = ConfigurationError(problem, source=self._source, key=place[:200], value=shown)
            self._problems.append(str(told))
            return False
        return True

    def _schema(self, value: Any, place: str) -> Any:
        """Any value will do where a document leaves it empty; PHP writes an empty mapping as []."""
        if value is None or value == []:
            return {}
        if not isinstance(value, Mapping | bool):
            self._refuse(value, "must be a schema", place)
        return value

    def _named(self, value: Any, key: str, place: str) -> Any:
        """Objects by their names, where they are that; one that a document leaves empty is."""
        if key == "requestBody" and not isinstance(value, Mapping):
            self._refuse(value, "not a mapping", place)
        if key not in _NAMED_OBJECTS or (key == "examples" and isinstance(value, list)):
            return value
        if not isinstance(value, Mapping | None):
            self._refuse(value, "not a mapping", place)
        found = {name: {} if each is None else each for name, each in (value or {}).items()}
        for name, each in found.items():
            if not isinstance(each, Mapping) and not str(name).startswith("x-"):
                self._refuse(each, "not a mapping", _inside(place, str(name)))
        return found

    def _check(self, schema: Mapping[str, Any], place: str) -> None:
        """What the validator would fall over, not on."""
        for key, (shapes, wanted) in _SHAPES.items():
            if key in schema and (
                not isinstance(schema[key], shapes)
                or (isinstance(schema[key], bool) and bool not in shapes)
            ):
                self._refuse(schema[key], f"must be {wanted}", f"{place}.{key}")
        if not all(isinstance(each, str) for each in schema.get("required", ())):
            self._refuse(None, "must be a list of names", f"{place}.required")
        for key, names in schema.get("dependentRequired", {}).items():
            if not isinstance(names, list):
                self._refuse(names, "must be a list of names", f"{place}.dependentRequired.{key}")
        if EXTENSION in schema:
            check_schema(schema[EXTENSION], self._source, f"{place}.{EXTENSION}")
        for key in _LISTS_OF_SCHEMAS:
            if not all(isinstance(each, Mapping | bool) for each in schema.get(key, ())):
                self._refuse(None, "must be a list of schemas", f"{place}.{key}")
        if schema.get("multipleOf", 1) <= 0:
            self._refuse(schema["multipleOf"], "must be above 0", f"{place}.multipleOf")
        kinds = schema.get("type", [])
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if kind not in _TYPES:
                self._refuse(kind, f"there are {', '.join(_TYPES)}", f"{place}.type")

    def _refuse(self, value: Any, problem: str, place: str) -> None:
        shown = value if isinstance(value, str | int | float) else None
        raise ConfigurationError(problem, source=self._source, key=place, value=shown)


_OTHER_NAMES = frozenset(
    ["$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$schema", "$vocabulary"]
)
"""By which schemas refer to one another elsewhere; here they do by their place in the document."""

_LISTS_OF_SCHEMAS = ("allOf", "anyOf", "oneOf", "prefixItems")

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

_A_SCHEMA = ((Mapping, bool), "a schema")
_SOME_SCHEMAS = ((list,), "a list of schemas")
_NAMED_SCHEMAS = ((Mapping,), "schemas by their names")
_COUNTED = ("Length", "Items", "Properties", "Contains")
_A_COUNT = ((int,), "a whole number")
_A_NUMBER = ((int, float), "a number")

_SHAPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "$ref": ((str,), "a text"),
    "format": ((str,), "a text"),
    "required": ((list,), "a list of names"),
    "enum": ((list,), "a list of values"),
    "pattern": ((str,), "a regular expression"),
    **dict.fromkeys(("items", "additionalProperties", "not", "propertyNames"), _A_SCHEMA),
    **dict.fromkeys(_LISTS_OF_SCHEMAS, _SOME_SCHEMAS),
    **dict.fromkeys(_SCHEMAS, _NAMED_SCHEMAS),
    "dependentRequired": ((Mapping,), "lists of names by names"),
    **dict.fromkeys(
        [f"{end}{what}" for end in ("min", "max") for what in _COUNTED],
        _A_COUNT,
    ),
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _A_NUMBER
    ),
}
"""The kinds of value that keywords of a schema have, and their name."""


def _without_old_keys(result: dict[str, Any]) -> dict[str, Any]:
    """``nullable`` and boolean bounds, as OpenAPI 3.0 has them, where ``$ref`` stands alone."""
    if isinstance(result.get("$ref"), str):
        alone = {"$ref": result["$ref"]}
        # Siblings of a reference count for nothing in 3.0, but many documents mean this one.
        return {"anyOf": [alone, {"type": "null"}]} if result.get("nullable") is True else alone
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if result.get(exclusive) is True and bound in result:
            result[exclusive] = result.pop(bound)
        elif isinstance(result.get(exclusive), bool):
            del result[exclusive]
    if result.pop("nullable", False) is not True:
        return result
    kind = result.get("type")
    if kind is None:
        return {"anyOf": [result, {"type": "null"}]}
    result["type"] = [kind, "null"]
    if isinstance(result.get("enum"), list) and None not in result["enum"]:
        result["enum"] = [*result["enum"], None]
    return result
