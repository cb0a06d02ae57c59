"""Differences of two shapes, which are all that is compared of an answer with records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mock_sei.comparison.differences import AnswerDifference, DifferenceKind
from mock_sei.recordings.shapes import OTHER_NAMES, Shape

_NULL = frozenset({"null"})
_NUMBERS = frozenset({"integer", "number"})
PAGING = "/paging"
"""The place of the object that leads to other pages."""


def type_of(value: Any) -> str:
    """The JSON type of a value; whole numbers and others are one type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def differ_shapes(theirs: Shape, ours: Shape, where: str) -> Iterator[AnswerDifference]:
    """Members and types that differ. Null may stand for every value, and no record is none."""
    first, second = _types(theirs), _types(ours)
    if first and second and not first & second:
        yield AnswerDifference(
            kind=DifferenceKind.TYPE,
            where=where,
            theirs=" or ".join(sorted(theirs.types)),
            ours=" or ".join(sorted(ours.types)),
        )
        return
    if "object" in first and "object" in second:
        yield from _differ_members(theirs, ours, where)
    if theirs.items is not None and ours.items is not None:
        yield from differ_shapes(theirs.items, ours.items, f"{where}/*")
    if theirs.values and ours.values and "*" not in where and not theirs.values & ours.values:
        yield AnswerDifference(
            kind=DifferenceKind.VALUE,
            where=where,
            theirs=" or ".join(sorted(theirs.values)),
            ours=" or ".join(sorted(ours.values)),
        )


def _differ_members(theirs: Shape, ours: Shape, where: str) -> Iterator[AnswerDifference]:
    if OTHER_NAMES in theirs.members or OTHER_NAMES in ours.members:
        return  # names are data here
    in_paging = where == PAGING
    for name, inner in theirs.members.items():
        other = ours.members.get(name)
        if other is not None:
            yield from differ_shapes(inner, other, f"{where}/{name}")
        elif in_paging or _types(inner):
            yield AnswerDifference(
                kind=DifferenceKind.ADDED,
                where=f"{where}/{name}",
                theirs=" or ".join(sorted(inner.types)),
            )
    for name, inner in ours.members.items():
        is_always = name not in ours.optional and (in_paging or _types(inner))
        if name not in theirs.members and is_always:
            yield AnswerDifference(
                kind=DifferenceKind.MISSING,
                where=f"{where}/{name}",
                ours=" or ".join(sorted(inner.types)),
            )


def _types(shape: Shape) -> frozenset[str]:
    types = shape.types - _NULL
    return types | _NUMBERS if types & _NUMBERS else types
