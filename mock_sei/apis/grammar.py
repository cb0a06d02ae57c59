"""The grammar of OpenAPI: which objects there are, and what each of their fields holds.

A document is walked by this table, so that a keyword is known by where it stands: a property called
``nullable`` is a name, the ``requestBody`` of a link is any value, and what no row names is left as
it is. Source: OpenAPI 3.0.4, 3.1.1 and 3.2.0, JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any
from urllib.parse import unquote

PATH_METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace", "query")
"""The operations that a path item holds as fields of its own."""


class Kind(Enum):
    """What a part of a document is."""

    __hash__ = object.__hash__  # Enum's own is not C, and a large document asks a million times

    DOCUMENT = "a document"
    COMPONENTS = "components"
    PATH_ITEM = "a path item"
    OPERATION = "an operation"
    PARAMETER = "a parameter"
    BODY = "a request body"
    RESPONSE = "a response"
    HEADER = "a header"
    MEDIA = "a media type"
    ENCODING = "an encoding"
    EXAMPLE = "an example"
    LINK = "a link"
    CALLBACK = "a callback"
    SECURITY = "a security scheme"
    SCHEMA = "a JSON Schema"
    VALUE = "a value of somebody's own"


class Shape(Enum):
    """How a field holds what it holds."""

    ONE = "one"
    LIST = "a list"
    NAMED = "by names"


Field = tuple[Shape, Kind]

VALUE: Field = (Shape.ONE, Kind.VALUE)


def _one(kind: Kind, *names: str) -> dict[str, Field]:
    return dict.fromkeys(names, (Shape.ONE, kind))


def _list(kind: Kind, *names: str) -> dict[str, Field]:
    return dict.fromkeys(names, (Shape.LIST, kind))


def _named(kind: Kind, *names: str) -> dict[str, Field]:
    return dict.fromkeys(names, (Shape.NAMED, kind))


LISTS_OF_SCHEMAS = ("allOf", "anyOf", "oneOf", "prefixItems")
NAMED_SCHEMAS = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")

_SHOWN: Mapping[str, Field] = {
    **_one(Kind.SCHEMA, "schema"),
    **_named(Kind.MEDIA, "content"),
    **_named(Kind.EXAMPLE, "examples"),
}

FIELDS: Mapping[Kind, Mapping[str, Field]] = {
    Kind.DOCUMENT: {
        **_named(Kind.PATH_ITEM, "paths", "webhooks"),
        **_one(Kind.COMPONENTS, "components"),
    },
    Kind.COMPONENTS: {
        **_named(Kind.SCHEMA, "schemas"),
        **_named(Kind.RESPONSE, "responses"),
        **_named(Kind.PARAMETER, "parameters"),
        **_named(Kind.EXAMPLE, "examples"),
        **_named(Kind.BODY, "requestBodies"),
        **_named(Kind.HEADER, "headers"),
        **_named(Kind.SECURITY, "securitySchemes"),
        **_named(Kind.LINK, "links"),
        **_named(Kind.CALLBACK, "callbacks"),
        **_named(Kind.PATH_ITEM, "pathItems"),
        **_named(Kind.MEDIA, "mediaTypes"),
    },
    Kind.PATH_ITEM: {
        **_one(Kind.OPERATION, *PATH_METHODS),
        **_named(Kind.OPERATION, "additionalOperations"),
        **_list(Kind.PARAMETER, "parameters"),
    },
    Kind.OPERATION: {
        **_list(Kind.PARAMETER, "parameters"),
        **_one(Kind.BODY, "requestBody"),
        **_named(Kind.RESPONSE, "responses"),
        **_named(Kind.CALLBACK, "callbacks"),
    },
    Kind.PARAMETER: _SHOWN,
    Kind.HEADER: _SHOWN,
    Kind.BODY: _named(Kind.MEDIA, "content"),
    Kind.RESPONSE: {
        **_named(Kind.HEADER, "headers"),
        **_named(Kind.MEDIA, "content"),
        **_named(Kind.LINK, "links"),
    },
    Kind.MEDIA: {
        **_one(Kind.SCHEMA, "schema", "itemSchema"),
        **_named(Kind.EXAMPLE, "examples"),
        **_named(Kind.ENCODING, "encoding"),
    },
    Kind.ENCODING: _named(Kind.HEADER, "headers"),
    Kind.CALLBACK: {"$ref": VALUE},
    Kind.SCHEMA: {
        **_named(Kind.SCHEMA, *NAMED_SCHEMAS),
        **_list(Kind.SCHEMA, *LISTS_OF_SCHEMAS),
        **_one(
            Kind.SCHEMA,
            "items",
            "additionalProperties",
            "not",
            "if",
            "then",
            "else",
            "contains",
            "propertyNames",
            "unevaluatedItems",
            "unevaluatedProperties",
            "contentSchema",
        ),
    },
}

_BY_ANY_NAME: Mapping[Kind, Field] = {Kind.CALLBACK: (Shape.ONE, Kind.PATH_ITEM)}
"""Objects whose fields have names of the document's own."""


