"""Scripted answers: a test says what the next calls of an operation get as their answers.

The gateway still checks the call: a client with the wrong certificate gets no scripted answer. In
strict mode, a functional call without a scripted answer makes the test fail.
"""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_right
from collections import Counter, OrderedDict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from mock_sei.errors import Rejected
from mock_sei.faults.answer_queues import AnswerQueues, QueuedAnswer
from mock_sei.faults.answers import LARGEST_CONTENT, ScriptedAnswer
from mock_sei.faults.random_uuids import RandomUuids
from mock_sei.matching.targets import Caller, names_of
from mock_sei.rules.randomness import make_random
from mock_sei.rules.records import Application
from mock_sei.values.sendable import LONGEST_TEXT

MOST_CONTENT = 4 * LARGEST_CONTENT
"""The largest size of all waiting answers together, in bytes."""
MOST_UNSCRIPTED = 1000
"""Of the calls without a script, the newest are kept, so many."""
MOST_NAMES = 1000
"""Most states of a platform, and most counters."""
MOST_OVER = 10_000
"""So many answers that were used up are kept, for tests to look up."""


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """The answer that a call gets, with what its placeholders had at that moment."""

    answer: ScriptedAnswer
    counters: Mapping[str, int] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    uuids: Sequence[str] = ()


