"""One OpenAPI document: its content, where it came from, and what its ``$ref`` point at.

References lead within the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mock_sei.apis.openapi import check_part, references
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
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                raise ConfigurationError(
                    "leads nowhere", source=self.source, key=f"{place}.$ref", value=reference[:200]
                )
        return found

    def validator(self, schema: Any) -> Validator:
        """Of a schema of this document, made once."""
        kept = self._validators.get(id(schema))
        if kept is not None:
            return kept[1]
        # Imported with the first body: most runs never check one.
        from jsonschema import Draft202012Validator

        made = Draft202012Validator(
            _absolute(schema),
            registry=self._registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        self._validators[id(schema)] = schema, made
        return made

    def check_references(self) -> None:
        """Every one must lead to what is wanted there. Raises :class:`ConfigurationError`."""
        seen = set()
        for place, reference, part in references(self.content):
            found = self.follow({"$ref": reference}, place)
            if (reference, part) not in seen:
                seen.add((reference, part))
                check_part(found, self.source, f"{place}.$ref", part)

    @cached_property
    def _validators(self) -> dict[int, tuple[Any, Validator]]:
        return {}  # by the identity of a schema, which is kept so that no other can take it

    @cached_property
    def _registry(self) -> Any:
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT202012

        content = _absolute(self.content)
        resource = Resource.from_contents(content, default_specification=DRAFT202012)
        return Registry().with_resource(_URI, resource)


def _absolute(value: Any) -> Any:
    """References with the document's name, so that a part of it can stand alone."""
    if isinstance(value, list):
        return [_absolute(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    result = {key: _absolute(each) for key, each in value.items()}
    reference = result.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        result["$ref"] = _URI + reference
    return result