_FIELDS = {kind: FIELDS.get(kind, {}) for kind in Kind}


def field_of(kind: Kind, key: str) -> Field:
    """What the field ``key`` of an object holds."""
    found = _FIELDS[kind].get(key)
    if found is not None:
        return found
    return VALUE if key.startswith("x-") else _BY_ANY_NAME.get(kind, VALUE)


Pointer = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a document."""


def place_of(pointer: Pointer) -> str:
    """As a person writes it: ``paths[/x].get.parameters[0]``."""
    text = ""
    for each in pointer:
        if isinstance(each, int) or each.startswith("/"):
            text += f"[{each}]"
        else:
            text += f".{each}" if text else each
    return text


def tokens_of(reference: str) -> tuple[str, ...]:
    """The keys that a reference such as ``#/components/schemas/X`` leads along."""
    parts = reference.removeprefix("#").removeprefix("/")
    if not parts:
        return ()
    if "%" not in parts and "~" not in parts:
        return tuple(parts.split("/"))
    return tuple(unquote(each).replace("~1", "/").replace("~0", "~") for each in parts.split("/"))


def reference_to(pointer: Pointer) -> str:
    escaped = (
        str(each).replace("~", "~0").replace("/", "~1").replace("%", "%25") for each in pointer
    )
    return "#" + "".join(f"/{each}" for each in escaped)


def parts(
    value: Any, kind: Kind = Kind.DOCUMENT
) -> Iterator[tuple[Pointer, Mapping[Any, Any], Kind]]:
    """Every object of a document in the order in which it is written: where, what, and as what."""
    waiting: list[tuple[Any, Pointer, Field]] = [(value, (), (Shape.ONE, kind))]
    while waiting:
        each, pointer, (shape, kind) = waiting.pop()
        inner: list[tuple[Any, Pointer, Field]] = []
        if shape is Shape.LIST and isinstance(each, list):
            inner = [(one, (*pointer, at), (Shape.ONE, kind)) for at, one in enumerate(each)]
        elif shape is Shape.NAMED and isinstance(each, Mapping):
            inner = [
                (one, (*pointer, str(name)), (Shape.ONE, kind))
                for name, one in each.items()
                if kind is Kind.SCHEMA or not str(name).startswith("x-")
            ]
        elif isinstance(each, Mapping):
            yield pointer, each, kind
            inner = [
                (one, (*pointer, str(name)), found)
                for name, one in each.items()
                if (found := field_of(kind, str(name))) is not VALUE
            ]
        waiting += reversed(inner)


def references(value: Any, kind: Kind = Kind.DOCUMENT) -> Iterator[tuple[Pointer, str, Kind]]:
    """Every ``$ref``: where it stands, what it says, and what must be there."""
    for pointer, each, found in parts(value, kind):
        if isinstance(each.get("$ref"), str):
            yield pointer, each["$ref"], found
