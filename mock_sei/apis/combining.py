"""Combines all schemas that one value must fit: ``$ref``, ``allOf``, alternatives and conditions.

Several schemas can apply to one value: those of ``allOf``, the target of a ``$ref`` and its
neighbours, the chosen alternative of ``oneOf`` or ``anyOf``, ``if`` with ``then``. A value that is
made for one of them may not fit the others, so their keywords are combined first. The schemas of
members and items stay separate, as a tuple of parts. They are combined when a member or an item is
made. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mock_sei.apis.discriminators import mapping_of, property_of
from mock_sei.apis.patterns import Budget
from mock_sei.apis.plain import Parts, Plain, put_together
from mock_sei.apis.references import Document

_MOST_PARTS = 500
"""The most schemas that are combined for one value."""
_MOST_CHOICES = 30
"""The most alternatives that are chosen for one value."""


def ways(parts: Parts, document: Document, budget: Budget | None = None) -> Iterator[Plain]:
    """One plain schema for each choice of alternatives, in the order of the document.

    Contradictory ones come last, so that there is always at least one. ``budget`` limits the time
    for patterns.
    """
    hopeless: list[Plain] = []
    plain = Plain(budget=budget or Budget())
    for each in _Expansion(document).ways(plain, list(parts), [], frozenset()):
        if each.is_possible:
            yield each
        elif not hopeless:
            hopeless.append(each)
    yield from hopeless


_Group = Sequence[Sequence[Any]]
"""A group of alternatives. Each alternative is a sequence of schemas."""


class _Expansion:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = _MOST_PARTS

    def ways(
        self,
        plain: Plain,
        waiting: list[Any],
        groups: list[_Group],
        seen: frozenset[int],
        depth: int = 0,
    ) -> Iterator[Plain]:
        waiting, groups = list(waiting), list(groups)
        while waiting and self._left > 0:
            schema = waiting.pop(0)
            self._left -= 1
            if schema is False:
                plain = replace(plain, is_possible=False)
            if not isinstance(schema, Mapping) or id(schema) in seen:
                continue
            seen |= {id(schema)}
            if _DISCRIMINATED in schema:
                plain = replace(plain, objects=(*plain.objects, schema[_DISCRIMINATED]))
                continue
            plain = put_together(plain, schema)
            inner = list(schema.get("allOf") or ())
            if isinstance(schema.get("$ref"), str):
                inner.insert(0, self._document.find(schema["$ref"], "$ref"))
            waiting = [*inner, *waiting]
            groups += self._groups(schema, plain, seen)
        if not groups or not plain.is_possible or self._left <= 0 or depth == _MOST_CHOICES:
            yield plain
            return
        for chosen in groups[0]:
            yield from self.ways(plain, list(chosen), groups[1:], seen, depth + 1)

    def _groups(
        self, schema: Mapping[str, Any], plain: Plain, seen: frozenset[int]
    ) -> Iterator[_Group]:
        name, mapping = property_of(schema), mapping_of(schema)
        for key in ("oneOf", "anyOf"):
            alternatives = schema.get(key)
            if alternatives:
                group = [
                    [*_discriminated(name, _name_of(each, mapping)), each] for each in alternatives
                ]
                yield group + (self._exclusive(group, alternatives) if key == "oneOf" else [])
        if name and not schema.get("oneOf") and not schema.get("anyOf"):
            yield self._subtypes(name, mapping, seen)
        if "if" in schema:
            condition = schema["if"]
            yield [[condition, schema.get("then", True)], [schema.get("else", True)]]
        for member, each in (schema.get("dependentSchemas") or {}).items():
            present, absent = [each, {"required": [member]}], [{"properties": {member: False}}]
            known = member in plain.members or member in plain.required
            yield [present, absent] if known else [absent, present]

    def _exclusive(
        self, group: Sequence[Sequence[Any]], alternatives: Sequence[Any]
    ) -> list[list[Any]]:
        """Each alternative, with schemas that keep the value out of all other alternatives."""
        if len(alternatives) > _MOST_EXCLUDED:
            return []
        members = [self._members(each) for each in alternatives]
        return [
            [
                *each,
                *(_outside(one, members[index]) for at, one in enumerate(members) if at != index),
            ]
            for index, each in enumerate(group)
        ]

    def _members(self, schema: Any) -> Mapping[str, Any]:
        """The members that a schema describes, also by its ``allOf``.

        If it describes none, the result has the names that it requires, each with the schema True.
        """
        found: dict[str, Any] = {}
        required: dict[str, Any] = {}
        waiting, seen = [schema], set[int]()
        while waiting and len(seen) < _MOST_EXCLUDED:
            each = self._document.follow(waiting.pop(0), "oneOf")
            if isinstance(each, Mapping) and id(each) not in seen:
                seen.add(id(each))
                found = {**(each.get("properties") or {}), **found}
                required |= dict.fromkeys(each.get("required") or (), True)
                waiting += each.get("allOf") or ()
        return found or required

    def _subtypes(
        self, name: str, mapping: Mapping[str, Any], seen: frozenset[int]
    ) -> list[list[Any]]:
        """The subtypes in a base type's mapping.

        If one of them is already being made, only the lowest such type.
        """
        types = {
            value: self._document.find(reference, "discriminator.mapping")
            for value, reference in mapping.items()
            if isinstance(reference, str) and reference.startswith("#/")
        }
        made = [value for value, each in types.items() if id(each) in seen]
        if made:  # of a type and its subtypes, only the lowest one
            lowest = next(
                (
                    one
                    for one in made
                    if not any(self._is_below(types[other], types[one]) for other in made)
                ),
                made[0],
            )
            return [list(_discriminated(name, lowest))]
        return [[*_discriminated(name, value), each] for value, each in types.items()] or [[]]

    def _is_below(self, schema: Any, other: Any) -> bool:
        """Whether a schema includes another one by ``allOf``, directly or indirectly."""
        waiting, seen = [schema], set[int]()
        while waiting and len(seen) < _MOST_EXCLUDED:
            each = waiting.pop()
            if not isinstance(each, Mapping) or id(each) in seen:
                continue
            seen.add(id(each))
            inner = [self._document.follow(one, "allOf") for one in each.get("allOf") or ()]
            if any(one is other for one in inner):
                return True
            waiting += inner
        return False


_MOST_EXCLUDED = 10
"""The most alternatives from which a value is kept out, and the most parts of one that are looked
at for it."""


def _outside(members: Mapping[str, Any], beside: Mapping[str, Any]) -> Any:
    """A schema for objects that do not fit another schema with these members.

    True if it has no members. A member that the schema ``beside`` does not describe is preferred to
    exclude the other schema.
    """
    names = sorted(members, key=lambda name: name in beside)
    if not names:
        return True
    name = names[0]
    if members[name] is True:
        return {"properties": {name: False}}
    return {"required": [name], "properties": {name: {"not": members[name]}}}


_DISCRIMINATED = "x-mock-sei-discriminated"
"""A key of our own: its schema sets the discriminator's member to the value that names the type."""


def _discriminated(name: str | None, value: Any) -> Iterator[Any]:
    if name is not None and value is not None:
        yield {_DISCRIMINATED: {"properties": {name: {"example": value}}}}


def _name_of(alternative: Any, mapping: Mapping[str, Any]) -> str | None:
    """The name of an alternative, by the mapping or by the last part of its reference.

    Source: OpenAPI 3.1.1 section 4.8.25.
    """
    reference = alternative.get("$ref") if isinstance(alternative, Mapping) else None
    if not isinstance(reference, str):
        return None
    short = reference.rpartition("/")[2]
    return next((name for name, each in mapping.items() if each in (reference, short)), short)
