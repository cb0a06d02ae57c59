"""The grammar of OpenAPI: which objects exist, and what each of their fields holds.

Documents are read with this table, so the meaning of a keyword depends on its place. A property
called ``nullable`` is only a name, the ``requestBody`` of a link is any value, and a field that no
row names is not changed. Source: OpenAPI 3.0.4, 3.1.1 and 3.2.0, JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any
from urllib.parse import unquote

PATH_METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace", "query")
"""The methods whose operations are direct fields of a path item."""


class ObjectKind(Enum):
    """The kind of object that a part of a document is."""

    # Enum's own hash is written in Python, and a large document calls it a million times.
    __hash__ = object.__hash__

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
    VALUE = "a value of the document's own"


class FieldShape(Enum):
    """Whether a field holds one part, a list of parts, or parts by their names."""

    ONE = "one"
    LIST = "a list"
    NAMED = "a mapping of names to parts"


Field = tuple[FieldShape, ObjectKind]

VALUE: Field = (FieldShape.ONE, ObjectKind.VALUE)


def _one(kind: ObjectKind, *names: str) -> dict[str, Field]:
    return dict.fromkeys(names, (FieldShape.ONE, kind))


def _list(kind: ObjectKind, *names: str) -> dict[str, Field]:
    return dict.fromkeys(names, (FieldShape.LIST, kind))


def _named(kind: ObjectKind, *names: str) -> dict[str, Field]:
    return dict.fromkeys(names, (FieldShape.NAMED, kind))


LISTS_OF_SCHEMAS = ("allOf", "anyOf", "oneOf", "prefixItems")
NAMED_SCHEMAS = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")

_SHOWN: Mapping[str, Field] = {
    **_one(ObjectKind.SCHEMA, "schema"),
    **_named(ObjectKind.MEDIA, "content"),
    **_named(ObjectKind.EXAMPLE, "examples"),
}

FIELDS: Mapping[ObjectKind, Mapping[str, Field]] = {
    ObjectKind.DOCUMENT: {
        **_named(ObjectKind.PATH_ITEM, "paths", "webhooks"),
        **_one(ObjectKind.COMPONENTS, "components"),
    },
    ObjectKind.COMPONENTS: {
        **_named(ObjectKind.SCHEMA, "schemas"),
        **_named(ObjectKind.RESPONSE, "responses"),
        **_named(ObjectKind.PARAMETER, "parameters"),
        **_named(ObjectKind.EXAMPLE, "examples"),
        **_named(ObjectKind.BODY, "requestBodies"),
        **_named(ObjectKind.HEADER, "headers"),
        **_named(ObjectKind.SECURITY, "securitySchemes"),
        **_named(ObjectKind.LINK, "links"),
        **_named(ObjectKind.CALLBACK, "callbacks"),
        **_named(ObjectKind.PATH_ITEM, "pathItems"),
        **_named(ObjectKind.MEDIA, "mediaTypes"),
    },
    ObjectKind.PATH_ITEM: {
        **_one(ObjectKind.OPERATION, *PATH_METHODS),
        **_named(ObjectKind.OPERATION, "additionalOperations"),
        **_list(ObjectKind.PARAMETER, "parameters"),
    },
    ObjectKind.OPERATION: {
        **_list(ObjectKind.PARAMETER, "parameters"),
        **_one(ObjectKind.BODY, "requestBody"),
        **_named(ObjectKind.RESPONSE, "responses"),
        **_named(ObjectKind.CALLBACK, "callbacks"),
    },
    ObjectKind.PARAMETER: _SHOWN,
    ObjectKind.HEADER: _SHOWN,
    ObjectKind.BODY: _named(ObjectKind.MEDIA, "content"),
    ObjectKind.RESPONSE: {
        **_named(ObjectKind.HEADER, "headers"),
        **_named(ObjectKind.MEDIA, "content"),
        **_named(ObjectKind.LINK, "links"),
    },
    ObjectKind.MEDIA: {
        **_one(ObjectKind.SCHEMA, "schema", "itemSchema"),
        **_named(ObjectKind.EXAMPLE, "examples"),
        **_named(ObjectKind.ENCODING, "encoding"),
    },
    ObjectKind.ENCODING: _named(ObjectKind.HEADER, "headers"),
    ObjectKind.CALLBACK: {"$ref": VALUE},
    ObjectKind.SCHEMA: {
        **_named(ObjectKind.SCHEMA, *NAMED_SCHEMAS),
        **_list(ObjectKind.SCHEMA, *LISTS_OF_SCHEMAS),
        **_one(
            ObjectKind.SCHEMA,
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

_BY_ANY_NAME: Mapping[ObjectKind, Field] = {
    ObjectKind.CALLBACK: (FieldShape.ONE, ObjectKind.PATH_ITEM)
}
"""Objects whose field names the author of the document chooses."""


_FIELDS = {kind: FIELDS.get(kind, {}) for kind in ObjectKind}


def field_of(kind: ObjectKind, key: str) -> Field:
    """The shape and the kind of the value in the field ``key`` of an object."""
    found = _FIELDS[kind].get(key)
    if found is not None:
        return found
    return VALUE if key.startswith("x-") else _BY_ANY_NAME.get(kind, VALUE)


Pointer = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a document."""


