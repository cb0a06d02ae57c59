"""Discriminators: an object's member names the schema that applies to the object.

When a document is read (``openapi.py``), the ``mapping`` of each discriminator is completed with
all names that it knows: first those that the document spells out, then the names of the schemas
themselves. The subtypes of a base type are found by their ``allOf``. So there is only one mapping
to look into, whether a value is checked, explained or made. Source: OpenAPI 3.0.4 section 4.7.25,
3.1.1 section 4.8.25, 3.2.0 section 4.25.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mock_sei.apis.grammar import reference_to, tokens_of

UNIONS = ("oneOf", "anyOf")

DEFAULT = "defaultMapping"

SCHEMAS = ("components", "schemas")
"""Where the schemas stand whose names a discriminator knows."""

_MOST_BASES = 50
"""How many base types of one schema are followed."""


def property_of(schema: Mapping[str, Any]) -> str | None:
    """The member that names the schema of a value, or None if there is no discriminator."""
    found = schema.get("discriminator")
    name = found.get("propertyName") if isinstance(found, Mapping) else None
    return name if isinstance(name, str) else None


def mapping_of(schema: Mapping[str, Any]) -> Mapping[str, str]:
    """The names that a discriminator knows, each with a reference.

    Empty without a discriminator.
    """
    found = schema.get("discriminator")
    mapping = found.get("mapping") if isinstance(found, Mapping) else None
    return mapping if isinstance(mapping, Mapping) and property_of(schema) else {}


def chosen(schema: Mapping[str, Any], value: Any) -> str | None:
    """The reference to the schema that applies to a value.

    If the value's member names no known schema: the default mapping, or None.
    """
    name = property_of(schema)
    if name is None or not isinstance(value, Mapping):
        return None
    said = value.get(name)
    found = mapping_of(schema).get(said) if isinstance(said, str) else None
    return found or default_of(schema)


def default_of(schema: Mapping[str, Any]) -> str | None:
    """The reference for a value that names no known schema (OpenAPI 3.2.0 section 4.25.1), or
    None."""
    found = schema["discriminator"].get(DEFAULT) if property_of(schema) else None
    return found if isinstance(found, str) else None


def complete(
    discriminators: Iterable[tuple[str, Mapping[str, Any]]],
    schemas: Mapping[str, Any],
    find: Callable[[str], Any],
) -> dict[str, frozenset[int]]:
    """Adds the names of the schemas themselves to the mapping of each discriminator.

    ``discriminators`` are pairs of a reference and the schema with a discriminator that it leads
    to. ``schemas`` are the component schemas by their names. Returns the base types of schemas: for
    the reference of a subtype, the identities of the discriminators of its base types.
    """
    known = list(discriminators)
    bases = {reference: schema for reference, schema in known if not _alternatives(schema)}
    below: dict[str, list[str]] = {}
    if bases:
        for name, schema in schemas.items():
            for reference in _bases(schema, find) & bases.keys():
                below.setdefault(reference, []).append(reference_to((*SCHEMAS, name)))
    found: dict[str, set[int]] = {}
    for reference, schema in known:
        mapping = schema["discriminator"]["mapping"]
        alternatives = _alternatives(schema)
        for each in alternatives or below.get(reference, []):
            tokens = tokens_of(each)
            if tokens[:2] == SCHEMAS and len(tokens) == 3:
                mapping.setdefault(tokens[2], each)
        for each in () if alternatives else mapping.values():
            found.setdefault(each, set()).add(id(schema["discriminator"]))
    return {reference: frozenset(each) for reference, each in found.items()}


def _alternatives(schema: Mapping[str, Any]) -> list[str]:
    """The references of the alternatives.

    An alternative without a reference has no name, so it is left out.
    """
    found = (each for key in UNIONS for each in schema.get(key) or ())
    return [each["$ref"] for each in found if isinstance(each, Mapping) and "$ref" in each]


def _bases(schema: Any, find: Callable[[str], Any]) -> set[str]:
    """References to all base types of a schema, by its ``allOf``."""
    found: set[str] = set()
    waiting = [schema]
    while waiting and len(found) < _MOST_BASES:
        for reference in _parents(waiting.pop()):
            if reference not in found:
                found.add(reference)
                waiting.append(find(reference))
    return found


def _parents(schema: Any) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    for each in (schema, *(schema.get("allOf") or ())):
        if isinstance(each, Mapping) and isinstance(each.get("$ref"), str):
            yield each["$ref"]
