"""The scripted answers that wait, in the order in which calls get them.

An answer for a number of calls comes before one that stays until it is removed. Of the first the
oldest is given, of the others the newest: so a default is set once, and exceptions afterwards.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from mock_sei.faults.answers import ScriptedAnswer
from mock_sei.matching.targets import Caller, CallTarget
from mock_sei.matching.waiting import Waiting
from mock_sei.values.sendable import shown

Condition = tuple[str, str | None]
"""A state and the value that an answer asks for."""


@dataclass(kw_only=True)
class QueuedAnswer:
    """A scripted answer of a platform, with its identifier and how often it was given."""

    identifier: int
    answer: ScriptedAnswer
    used: int = 0
    condition: Condition | None = field(default=None, repr=False)
    """The state that it is filed under."""

    @property
    def is_over(self) -> bool:
        """True if no further call gets it."""
        return self.answer.times is not None and self.used >= self.answer.times

    @property
    def is_used(self) -> bool:
        """True if calls got it as often as it says; until it is removed: at least once."""
        return self.used >= (self.answer.times or 1)

    def __str__(self) -> str:
        """The answer, as a failing test shows it."""
        answer = self.answer
        return use_of(answer.target, answer.when, answer.then, used=self.used, times=answer.times)


def use_of(
    target: CallTarget,
    when: Mapping[str, str | None],
    then: Mapping[str, str | None],
    *,
    used: int,
    times: int | None,
) -> str:
    """Which calls get an answer, and how often it was given, for a message."""
    states = "".join(
        f", {name} {shown(dict(each))}" for name, each in (("when", when), ("then", then)) if each
    )
    often = f"used {used} of {times} times" if times else f"used {used} times"
    return f"{target}{states}: {often if used or times else 'never used'}"


class AnswerQueues:
    """The answers that wait. It has no lock: its owner must use one.

    They are filed by one state that they ask for, so that a call never meets those for other
    values of it.
    """

    def __init__(self) -> None:
        self._all: Waiting[QueuedAnswer] = Waiting()
        self._queues: dict[bool, dict[Condition | None, Waiting[QueuedAnswer]]] = {
            False: {},
            True: {},
        }
        """By whether the answers stay until they are removed, then by a state."""
        self._names: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
        """The names of these states, with how many values each has."""

    def add(self, queued: QueuedAnswer) -> None:
        """Adds an answer. Its identifier must be greater than those of all earlier answers."""
        stays = queued.answer.times is None
        queues = self._queues[stays]
        queued.condition = min(
            queued.answer.when.items(),
            key=lambda condition: len(queues.get(condition, ())),
            default=None,
        )
        if queued.condition not in queues:
            queues[queued.condition] = Waiting()
            if queued.condition is not None:
                self._names[stays][queued.condition[0]] += 1
        target = queued.answer.target
        for queue in (queues[queued.condition], self._all):
            queue.add(queued.identifier, target, queued)

    def remove(self, queued: QueuedAnswer) -> None:
        """Removes an answer that was added."""
        stays = queued.answer.times is None
        queues = self._queues[stays]
        target = queued.answer.target
        for queue in (queues[queued.condition], self._all):
            queue.remove(queued.identifier, target)
        if queues[queued.condition]:
            return
        del queues[queued.condition]
        if queued.condition is not None:
            names, name = self._names[stays], queued.condition[0]
            names[name] -= 1
            if not names[name]:
                del names[name]

    def need_body(self, operation: str) -> bool:
        """Whether the body of a call decides which answer it gets."""
        return self._all.need_body(operation)

    def of_applications(self, names: Iterable[str]) -> list[QueuedAnswer]:
        """The answers that are only for an application with one of these names."""
        return self._all.of_applications(names)

    def fitting(self, caller: Caller, states: Mapping[str, str]) -> Iterator[QueuedAnswer]:
        """The answers for a call, in their order. They must not change during the iteration."""
        for stays in (False, True):
            queues = self._queues[stays]
            conditions = [None, *((name, states.get(name)) for name in self._names[stays])]
            found = [
                queues[each].fitting(caller, newest_first=stays)
                for each in conditions
                if each in queues
            ]
            ordered = heapq.merge(*found, key=attrgetter("identifier"), reverse=stays)
            yield from (each for each in ordered if each.answer.is_for(states))
