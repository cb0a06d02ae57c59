"""One OpenAPI document: its content, where it came from, and what its ``$ref`` point at.

OpenAPI 3.0 is turned into 3.1 when it is read: there a schema is JSON Schema, and ``nullable`` and
boolean ``exclusiveMinimum`` are gone. References lead within the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
        """Every one must lead somewhere. Raises :class:`ConfigurationError`."""
        for place, reference in _references(self.content, ""):
            self.find(reference, place)

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


def _references(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _references(each, f"{place}[{index}]")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if key == "$ref" and isinstance(each, str):
                yield place, each
            elif key not in ("example", "examples", "default"):  # values, not parts of a schema
                yield from _references(each, f"{place}.{key}".removeprefix("."))


def modern(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A document with the schemas of OpenAPI 3.1, whichever 3.x it was written in.

    A pattern that this language's regular expressions do not know is dropped.
    """
    turned: Mapping[str, Any] = _turned(content, str(content.get("openapi", "")).startswith("3.0"))
    return turned


def _turned(value: Any, old: bool) -> Any:
    if isinstance(value, list):
        return [_turned(each, old) for each in value]
    if not isinstance(value, Mapping):
        return value
    result = {key: _turned(each, old) for key, each in value.items()}
    if isinstance(result.get("pattern"), str) and not _is_pattern(result["pattern"]):
        del result["pattern"]
    return _without_old_keys(result) if old else result


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _without_old_keys(result: dict[str, Any]) -> dict[str, Any]:
    """``nullable`` and boolean bounds, as OpenAPI 3.0 has them."""
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
