"""The records behind the functional APIs, by collection; one set for the life of a state.

Records and the tuples that hold them are never changed in place: a seed can be shared, and whoever
reads is never disturbed by who writes.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

Record = Mapping[str, Any]

_REMEMBERED = 64
"""Selections and pages that are kept: a walk asks for the same selection again and again."""

Made = TypeVar("Made")


def order_of(value: object) -> tuple[int, Any]:
    """Numbers before texts before the rest, so that any two values can be put in order."""
    if isinstance(value, int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, str(value))


def find_value(record: Record, field: str) -> Any:
    """The value of a field, a dot leading into a member; None where there is none.

    Of a list of members, the list of the values that are there.
    """
    if "." not in field:
        return record.get(field)
    value: Any = record
    for part in field.split("."):
        value = _member(value, part)
    return value


def _member(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [each[name] for each in value if isinstance(each, Mapping) and name in each]
    return value.get(name) if isinstance(value, Mapping) else None


class Collections:
    """Named sequences of records."""

    def __init__(self, seed: Mapping[str, Sequence[Record]]) -> None:
        self._lock = threading.Lock()
        self._seed = seed
        self._records: dict[str, tuple[Record, ...]] = {}
        """What a collection holds since it was changed; before, it holds its seed."""
        self._versions: dict[str, int] = {}
        self._made: OrderedDict[Hashable, object] = OrderedDict()

    @property
    def names(self) -> list[str]:
        return sorted({*self._seed, *self._records})

    def all(self, name: str) -> tuple[Record, ...]:
        """As they were put in."""
        changed = self._records.get(name)
        return tuple(self._seed.get(name, ())) if changed is None else changed

    def find(self, name: str, key: str, value: object) -> Record | None:
        """The record whose key has this value, compared as text: a path has no numbers."""
        return next(iter(self.find_all(name, key, value)), None)

    def find_all(self, name: str, key: str, value: object) -> list[Record]:
        """The same where a key alone does not identify a record."""
        return _with(self.all(name), key, value)

    def add(self, name: str, records: Iterable[Record]) -> None:
        self.change(name, lambda before: (*before, *records))

    def add_new(self, name: str, key: str, record: Record) -> bool:
        """Adds a record unless one with its key is there; says whether."""
        with self._lock:
            before = self.all(name)
            if _with(before, key, record.get(key)):
                return False
            self._set(name, (*before, record))
            return True

    def change(
        self, name: str, changed: Callable[[tuple[Record, ...]], tuple[Record, ...]]
    ) -> None:
        """Puts other records in their place; nobody writes meanwhile, and what it raises passes."""
        with self._lock:
            self._set(name, changed(self.all(name)))

    def next_value(self, name: str, member: str) -> int | str:
        """A number one above the greatest that a member has: 7 after 6, ``T-007`` after ``T-006``.

        1 where no record has one.
        """
        found = [_counted(each.get(member)) for each in self.all(name)]
        before, digits = max(
            (each for each in found if each), key=lambda each: int(each[1]), default=("", "")
        )
        if before is None:
            return int(digits) + 1
        return f"{before}{int(digits) + 1:0{len(digits)}}" if digits else 1

    def replace(self, name: str, old: Record, new: Record | None) -> bool:
        """Puts one record in another's place, or takes it out; False where it is gone already."""
        with self._lock:
            before = self.all(name)
            if not any(each is old for each in before):
                return False
            after = (new if each is old else each for each in before)
            self._set(name, tuple(each for each in after if each is not None))
            return True

    def _set(self, name: str, records: tuple[Record, ...]) -> None:
        self._records[name] = records
        self._versions[name] = self._versions.get(name, 0) + 1

    def select(
        self,
        name: str,
        order: str,
        wanted: Hashable,
        choose: Callable[[Sequence[Record]], Sequence[Record]],
    ) -> Sequence[Record]:
        """The records ``choose`` picks from all in the order of a field.

        ``wanted`` stands for what ``choose`` does: the same again is answered from memory while the
        collection has not changed.
        """
        return self.remember(name, (order, wanted), lambda all_: choose(ordered(all_, order)))

    def remember(
        self, name: str, wanted: Hashable, make: Callable[[Sequence[Record]], Made]
    ) -> Made:
        """What ``make`` makes of all records, likewise."""
        with self._lock:
            records = self.all(name)
            memo = (name, self._versions.get(name, 0), wanted)
            found = self._made.get(memo)
            if found is not None:
                self._made.move_to_end(memo)
                return cast("Made", found)
        made = make(records)
        with self._lock:
            self._made[memo] = made
            while len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        return made


def _with(records: Sequence[Record], key: str, value: object) -> list[Record]:
    wanted = str(value)
    return [each for each in records if key in each and str(each[key]) == wanted]


def ordered(records: Sequence[Record], field: str) -> list[Record]:
    """By the value of a field; those without one last."""
    return sorted(records, key=lambda each: order_of(find_value(each, field)))


_NUMBER = re.compile(r"(.*?)([0-9]{1,15})", re.DOTALL)


def _counted(value: object) -> tuple[str | None, str] | None:
    """The text before a number and its digits; None for the text where the value is a number."""
    if isinstance(value, int) and value >= 0 and not isinstance(value, bool):
        return None, str(value)
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    return None if match is None else (match[1], match[2])
