"""Scripted answers: a test says what the next calls of an operation get as their answers.

The gateway still checks the call: a client with the wrong certificate gets no scripted answer. In
strict mode, a functional call without a scripted answer makes the test fail.

Tables hold the answers, how often each was used, the states and the counters, so that several
servers can share them. Everything else follows these tables.
"""

from __future__ import annotations

import itertools
import json
import threading
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from mock_sei.errors import Rejected
from mock_sei.faults.answer_queues import AnswerQueues, QueuedAnswer
from mock_sei.faults.answers import LARGEST_CONTENT, ScriptedAnswer
from mock_sei.faults.end_order import EndOrder
from mock_sei.faults.random_uuids import RandomUuids
from mock_sei.faults.stored_answers import ANSWER
from mock_sei.matching.targets import Caller, names_of
from mock_sei.rules.randomness import make_random
from mock_sei.rules.records import Application
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import Codec
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


class AnswerUse(NamedTuple):
    """What became of an answer."""

    used: int = 0
    ended: int = 0
    """The number of its end, 0 while it waits: a later end has a larger number."""


_USE: Codec[AnswerUse] = Codec(write=json.dumps, read=lambda text: AnswerUse(*json.loads(text)))
_UNUSED = AnswerUse()
_STRICT = "strict"

NO_FUNCTIONS = (
    "a function works only with a state in memory, since no other server of this state could call "
    "it: use json, text and headers with placeholders such as {{request.query.limit}}, and when "
    "and then for states"
)


