"""Against how many schemas one value is held: too many are refused, one within itself is cut.

References within ``allOf``, ``anyOf``, ``oneOf`` and the like lead to schemas of the same value. A
few of them, each twice in the next, make more of them than anybody can check.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

MOST_WAYS = 10_000
"""Schemas that one value is held against, by references within allOf, anyOf, oneOf and the like."""


class Ways:
    """Counts the schemas of one document, each once."""

    def __init__(self, found: Callable[[str], Any], holders: Set[int]) -> None:
        """``found`` is what a reference leads to, ``holders`` the identities of what has one."""
        self._found = found
        self._holders = holders
        self._known: dict[int, int] = {}
        self._over: set[int] = set()
        """Schemas that lead to one that was refused; they are not refused again."""
        self.too_many: list[tuple[dict[str, Any], str]] = []
        """What was refused, with the reference that was taken away."""
        self.within_itself: list[dict[str, Any]] = []
        """Whose reference was taken away, since the schema contains itself at once."""

    def count(self, schema: Any) -> None:
        """From the innermost schema outwards, so that the first one that is too much is refused."""
        known = self._known
        waiting: list[tuple[Any, str, Any, bool]] = [(schema, "", None, False)]
        while waiting:
            each, keyword, holder, is_done = waiting.pop()
            if is_done:
                self._sum_up(each, [one for _, one in self._beside(each)])
            elif id(each) not in known:
                known[id(each)] = 0  # while it is looked at
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
        """Takes away the first reference among some schemas."""
        holder = next((each for each in schemas if id(each) in self._holders), None)
        if holder is None or "$ref" not in holder:
            return False
        self.too_many.append((holder, holder.pop("$ref")))
        return True

    def _cut(self, holder: dict[str, Any], keyword: str) -> None:
        if holder.pop("$ref", None) is None:
            return
        if keyword in ("anyOf", "oneOf"):  # as an alternative to itself it adds none
            holder["not"] = {}
        self.within_itself.append(holder)

    def _beside(self, schema: Any) -> list[tuple[str, Any]]:
        """Schemas that a value of a schema must fit too, or may, each with its keyword."""
        if not isinstance(schema, dict):
            return []
        found = [("$ref", self._found(schema["$ref"]))] if "$ref" in schema else []
        found += [(key, schema[key]) for key in ("not", "if", "then", "else") if key in schema]
        for key in ("allOf", "anyOf", "oneOf"):
            found += [(key, each) for each in schema.get(key, ())]
        dependent = schema.get("dependentSchemas") or {}
        return found + [("dependentSchemas", each) for each in dependent.values()]
