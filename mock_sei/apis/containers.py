"""Makes objects and arrays that fit a plain schema: it decides which members and items there are.

A :class:`Maker` makes the values of the members and items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from mock_sei.apis.plain import Parts, Plain, identity
from mock_sei.apis.texts import texts_for

DEEPEST = 3
"""Below this level optional members are left out, so that the value of a wide schema stays
small."""
MOST_VALUES = 60
"""How many texts, numbers or items are tried for one schema."""
MOST_PARTS = 20_000
"""The most members and items of one value in total. Each level deeper may have a fifth of it."""
_MOST_PARTS_OF_ANY = 200
"""How many parts a value may have at any depth, so that it can have the members that its schema
requires."""

ANY: Mapping[str, Any] = {}
_TEXT = {"type": "string"}
"""The schema of a member about which nothing is known."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A value that was made for a schema."""

    value: Any
    size: int = 1
    """How many parts the value has."""
    is_whole: bool = True
    """False if a required part could not be made."""


class Maker(Protocol):
    """Makes the values inside a value."""

    @property
    def has_time(self) -> bool:
        """Whether there is time left for alternatives and for optional members."""

    @property
    def is_over(self) -> bool:
        """Whether the time has run out, so that nothing more may be made."""

    def made(self, parts: Parts, depth: int, number: int = 0) -> Made:
        """A value for some schemas.

        Different numbers give different values, as far as the schemas allow.
        """


def _most_parts(depth: int) -> int:
    share: int = MOST_PARTS // 5**depth
    return max(share, _MOST_PARTS_OF_ANY)


def objects(maker: Maker, plain: Plain, depth: int, number: int, is_sparse: bool) -> Iterator[Made]:
    """Objects for a schema, first with the optional members.

    If a check may refuse these, objects without optional members follow, then other values.
    """
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
        if not _may_add(plain, name, members):
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
    """The names of required members, with the names that these require in turn."""
    found: dict[str, None] = {}
    waiting = list(plain.required)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting += plain.demands.get(name, ())
    return found


def _may_add(plain: Plain, name: str, members: Mapping[str, Any]) -> bool:
    """Whether an optional member may be added: all members that it requires are there."""
    return all(each in members for each in plain.demands.get(name, ()) if each != name)


def _parts_of(plain: Plain, name: str) -> Parts:
    parts = plain.member(name)
    return parts if any(each is not True and each != ANY for each in parts) else (_TEXT,)


def _further_names(plain: Plain, least: int) -> Iterator[str]:
    """Names for members that no schema lists by name."""
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
    """Arrays for a schema. If a check may refuse the first one, others follow."""
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
            more = min(count - len(values), left // made.size)  # all further items are equal
            values += [made.value] * more
            left -= more * made.size
    return Made(
        value=values,
        size=_most_parts(depth) - left + 1,
        is_whole=least <= len(values) <= most and not contained,
    )


def _has_most(schema: Mapping[str, Any]) -> bool:
    """Whether a schema limits how many items may fit its ``contains``."""
    return "contains" in schema and "maxContains" in schema


def _contained(schema: Mapping[str, Any]) -> list[Any]:
    if "contains" not in schema:
        return []
    return [schema["contains"]] * min(schema.get("minContains", 1), _MOST_PARTS_OF_ANY)
