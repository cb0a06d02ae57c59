"""One OpenAPI document: its content, where it came from, and what its ``$ref`` point at.

OpenAPI 3.0 is turned into 3.1 when it is read: there a schema is JSON Schema, and ``nullable`` and
boolean ``exclusiveMinimum`` are gone. References lead within the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mock_sei.errors import ConfigurationError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_LONGEST_WAY = 20
"""References that follow one another; more is a circle."""

_URI = "urn:mock-sei:document"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document as it is used."""

    source: Path
    content: Mapping[str, Any] = field(repr=False)

    def follow(self, value: Any, place: str) -> Any:
        """The value, or what its reference points at. Raises :class:`ConfigurationError`."""
        for _ in range(_LONGEST_WAY):
            if not isinstance(value, Mapping) or not isinstance(value.get("$ref"), str):
                return value
            value = self.find(value["$ref"], place)
        raise ConfigurationError("a circle of references", source=self.source, key=place)

    def find(self, reference: str, place: str) -> Any:
        """What ``#/…`` points at. Raises :class:`ConfigurationError`."""
        if not reference.startswith("#/"):
            raise ConfigurationError(
                "only references within the document (#/...) are supported",
                source=self.source,
                key=f"{place}.$ref",
                value=reference[:200],
            )
        found: Any = self.content
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                raise ConfigurationError(
                    "leads nowhere", source=self.source, key=f"{place}.$ref", value=reference[:200]
                )
        return found

    def validator(self, pointer: str) -> Validator:
        """Of the schema at a JSON pointer, its references resolved within the document."""
        # Imported with the first body: most runs never check one.
        from jsonschema import Draft202012Validator

        return Draft202012Validator(
            {"$ref": f"{_URI}#{pointer}"},
            registry=self.registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )

    @cached_property
    def registry(self) -> Any:
        """Knows the document by a name, for the references in it."""
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT202012

        resource = Resource.from_contents(self.content, default_specification=DRAFT202012)
        return Registry().with_resource(_URI, resource)


def modern(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A document with the schemas of OpenAPI 3.1, whichever 3.x it was written in."""
    if not str(content.get("openapi", "")).startswith("3.0"):
        return content
    turned: Mapping[str, Any] = _turned(content)
    return turned


def _turned(value: Any) -> Any:
    if isinstance(value, list):
        return [_turned(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    result = {key: _turned(each) for key, each in value.items()}
    if result.pop("nullable", False) is True:
        kind = result.get("type")
        if isinstance(kind, str):
            result["type"] = [kind, "null"]
        if isinstance(result.get("enum"), list) and None not in result["enum"]:
            result["enum"] = [*result["enum"], None]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if result.get(exclusive) is True and bound in result:
            result[exclusive] = result.pop(bound)
        elif isinstance(result.get(exclusive), bool):
            del result[exclusive]
    return result
