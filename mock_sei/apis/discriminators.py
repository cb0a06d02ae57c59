"""Discriminators: the member of an object that names the schema which goes for it.

When a document is read (``openapi.py``), each discriminator gets all names that it knows in its
``mapping``, each with a reference into the document: those that are spelled out, then the names of
the schemas themselves. What is below a base is found by its ``allOf``. So whoever checks a value,
explains a refusal or makes a value looks into one mapping. Source: OpenAPI 3.0.4 section 4.7.25,
3.1.1 section 4.8.25, 3.2.0 section 4.25.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mock_sei.apis.grammar import reference_to, tokens_of

UNIONS = ("oneOf", "anyOf")

DEFAULT = "defaultMapping"

SCHEMAS = ("components", "schemas")
"""Where the schemas stand whose names count."""

_MOST_BASES = 50
"""Schemas that one schema is below of."""


def property_of(schema: Mapping[str, Any]) -> str | None:
    """The member that says which schema goes for a value, where there is a discriminator."""
    found = schema.get("discriminator")
    name = found.get("propertyName") if isinstance(found, Mapping) else None
    return name if isinstance(name, str) else None


def mapping_of(schema: Mapping[str, Any]) -> Mapping[str, str]:
    """The names that a discriminator knows, each with a reference; empty where there is none."""
    found = schema.get("discriminator")
    mapping = found.get("mapping") if isinstance(found, Mapping) else None
    return mapping if isinstance(mapping, Mapping) and property_of(schema) else {}


def chosen(schema: Mapping[str, Any], value: Any) -> str | None:
    """The reference that goes for a value; None where its member names none that is known."""
    name = property_of(schema)
    if name is None or not isinstance(value, Mapping):
        return None
    said = value.get(name)
    found = mapping_of(schema).get(said) if isinstance(said, str) else None
    return found or default_of(schema)


def default_of(schema: Mapping[str, Any]) -> str | None:
    """What goes for a value that names nothing that is known (OpenAPI 3.2.0 section 4.25.1)."""
    found = schema["discriminator"].get(DEFAULT) if property_of(schema) else None
    return found if isinstance(found, str) else None


def complete(
    discriminators: Iterable[tuple[str, Mapping[str, Any]]],
    schemas: Mapping[str, Any],
    find: Callable[[str], Any],
) -> dict[str, frozenset[int]]:
    """Puts the names of the schemas themselves into the mapping of each discriminator.

    ``discriminators`` are the schemas that have one, with the references to them; ``schemas`` are
    those of the components by their names. Returns which bases a schema is below of: by its
    reference, the identities of their discriminators.
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
    """The references of the alternatives; one that is written in place has no name."""
    found = (each for key in UNIONS for each in schema.get(key) or ())
    return [each["$ref"] for each in found if isinstance(each, Mapping) and "$ref" in each]


def _bases(schema: Any, find: Callable[[str], Any]) -> set[str]:
    """References to all schemas that a schema is below of by its ``allOf``."""
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
