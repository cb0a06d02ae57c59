"""Items that wait for a call: faults and scripted answers. A call finds the oldest that fits it.

The event loop searches at each call, so the cost must not grow with items for other calls. The
items are stored by operation, and then by application, listener and one thing that each request has
that fits: thousands of items for one operation, each for another query, cost as much as one.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Generic, TypeVar

from mock_sei.matching.sent import Key
from mock_sei.matching.targets import Caller, CallTarget, OperationPatterns
from mock_sei.rules.standards import Listener

Item = TypeVar("Item")

_Place = tuple[str | None, Listener | None, Key | None]
"""Application, listener, and what each request has that fits; None for any."""


class Waiting(Generic[Item]):
    """Waiting items, by the calls that they are for. An older item has a smaller number.

    It has no lock: its owner must use one.
    """

    def __init__(self) -> None:
        self._patterns = OperationPatterns()
        self._queues: dict[str | None, dict[_Place, OrderedDict[int, tuple[CallTarget, Item]]]] = {}
        """The items by operation (None for any), then by place, in order."""
        self._keyed: Counter[str] = Counter()
        """How many items have a key, by the part of the request that it is of."""
        self._need_body: Counter[str | None] = Counter()
        """How many items are compared with the body, by operation."""
        self._by_application: dict[str, dict[int, Item]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, number: int, target: CallTarget, item: Item) -> None:
        """Adds an item. ``number`` must be greater than the numbers of all earlier items."""
        if target.operation is not None:
            self._patterns.add(target.operation)
        queues = self._queues.setdefault(target.operation, {})
        queues.setdefault(_place(target), OrderedDict())[number] = (target, item)
        if target.application is not None:
            self._by_application.setdefault(target.application, {})[number] = item
        self._count(target, 1)

    def remove(self, number: int, target: CallTarget) -> None:
        """Removes the item with this number and target."""
        place = _place(target)
        queues = self._queues[target.operation]
        del queues[place][number]
        self._count(target, -1)
        if target.application is not None:
            del self._by_application[target.application][number]
            if not self._by_application[target.application]:
                del self._by_application[target.application]
        if not queues[place]:
            del queues[place]
        if not queues:
            del self._queues[target.operation]
            if target.operation is not None:
                self._patterns.remove(target.operation)

    def _count(self, target: CallTarget, difference: int) -> None:
        self._size += difference
        key = target.parts.key
        if key is not None:
            self._keyed[key[0]] += difference
        if target.parts.need_body:
            self._need_body[target.operation] += difference
            if not self._need_body[target.operation]:
                del self._need_body[target.operation]

    def need_body(self, operation: str) -> bool:
        """Whether the body of a call decides which items are for it."""
        counts = self._need_body
        return bool(counts) and any(
            each in counts for each in (*self._patterns.matching(operation), None)
        )

    def of_applications(self, names: Iterable[str]) -> list[Item]:
        """The items that are only for an application with one of these names."""
        return [each for name in names for each in self._by_application.get(name, {}).values()]

    def fitting(self, caller: Caller, *, newest_first: bool = False) -> Iterator[Item]:
        """The items for a call, the oldest first, or the newest. The items must not change during
        the iteration."""
        keys: list[Key | None] = [None]
        for part, count in self._keyed.items():
            if count:
                keys += set(caller.sent.keys(part))
        places = [
            (application, listener, key)
            for key in keys
            for application in (None, *caller.names)
            for listener in (None, caller.listener)
        ]
        operations = [*self._patterns.matching(caller.operation), None]
        found: list[Iterable[tuple[int, tuple[CallTarget, Item]]]] = [
            reversed(queue.items()) if newest_first else queue.items()
            for queues in filter(None, map(self._queues.get, operations))
            for queue in filter(None, map(queues.get, places))
        ]
        ordered = (
            found[0]
            if len(found) == 1
            else heapq.merge(*found, key=itemgetter(0), reverse=newest_first)
        )
        return (item for _, (target, item) in ordered if target.parts.fits(caller.sent))


def _place(target: CallTarget) -> _Place:
    return target.application, target.listener, target.parts.key