class Scripts:
    """The scripted answers of one platform state, with its states and counters."""

    def __init__(self, random: Random | None = None) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._answers: OrderedDict[int, QueuedAnswer] = OrderedDict()
        """The answers that wait, the oldest first."""
        self._over: OrderedDict[int, QueuedAnswer] = OrderedDict()
        """The answers that were used up, or whose application was removed."""
        self._unused: dict[int, QueuedAnswer] = {}
        """The required answers that were not used as often as they say."""
        self._queues = AnswerQueues()
        self._size = 0
        self._states: dict[str, str] = {}
        self._state_names: Counter[str] = Counter()
        """The states that waiting answers name."""
        self._counters: dict[str, int] = {}
        self._counter_names: Counter[str] = Counter()
        """The counters that waiting answers name."""
        self._uuids = RandomUuids(make_random(None) if random is None else random)
        self.strict = False
        """True if a functional call without a scripted answer makes the test fail."""
        self._unscripted: deque[str] = deque(maxlen=MOST_UNSCRIPTED)

    def enqueue(self, answer: ScriptedAnswer) -> QueuedAnswer:
        """Adds an answer.

        Raises :class:`Rejected` if all waiting answers would be too large, or would name too many
        states or counters.
        """
        with self._lock:
            self._require_room(answer)
            queued = QueuedAnswer(identifier=next(self._numbers), answer=answer)
            self._answers[queued.identifier] = queued
            if answer.required:
                self._unused[queued.identifier] = queued
            self._queues.add(queued)
            self._count(answer, 1)
            return queued

    def _require_room(self, answer: ScriptedAnswer) -> None:
        if self._size + answer.size > MOST_CONTENT:
            reason = f"{self._size} bytes of answers wait already; at most {MOST_CONTENT}"
            is_text_body = (answer.ready.media_type or "").startswith("text/")
            raise Rejected({"text" if is_text_body else "json": reason})
        states, counters = _names_in(answer)
        if states and len({*states, *self._state_names, *self._states}) > MOST_NAMES:
            named = "then" if answer.then else "when"
            raise Rejected({named: f"at most {MOST_NAMES} states in all answers together"})
        if counters and len({*counters, *self._counter_names, *self._counters}) > MOST_NAMES:
            reason = f"at most {MOST_NAMES} counters in all answers together"
            raise Rejected({"template": reason})

    def _count(self, answer: ScriptedAnswer, difference: int) -> None:
        """Notes what an answer takes, or gives it back."""
        self._size += difference * answer.size
        for counted, names in zip(
            (self._state_names, self._counter_names), _names_in(answer), strict=True
        ):
            for name in names:
                counted[name] += difference
                if not counted[name]:
                    del counted[name]

    @property
    def unscripted(self) -> list[str]:
        """The newest calls in strict mode that had no script, at most :data:`MOST_UNSCRIPTED`."""
        return list(self._unscripted)

    def __len__(self) -> int:
        """The number of waiting answers."""
        return len(self._answers)

    @property
    def waiting(self) -> list[QueuedAnswer]:
        """The answers that further calls get, the oldest first."""
        with self._lock:
            return list(self._answers.values())

    @property
    def states(self) -> dict[str, str]:
        """The states that are set, with their values."""
        with self._lock:
            return dict(self._states)

    @property
    def unused(self) -> list[QueuedAnswer]:
        """The required answers that calls did not get as often as they say."""
        with self._lock:
            return list(self._unused.values())

    def page(self, *, start: int, limit: int, after: int = 0) -> list[QueuedAnswer]:
        """The waiting answers with an identifier above ``after``, the oldest first.

        ``start`` of them are passed over, and at most ``limit`` are listed.
        """
        with self._lock:
            if after:
                start += bisect_right(list(self._answers), after)
            return list(itertools.islice(self._answers.values(), start, start + limit))

    def find(self, identifier: int) -> QueuedAnswer | None:
        """The answer with this identifier, used up or not; None if there is none."""
        with self._lock:
            return self._answers.get(identifier) or self._over.get(identifier)

    def remove(self, identifier: int) -> bool:
        """Removes an answer. Returns False if there is none with this identifier."""
        with self._lock:
            queued = self._answers.get(identifier)
            if queued is not None:
                self._take_out(queued)
            over, unused = self._over.pop(identifier, None), self._unused.pop(identifier, None)
            return any((queued, over, unused))

    def clear(self) -> None:
        """Removes all answers. States and counters stay."""
        with self._lock:
            for counted in (self._answers, self._over, self._unused):
                counted.clear()
            self._queues = AnswerQueues()
            self._state_names.clear()
            self._counter_names.clear()
            self._size = 0

    @property
    def is_quiet(self) -> bool:
        """True if there are no answers and no strict mode. It is asked for each call."""
        return not self._answers and not self.strict

    def need_body(self, operation: str) -> bool:
        """Whether the body of a call decides which answer it gets."""
        with self._lock:
            return self._queues.need_body(operation)

    def take(self, caller: Caller) -> GivenAnswer | None:
        """The first answer for a functional call. It counts as used.

        In strict mode, a call for which there is none is remembered.
        """
        found = self.take_for_oauth(caller)
        if found is None and self.strict:
            self._unscripted.append(caller.operation[:LONGEST_TEXT])
        return found

    def take_for_oauth(self, caller: Caller) -> GivenAnswer | None:
        """The first answer for an OAuth call, which needs no script even in strict mode."""
        if not self._answers:
            return None
        with self._lock:
            return self._give(self._queues.fitting(caller, self._states))

    def take_named(self, caller: Caller) -> GivenAnswer | None:
        """The first answer for a call whose method its operation names. It counts as used."""
        with self._lock:
            fitting = self._queues.fitting(caller, self._states)
            return self._give(each for each in fitting if each.answer.target.names(caller.method))

    def foresee(self, caller: Caller) -> GivenAnswer | None:
        """The answer that such a call would get. It does not count as used."""
        with self._lock:
            found = next(self._queues.fitting(caller, self._states), None)
            if found is None:
                return None
            template = found.answer.template
            return self._given(
                found.answer,
                counters=self._next_counters(found.answer),
                states=self._states,
                uuids=self._uuids.foresee(0 if template is None else template.uuids),
            )

    def drop_application(self, application: Application) -> None:
        """Ends the answers for an application that was removed.

        So a later application of the same name does not get them. A required answer that was not
        used still makes the test fail.
        """
        with self._lock:
            for queued in self._queues.of_applications(names_of(application)):
                self._take_out(queued)
                self._keep_over(queued)

    def _give(self, fitting: Iterable[QueuedAnswer]) -> GivenAnswer | None:
        queued = next(iter(fitting), None)
        if queued is None:
            return None
        answer = queued.answer
        queued.used += 1
        if queued.is_used:
            self._unused.pop(queued.identifier, None)
        self._counters |= self._next_counters(answer)
        template = answer.template
        given = self._given(
            answer,
            counters=self._counters,
            states=self._states,
            uuids=self._uuids.take(0 if template is None else template.uuids),
        )
        self._move_states(answer)
        if queued.is_over:
            self._take_out(queued)
            self._keep_over(queued)
        return given

    def _next_counters(self, answer: ScriptedAnswer) -> dict[str, int]:
        """The counters of an answer, as they are when it is given."""
        names = () if answer.template is None else answer.template.counters
        return {name: self._counters.get(name, 0) + 1 for name in names}

    def _move_states(self, answer: ScriptedAnswer) -> None:
        for name, value in answer.then.items():
            if value is None:
                self._states.pop(name, None)
            else:
                self._states[name] = value

    @staticmethod
    def _given(
        answer: ScriptedAnswer,
        *,
        counters: Mapping[str, int],
        states: Mapping[str, str],
        uuids: Sequence[str],
    ) -> GivenAnswer:
        template = answer.template
        if template is None:
            return GivenAnswer(answer=answer)
        return GivenAnswer(
            answer=answer,
            counters={name: counters[name] for name in template.counters},
            states={name: states[name] for name in template.states if name in states},
            uuids=uuids,
        )

    def _take_out(self, queued: QueuedAnswer) -> None:
        """Hides an answer from calls."""
        del self._answers[queued.identifier]
        self._queues.remove(queued)
        self._count(queued.answer, -1)

    def _keep_over(self, queued: QueuedAnswer) -> None:
        """Keeps an answer that no further call gets, without its body."""
        queued.answer = queued.answer.without_body()
        self._over[queued.identifier] = queued
        while len(self._over) > MOST_OVER:
            self._over.popitem(last=False)


def _names_in(answer: ScriptedAnswer) -> tuple[Collection[str], Collection[str]]:
    """The states and the counters that an answer names."""
    counters = () if answer.template is None else answer.template.counters
    return {*answer.when, *answer.then}, counters
