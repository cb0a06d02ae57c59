"""Items that wait for a call: faults and scripted answers. A call finds the oldest that fits it.

The event loop searches at each call, so the cost must not grow with items for other calls. The
items are stored by operation, and then by application and listener.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Generic, TypeVar

from mock_sei.matching.targets import Caller, CallTarget, OperationPatterns
from mock_sei.rules.standards import Listener

Item = TypeVar("Item")

_Whose = tuple[str | None, Listener | None]


class Waiting(Generic[Item]):
    """Waiting items, by the calls that they are for. An older item has a smaller number.

    It has no lock: its owner must use one.
    """

    def __init__(self) -> None:
        self._patterns = OperationPatterns()
        self._queues: dict[str | None, dict[_Whose, OrderedDict[int, Item]]] = {}
        """The items by operation (None for any), then by application and listener, in order."""
        self._by_application: dict[str, dict[int, Item]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, number: int, target: CallTarget, item: Item) -> None:
        """Adds an item. ``number`` must be greater than the numbers of all earlier items."""
        if target.operation is not None:
            self._patterns.add(target.operation)
        queues = self._queues.setdefault(target.operation, {})
        queues.setdefault((target.application, target.listener), OrderedDict())[number] = item
        if target.application is not None:
            self._by_application.setdefault(target.application, {})[number] = item
        self._size += 1

    def remove(self, number: int, target: CallTarget) -> None:
        """Removes the item with this number and target."""
        whose = (target.application, target.listener)
        queues = self._queues[target.operation]
        del queues[whose][number]
        self._size -= 1
        if target.application is not None:
            del self._by_application[target.application][number]
            if not self._by_application[target.application]:
                del self._by_application[target.application]
        if not queues[whose]:
            del queues[whose]
        if not queues:
            del self._queues[target.operation]
            if target.operation is not None:
                self._patterns.remove(target.operation)

    def of_applications(self, names: Iterable[str]) -> list[Item]:
        """The items that are only for an application with one of these names."""
        return [each for name in names for each in self._by_application.get(name, {}).values()]

    def fitting(self, caller: Caller) -> Iterator[Item]:
        """The items for a call, the oldest first. The items must not change during the
        iteration."""
        whose = [
            (application, listener)
            for application in (None, *caller.names)
            for listener in (None, caller.listener)
        ]
        operations = [*self._patterns.matching(caller.operation), None]
        found = [
            queue.items()
            for queues in filter(None, map(self._queues.get, operations))
            for queue in filter(None, map(queues.get, whose))
        ]
        ordered = found[0] if len(found) == 1 else heapq.merge(*found, key=itemgetter(0))
        return (item for _, item in ordered)
