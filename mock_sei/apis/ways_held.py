"""Limits how many schemas check one value: too many are refused, and endless recursion is cut.

References in ``allOf``, ``anyOf``, ``oneOf`` and similar keywords lead to schemas for the same
value. A few schemas that each refer twice to the next one cause more checks than any machine can
do.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

MOST_WAYS = 10_000
"""The most schemas that check one value, by references in allOf, anyOf, oneOf and similar
keywords."""


class Ways:
    """Counts the schemas that check one value. Each schema of a document is counted once."""

    def __init__(self, found: Callable[[str], Any], holders: Set[int]) -> None:
        """``found`` returns the target of a reference.

        ``holders`` are the identities of objects with a ``$ref``.
        """
        self._found = found
        self._holders = holders
        self._known: dict[int, int] = {}
        self._over: set[int] = set()
        """Schemas that lead to a refused schema. They are not refused again."""
        self.too_many: list[tuple[dict[str, Any], str]] = []
        """The refused objects, each with the reference that was removed from it."""
        self.within_itself: list[dict[str, Any]] = []
        """The objects whose reference was removed because the schema contains itself directly."""

    def count(self, schema: Any) -> None:
        """Counts from the innermost schema outwards, so that the first one above the limit is
        refused."""
        known = self._known
        waiting: list[tuple[Any, str, Any, bool]] = [(schema, "", None, False)]
        while waiting:
            each, keyword, holder, is_done = waiting.pop()
            if is_done:
                self._sum_up(each, [one for _, one in self._beside(each)])
            elif id(each) not in known:
                known[id(each)] = 0  # being counted
                waiting.append((each, keyword, holder, True))
                waiting += [
                    (one, keyword if of == "$ref" else of, each, False)
                    for of, one in self._beside(each)
                ]
            elif known[id(each)] == 0 and holder is not None:
                self._cut(holder, keyword)

    def _sum_up(self, schema: Any, inner: list[Any]) -> None:
        ways = 1 + sum(self._known.get(id(each), 1) for each in inner)
        leads_there = not self._over.isdisjoint(map(id, inner))
        if leads_there or (ways > MOST_WAYS and self._is_refused([schema, *inner])):
            self._over.add(id(schema))
            ways = 1
        self._known[id(schema)] = ways

    def _is_refused(self, schemas: list[Any]) -> bool:
        """Removes the first reference in one of these schemas. Returns False if there is none."""
        holder = next((each for each in schemas if id(each) in self._holders), None)
        if holder is None or "$ref" not in holder:
            return False
        self.too_many.append((holder, holder.pop("$ref")))
        return True

    def _cut(self, holder: dict[str, Any], keyword: str) -> None:
        if holder.pop("$ref", None) is None:
            return
        # The schema as an alternative to itself allows nothing new.
        if keyword in ("anyOf", "oneOf"):
            holder["not"] = {}
        self.within_itself.append(holder)

    def _beside(self, schema: Any) -> list[tuple[str, Any]]:
        """Schemas that the same value must fit or may fit, each with its keyword."""
        if not isinstance(schema, dict):
            return []
        found = [("$ref", self._found(schema["$ref"]))] if "$ref" in schema else []
        found += [(key, schema[key]) for key in ("not", "if", "then", "else") if key in schema]
        for key in ("allOf", "anyOf", "oneOf"):
            found += [(key, each) for each in schema.get(key, ())]
        dependent = schema.get("dependentSchemas") or {}
        return found + [("dependentSchemas", each) for each in dependent.values()]