def place_of(pointer: Pointer) -> str:
    """A pointer as people write it: ``paths[/x].get.parameters[0]``."""
    text = ""
    for each in pointer:
        if isinstance(each, int) or each.startswith("/"):
            text += f"[{each}]"
        else:
            text += f".{each}" if text else each
    return text


def tokens_of(reference: str) -> tuple[str, ...]:
    """The keys along which a reference such as ``#/components/schemas/X`` leads."""
    parts = reference.removeprefix("#").removeprefix("/")
    if not parts:
        return ()
    if "%" not in parts and "~" not in parts:
        return tuple(parts.split("/"))
    return tuple(unquote(each).replace("~1", "/").replace("~0", "~") for each in parts.split("/"))


def reference_to(pointer: Pointer) -> str:
    """The ``$ref`` that leads to a part of the document."""
    escaped = (
        str(each).replace("~", "~0").replace("/", "~1").replace("%", "%25") for each in pointer
    )
    return "#" + "".join(f"/{each}" for each in escaped)


def parts(
    value: Any, kind: ObjectKind = ObjectKind.DOCUMENT
) -> Iterator[tuple[Pointer, Mapping[Any, Any], ObjectKind]]:
    """Every object of a document, in the order of the document: its place, its value and its
    kind."""
    waiting: list[tuple[Any, Pointer, Field]] = [(value, (), (FieldShape.ONE, kind))]
    while waiting:
        each, pointer, (shape, kind) = waiting.pop()
        inner: list[tuple[Any, Pointer, Field]] = []
        if shape is FieldShape.LIST and isinstance(each, list):
            inner = [(one, (*pointer, at), (FieldShape.ONE, kind)) for at, one in enumerate(each)]
        elif shape is FieldShape.NAMED and isinstance(each, Mapping):
            inner = [
                (one, (*pointer, str(name)), (FieldShape.ONE, kind))
                for name, one in each.items()
                if kind is ObjectKind.SCHEMA or not str(name).startswith("x-")
            ]
        elif isinstance(each, Mapping):
            yield pointer, each, kind
            inner = [
                (one, (*pointer, str(name)), found)
                for name, one in each.items()
                if (found := field_of(kind, str(name))) is not VALUE
            ]
        waiting += reversed(inner)


def references(
    value: Any, kind: ObjectKind = ObjectKind.DOCUMENT
) -> Iterator[tuple[Pointer, str, ObjectKind]]:
    """Every ``$ref`` of a document: its place, its text, and the kind of object that it must lead
    to."""
    for pointer, each, found in parts(value, kind):
        if isinstance(each.get("$ref"), str):
            yield pointer, each["$ref"], found
