"""Objects and arrays that fit a plain schema: which members and items there are, and how many.

The values of members and items come from a :class:`Maker`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from mock_sei.apis.plain import Parts, Plain, identity
from mock_sei.apis.texts import texts_for

DEEPEST = 3
"""Levels after which optional members are left out, so that a wide schema stays small."""
MOST_VALUES = 60
"""Values of a text, a number or an item that are tried for one schema."""
MOST_PARTS = 20_000
"""Members and items of one value, all in all; deeper ones may have a fifth for each level."""
_MOST_PARTS_OF_ANY = 200
"""Parts that a value may have however deep it stands: the members that a schema requires."""

ANY: Mapping[str, Any] = {}
_TEXT = {"type": "string"}
"""What a member gets of which nothing is known."""


@dataclass(frozen=True, kw_only=True)
class Made:
    value: Any
    size: int = 1
    """The number of its parts."""
    is_whole: bool = True
    """False where something that is required could not be made."""


class Maker(Protocol):
    """What makes the values within a value."""

    @property
    def has_time(self) -> bool:
        """Whether there may still be a choice, and members that nobody requires."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more may be made."""

    def made(self, parts: Parts, depth: int, number: int = 0) -> Made:
        """The value of some schemas; another one for each number, where there are so many."""


def _most_parts(depth: int) -> int:
    share: int = MOST_PARTS // 5**depth
    return max(share, _MOST_PARTS_OF_ANY)


def objects(maker: Maker, plain: Plain, depth: int, number: int, is_sparse: bool) -> Iterator[Made]:
    """With the optional members; where a check may refuse that, without them as well."""
    yield _object(maker, plain, depth, number, is_sparse=is_sparse)
    if plain.checked:
        if not is_sparse:
            yield _object(maker, plain, depth, number, is_sparse=True)
        for another in range(number + 1, number + 4):
            yield _object(maker, plain, depth, another, is_sparse=is_sparse)


def _object(maker: Maker, plain: Plain, depth: int, number: int, *, is_sparse: bool) -> Made:
    required = _required(plain)
    least = plain.counts.get("minProperties", 0)
    most = plain.counts.get("maxProperties", MOST_PARTS)
    left = _most_parts(depth)
    optional = [each for each in plain.members if each not in required]
    members: dict[str, Any] = {}
    is_whole = True
    for name in required:
        made = maker.made(_parts_of(plain, name), depth + 1, 0 if members else number)
        members[name] = made.value
        is_whole = is_whole and made.is_whole
        left -= made.size
        if left < 0 or maker.is_over:
            is_whole = False
            break
    takes_all = depth < DEEPEST and not is_sparse and maker.has_time
    for name in chain(optional, _further_names(plain, least)):
        is_wanted = len(members) < least or (takes_all and name in plain.members)
        if len(members) >= most or left < 0 or not is_wanted or maker.is_over:
            break
        parts = plain.member(name)
        if not _goes_on(plain, name, members):
            continue
        made = maker.made(parts, depth + 1, 0 if members else number)
        if made.is_whole:
            members[name] = made.value
            left -= made.size
    known = [name for name in plain.members if name in members]
    value = {name: members[name] for name in dict.fromkeys((*known, *members))}
    size = _most_parts(depth) - left + 1
    return Made(value=value, size=size, is_whole=is_whole and least <= len(value) <= most)


def _required(plain: Plain) -> dict[str, None]:
    """The names that must be there, with what those demand."""
    found: dict[str, None] = {}
    waiting = list(plain.required)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting += plain.demands.get(name, ())
    return found


def _goes_on(plain: Plain, name: str, members: Mapping[str, Any]) -> bool:
    """Whether an optional member may be put in: all that it demands is there."""
    return all(each in members for each in plain.demands.get(name, ()) if each != name)


def _parts_of(plain: Plain, name: str) -> Parts:
    parts = plain.member(name)
    return parts if any(each is not True and each != ANY for each in parts) else (_TEXT,)


def _further_names(plain: Plain, least: int) -> Iterator[str]:
    """Names of members that no schema spells out."""
    if not least:
        return
    patterned = chain.from_iterable(each.get("patternProperties") or () for each in plain.objects)
    names = [each["propertyNames"] for each in plain.objects if "propertyNames" in each]
    shaped = [each["pattern"] for each in names if isinstance(each, Mapping) and "pattern" in each]
    listed = chain.from_iterable(
        each.get("enum", ()) for each in names if isinstance(each, Mapping)
    )
    for name in chain(listed, *map(texts_for, chain(shaped, patterned))):
        if isinstance(name, str) and all(plain.matches(each, name) for each in shaped):
            yield name
    for number in range(1, min(least, MOST_PARTS) + 1):
        yield f"member{number}"


def arrays(maker: Maker, plain: Plain, depth: int, number: int, is_sparse: bool) -> Iterator[Made]:
    yield _array(maker, plain, depth, number, is_sparse=is_sparse)
    if plain.checked:
        yield _array(maker, plain, depth, number, is_sparse=not is_sparse)
        yield _array(maker, plain, depth, number + 1, is_sparse=is_sparse)


def _array(maker: Maker, plain: Plain, depth: int, number: int, *, is_sparse: bool) -> Made:
    least = plain.counts.get("minItems", 0)
    most = plain.counts.get("maxItems", MOST_PARTS)
    contained = [part for each in plain.arrays for part in _contained(each)]
    others = [{"not": each["contains"]} for each in plain.arrays if _has_most(each)]
    wanted = 0 if depth >= DEEPEST or is_sparse else 1
    count = min(max(least, min(wanted, most)), MOST_PARTS)
    left = _most_parts(depth)
    values: list[Any] = []
    seen: set[str] = set()
    another = number
    if contained:
        count = max(count, plain.first_items + len(contained))
    while len(values) < count:
        index = len(values)
        parts = plain.item(index)
        is_contained = index >= plain.first_items and bool(contained)
        if is_contained or others:
            parts = (*parts, *(contained[:1] if is_contained else others))
        made = maker.made(parts, depth + 1, another if not values or plain.unique else 0)
        if not made.is_whole:
            if index >= least:
                break
            return Made(value=values or [made.value], is_whole=False)
        left -= made.size
        if plain.unique:
            another += 1
            text = identity(made.value)
            if text in seen:
                if another > number + 2 * count + MOST_VALUES or maker.is_over:
                    break
                continue
            seen.add(text)
        if is_contained:
            contained.pop(0)
        values.append(made.value)
        if left < 0:
            break
        if index >= plain.first_items and not (is_contained or contained or plain.unique):
            more = min(count - len(values), left // made.size)  # all further ones are the same
            values += [made.value] * more
            left -= more * made.size
    return Made(
        value=values,
        size=_most_parts(depth) - left + 1,
        is_whole=least <= len(values) <= most and not contained,
    )


def _has_most(schema: Mapping[str, Any]) -> bool:
    """Whether not all items may be of the kind that a schema must contain."""
    return "contains" in schema and "maxContains" in schema


def _contained(schema: Mapping[str, Any]) -> list[Any]:
    if "contains" not in schema:
        return []
    return [schema["contains"]] * min(schema.get("minContains", 1), _MOST_PARTS_OF_ANY)