class Scripts:
    """The scripted answers of one platform state, with its states and counters."""

    def __init__(self, random: Random | None = None, *, stored: Stored | None = None) -> None:
        self._lock = threading.RLock()
        self._all: dict[int, QueuedAnswer] = {}
        """The answers that wait and those that are over."""
        self._waiting: OrderedDict[int, QueuedAnswer] = OrderedDict()
        """The answers that wait, the oldest first."""
        self._over = EndOrder()
        """The answers that were used up, or whose application was removed."""
        self._unused: dict[int, QueuedAnswer] = {}
        """The required answers that were not used as often as they say."""
        self._queues = AnswerQueues()
        self._size = 0
        self._state_names: Counter[str] = Counter()
        """The states that waiting answers name."""
        self._counter_names: Counter[str] = Counter()
        """The counters that waiting answers name."""
        self._strict = False
        self._stored = stored = Stored() if stored is None else stored
        self._states: Table[str] = Table(stored, "scripts/states")
        self._counters: Table[int] = Table(stored, "scripts/counters")
        self._uuids = RandomUuids(make_random(None) if random is None else random, stored)
        self._settings: Table[bool] = Table(
            stored, "scripts/settings", changed=self._follow_settings
        )
        self._unscripted: Table[str] = Table(stored, "scripts/unscripted")
        self._uses = Table(stored, "scripts/uses", _USE, changed=self._follow_use)
        self._answers = Table(stored, "scripts/answers", ANSWER, changed=self._follow_answer)

    @property
    def strict(self) -> bool:
        """True if a functional call without a scripted answer makes the test fail."""
        return self._strict

    @strict.setter
    def strict(self, strict: bool) -> None:
        if strict != self._strict:
            self._settings[_STRICT] = strict

    def enqueue(self, answer: ScriptedAnswer) -> QueuedAnswer:
        """Adds an answer.

        Raises :class:`Rejected` if all waiting answers would be too large, or would name too many
        states or counters, and for a function in a state that several servers share.
        """
        if answer.function is not None and self._stored.is_shared:
            raise Rejected({"answer": NO_FUNCTIONS})
        with self._lock:
            self._require_room(answer)
            number = self._stored.next_number("answers")
            self._answers[str(number)] = answer
            return self._all[number]

    def _require_room(self, answer: ScriptedAnswer) -> None:
        if self._size + answer.size > MOST_CONTENT:
            reason = f"{self._size} bytes of answers wait already; at most {MOST_CONTENT}"
            is_text_body = (answer.ready.media_type or "").startswith("text/")
            raise Rejected({"text" if is_text_body else "json": reason})
        states, counters = _names_in(answer)
        if states and len({*states, *self._state_names, *self._states.keys()}) > MOST_NAMES:
            named = "then" if answer.then else "when"
            raise Rejected({named: f"at most {MOST_NAMES} states in all answers together"})
        if counters and len({*counters, *self._counter_names, *self._counters.keys()}) > MOST_NAMES:
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
        return list(self._unscripted.values())

    def __len__(self) -> int:
        """The number of waiting answers."""
        return len(self._waiting)

    @property
    def waiting(self) -> list[QueuedAnswer]:
        """The answers that further calls get, the oldest first."""
        with self._lock:
            return list(self._waiting.values())

    @property
    def states(self) -> dict[str, str]:
        """The states that are set, with their values."""
        with self._lock:
            return dict(self._states.by_key)

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
                start += bisect_right(list(self._waiting), after)
            return list(itertools.islice(self._waiting.values(), start, start + limit))

    def find(self, identifier: int) -> QueuedAnswer | None:
        """The answer with this identifier, used up or not; None if there is none."""
        return self._all.get(identifier)

    def remove(self, identifier: int) -> bool:
        """Removes an answer. Returns False if there is none with this identifier."""
        with self._lock:
            key = str(identifier)
            if self._answers.pop(key) is None:
                return False
            self._uses.pop(key)
            return True

    def clear(self) -> None:
        """Removes all answers. States and counters stay."""
        with self._lock:
            self._answers.clear()
            self._uses.clear()

    @property
    def is_quiet(self) -> bool:
        """True if there are no answers and no strict mode. It is asked for each call."""
        return not self._waiting and not self._strict

    def need_body(self, operation: str) -> bool:
        """Whether the body of a call decides which answer it gets."""
        with self._lock:
            return self._queues.need_body(operation)

    def take(self, caller: Caller) -> GivenAnswer | None:
        """The first answer for a functional call. It counts as used.

        In strict mode, a call for which there is none is remembered.
        """
        found = self.take_for_oauth(caller)
        if found is None and self._strict:
            self._remember(caller.operation[:LONGEST_TEXT])
        return found

    def _remember(self, operation: str) -> None:
        """Keeps a call without a script. The keys are numbers that go up."""
        with self._lock:
            number = int(next(reversed(self._unscripted.by_key), "0")) + 1
            self._unscripted[str(number)] = operation
            self._unscripted.pop(str(number - MOST_UNSCRIPTED))

    def take_for_oauth(self, caller: Caller) -> GivenAnswer | None:
        """The first answer for an OAuth call, which needs no script even in strict mode."""
        if not self._waiting:
            return None
        with self._lock:
            return self._give(self._queues.fitting(caller, self._states.by_key))

    def take_named(self, caller: Caller) -> GivenAnswer | None:
        """The first answer for a call whose method its operation names. It counts as used."""
        with self._lock:
            fitting = self._queues.fitting(caller, self._states.by_key)
            return self._give(each for each in fitting if each.answer.target.names(caller.method))

    def foresee(self, caller: Caller) -> GivenAnswer | None:
        """The answer that such a call would get. It does not count as used."""
        with self._lock:
            found = next(self._queues.fitting(caller, self._states.by_key), None)
            if found is None:
                return None
            template = found.answer.template
            return self._given(
                found.answer,
                counters=self._next_counters(found.answer),
                states=self._states.by_key,
                uuids=self._uuids.foresee(0 if template is None else template.uuids),
            )

    def drop_application(self, application: Application) -> None:
        """EndOrder the answers for an application that was removed.

        So a later application of the same name does not get them. A required answer that was not
        used still makes the test fail.
        """
        with self._lock:
            for queued in self._queues.of_applications(names_of(application)):
                self._note(queued, used=queued.used, is_over=True)

    def _give(self, fitting: Iterable[QueuedAnswer]) -> GivenAnswer | None:
        queued = next(iter(fitting), None)
        if queued is None:
            return None
        answer, used = queued.answer, queued.used + 1
        self._note(queued, used=used, is_over=answer.times is not None and used >= answer.times)
        for name, count in self._next_counters(answer).items():
            self._counters[name] = count
        template = answer.template
        given = self._given(
            answer,
            counters=self._counters.by_key,
            states=self._states.by_key,
            uuids=self._uuids.take(0 if template is None else template.uuids),
        )
        self._move_states(answer)
        return given

    def _note(self, queued: QueuedAnswer, *, used: int, is_over: bool) -> None:
        """Writes what became of an answer that waits. One that is over is kept without its body."""
        key = str(queued.identifier)
        if not is_over:
            self._uses[key] = AnswerUse(used)
            return
        self._uses[key] = AnswerUse(used, self._over.next_number)
        self._answers[key] = queued.answer.without_body()
        for each in self._over.oldest(len(self._over) - MOST_OVER):
            self.remove(each)

    def _next_counters(self, answer: ScriptedAnswer) -> dict[str, int]:
        """The counters of an answer, as they are when it is given."""
        names = () if answer.template is None else answer.template.counters
        return {name: self._counters.get(name, 0) + 1 for name in names}

    def _move_states(self, answer: ScriptedAnswer) -> None:
        for name, value in answer.then.items():
            if value is None:
                self._states.pop(name)
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

    # What follows the tables

    def _follow_settings(self, _: str, __: bool | None, strict: bool | None) -> None:
        self._strict = bool(strict)

    def _follow_answer(
        self, key: str, before: ScriptedAnswer | None, after: ScriptedAnswer | None
    ) -> None:
        number = int(key)
        with self._lock:
            if after is None:
                self._leave(number)
            elif before is None:
                self._come(number, after, self._uses.get(key, _UNUSED))
            else:  # it is over, and lost its body
                self._all[number].answer = after

    def _come(self, number: int, answer: ScriptedAnswer, use: AnswerUse) -> None:
        queued = QueuedAnswer(identifier=number, answer=answer, used=use.used)
        self._all[number] = queued
        if answer.required and not queued.is_used:
            self._unused[number] = queued
        if use.ended:
            self._keep_over(queued, use)
        else:
            self._waiting[number] = queued
            self._queues.add(queued)
            self._count(answer, 1)

    def _leave(self, number: int) -> None:
        queued = self._all.pop(number)
        if number in self._waiting:
            self._take_out(queued)
        self._over.discard(number)
        self._unused.pop(number, None)

    def _follow_use(self, key: str, _: AnswerUse | None, use: AnswerUse | None) -> None:
        with self._lock:
            queued = self._all.get(int(key))
            if queued is None or use is None:
                return  # its answer comes afterwards, or has gone
            queued.used = use.used
            if queued.is_used:
                self._unused.pop(queued.identifier, None)
            if use.ended and queued.identifier in self._waiting:
                self._take_out(queued)
                self._keep_over(queued, use)

    def _take_out(self, queued: QueuedAnswer) -> None:
        """Hides an answer from calls."""
        del self._waiting[queued.identifier]
        self._queues.remove(queued)
        self._count(queued.answer, -1)

    def _keep_over(self, queued: QueuedAnswer, use: AnswerUse) -> None:
        if queued.identifier not in self._unused:
            self._over.add(queued.identifier, use.ended)


def _names_in(answer: ScriptedAnswer) -> tuple[Collection[str], Collection[str]]:
    """The states and the counters that an answer names."""
    counters = () if answer.template is None else answer.template.counters
    return {*answer.when, *answer.then}, counters
