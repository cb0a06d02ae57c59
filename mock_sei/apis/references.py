"""One OpenAPI document: its content, its file, and the targets of its ``$ref``.

References lead only to places in the same document.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mock_sei.apis.grammar import tokens_of
from mock_sei.apis.schemas import MOST_AT_ONCE, Checker
from mock_sei.errors import ConfigurationError
from mock_sei.values.cached import cached_property

_LONGEST_WAY = 20
"""The longest chain of references. A longer one is a circle."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document, ready for use."""

    source: Path
    content: Mapping[str, Any] = field(repr=False)
    lenient: bool = False
    """Whether we wrote the document for a product of the vendor. Then its types are read as the
    vendor's pages write values: ``TRUE`` is true, and null is a member that was not sent. A user's
    document is read strictly."""
    bases: Mapping[str, frozenset[int]] = field(default_factory=dict, repr=False)
    """The base types of schemas, as ``discriminators.py`` finds them."""
    flags: Set[str] = frozenset(["readOnly", "writeOnly"])
    """Which of these two flags the schemas may use."""

    def follow(self, value: Any, place: str) -> Any:
        """The value, or the target of its reference. Raises :class:`ConfigurationError`."""
        for _ in range(_LONGEST_WAY):
            if not isinstance(value, Mapping) or not isinstance(value.get("$ref"), str):
                return value
            value = self.find(value["$ref"], place)
        raise ConfigurationError("a circle of references", source=self.source, key=place)

    def find(self, reference: str, place: str) -> Any:
        """The target of a reference ``#/…``. Raises :class:`ConfigurationError`."""
        if not reference.startswith("#/"):
            raise ConfigurationError(
                "only references within the document (#/...) are supported",
                source=self.source,
                key=f"{place}.$ref",
                value=reference[:200],
            )
        found: Any = self.content
        for name in tokens_of(reference):
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdecimal() and int(name[:9]) < len(found):
                found = found[int(name[:9])]
            else:
                raise ConfigurationError(
                    "leads nowhere", source=self.source, key=f"{place}.$ref", value=reference[:200]
                )
        return found

    def checker(self, schema: Any) -> Checker:
        """The checker of a schema of this document. It is made only once."""
        return self._checker(self._checkers, schema, MOST_AT_ONCE)

    def far_checker(self, schema: Any) -> Checker:
        """The checker of a schema to which another engine leads.

        It follows as few references as possible. So each schema of a document is part of only one
        such engine, however many references lead to it.
        """
        return self._checker(self._far_checkers, schema, 0)

    def _checker(self, known: dict[int, tuple[Any, Checker]], schema: Any, most: int) -> Checker:
        kept = known.get(id(schema))
        if kept is not None:
            return kept[1]
        made = Checker(schema, self, self._running, most)
        known[id(schema)] = schema, made
        return made

    def derived(self, kind: str, of: Any, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """A schema of the given kind that is derived from a part of this document.

        It is made only once.
        """
        kept = self._derived.get((kind, id(of)))
        if kept is None:
            kept = self._derived[kind, id(of)] = of, make()
        return kept[1]

    @cached_property
    def _checkers(self) -> dict[int, tuple[Any, Checker]]:
        return {}  # by the identity of a schema, which is kept so that its identity stays valid

    @cached_property
    def _far_checkers(self) -> dict[int, tuple[Any, Checker]]:
        return {}  # by an identity as well

    @cached_property
    def _derived(self) -> dict[tuple[str, int], tuple[Any, dict[str, Any]]]:
        return {}  # by an identity as well

    @cached_property
    def views(self) -> dict[str, Document]:
        """The document in one direction, as ``directions.py`` makes it."""
        return {}

    @cached_property
    def _running(self) -> threading.local:
        """The budget of the check that a thread is running."""
        return threading.local()


def mapping(value: object, source: Path, place: str) -> Mapping[str, Any]:
    """The value, if it is a mapping. Raises :class:`ConfigurationError` otherwise."""
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            "missing" if value is None else "not a mapping", source=source, key=place
        )
    return value
