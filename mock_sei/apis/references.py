"""One OpenAPI document: its content, where it came from, and what its ``$ref`` point at.

References lead within the document.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

from mock_sei.apis.openapi import Part, check_part, references
from mock_sei.apis.schemas import Checker
from mock_sei.errors import ConfigurationError

MOST_TARGETS = 20_000
"""Parts of one document that references lead to."""
MOST_WAYS = 10_000
"""Schemas that one value is held against, by references within allOf, anyOf, oneOf and the like."""

_LONGEST_WAY = 20
"""References that follow one another; more is a circle."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document as it is used."""

    source: Path
    content: Mapping[str, Any] = field(repr=False)
    lenient: bool = False
    """Whether it describes a product of the vendor in our words. Then the types that it gives are
    read as a page writes them: ``TRUE`` is true, and null is a member that was not sent. The
    document of a user is kept to the letter."""

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

    def checker(self, schema: Any) -> Checker:
        """Of a schema of this document, made once."""
        kept = self._checkers.get(id(schema))
        if kept is not None:
            return kept[1]
        made = Checker(schema, self, self._running)
        self._checkers[id(schema)] = schema, made
        return made

    def derived(self, kind: str, of: Any, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """A schema of another kind, made once from a part of this document."""
        kept = self._derived.get((kind, id(of)))
        if kept is None:
            kept = self._derived[kind, id(of)] = of, make()
        return kept[1]

    def check_references(self) -> None:
        """Every one must lead to what is wanted there. Raises :class:`ConfigurationError`."""
        seen = set()
        ways: dict[int, int] = {}
        for place, reference, part in references(self.content):
            found = self.follow({"$ref": reference}, place)
            if (id(found), part) in seen:
                continue
            seen.add((id(found), part))
            check_part(found, self.source, f"{place}.$ref", part)
            if len(seen) > MOST_TARGETS:
                self._refuse(place, reference, f"more than {MOST_TARGETS} parts are referred to")
            if part is Part.SCHEMA and self._ways(found, ways) > MOST_WAYS:
                self._refuse(
                    place, reference, f"one value is held against more than {MOST_WAYS} schemas"
                )

    def _refuse(self, place: str, reference: str, problem: str) -> NoReturn:
        raise ConfigurationError(
            problem, source=self.source, key=f"{place}.$ref", value=reference[:200]
        )

    def _ways(self, schema: Any, known: dict[int, int]) -> int:
        """How many schemas one value is held against; each is counted once, then remembered."""
        waiting = [(schema, False)]
        while waiting:
            each, is_done = waiting.pop()
            inner = list(self._beside(each))
            if is_done:
                known[id(each)] = 1 + sum(known.get(id(one), 1) for one in inner)
            elif id(each) not in known:
                known[id(each)] = 0  # what it is while it contains itself
                waiting += [(each, True), *((one, False) for one in inner)]
        return known[id(schema)]

    def _beside(self, schema: Any) -> Iterator[Any]:
        """Schemas that the same value must fit, or may."""
        if not isinstance(schema, Mapping):
            return
        if isinstance(schema.get("$ref"), str):
            yield self.find(schema["$ref"], "$ref")
        for key in ("not", "if", "then", "else"):
            if key in schema:
                yield schema[key]
        for key in ("allOf", "anyOf", "oneOf"):
            yield from schema.get(key) or ()
        yield from (schema.get("dependentSchemas") or {}).values()

    @cached_property
    def _checkers(self) -> dict[int, tuple[Any, Checker]]:
        return {}  # by the identity of a schema, which is kept so that no other can take it

    @cached_property
    def _derived(self) -> dict[tuple[str, int], tuple[Any, dict[str, Any]]]:
        return {}  # as above

    @cached_property
    def _running(self) -> threading.local:
        """The budget of the check that a thread is in the middle of."""
        return threading.local()
