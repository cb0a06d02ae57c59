"""The faults of one platform state: which fault a call or a connection meets, and how often.

Two tables hold them, so that several servers can share them: the rules, which never change, and
how often each was met. Everything else follows these tables.
"""

from __future__ import annotations

import heapq
import json
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from mock_sei.faults.end_order import EndOrder
from mock_sei.faults.faults import RULE, ArmedFault, FaultRule
from mock_sei.matching.targets import Caller, names_of
from mock_sei.matching.waiting import Waiting
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import Codec

MOST_OVER = 10_000
"""So many faults that are over are kept, for tests to look up."""


class Meetings(NamedTuple):
    """What became of a fault."""

    met: int = 0
    withdrawn: bool = False
    ended: int = 0
    """The number of its end, 0 while it is not over: a later end has a larger number."""


_MEETINGS: Codec[Meetings] = Codec(write=json.dumps, read=lambda text: Meetings(*json.loads(text)))
_UNMET = Meetings()


class ServerFaults:
    """The faults of one platform state.

    Faults that are over do not slow down calls. The newest :data:`MOST_OVER` of them are kept, for
    tests to look up. A required fault that no call met is never forgotten.
    """

    def __init__(
        self, random: Random, seeded: Iterable[FaultRule] = (), *, stored: Stored | None = None
    ) -> None:
        """``seeded`` are the faults of the settings, which every server of a state has."""
        self._random = random
        self._lock = threading.RLock()
        self._all: dict[int, ArmedFault] = {}
        self._over = EndOrder()
        self._unmet: dict[int, ArmedFault] = {}
        """The required faults that no call met."""
        self._live: Waiting[ArmedFault] = Waiting()
        self._handshakes: dict[Listener | None, OrderedDict[int, ArmedFault]] = {}
        """The TLS faults that are not over, by their listener."""
        self._stored = Stored() if stored is None else stored
        seeds = {str(number): fault for number, fault in enumerate(seeded, 1)}
        self._seeded = len(seeds)
        self._meetings = Table(
            self._stored, "faults/meetings", _MEETINGS, changed=self._follow_meetings
        )
        self._rules = Table(
            self._stored, "faults/rules", RULE, changed=self._follow_rule, seeds=seeds
        )

    def arm(self, fault: FaultRule) -> ArmedFault:
        """Adds a fault. From now on matching calls meet it."""
        with self._lock:
            number = self._seeded + self._stored.next_number("faults")
            self._rules[str(number)] = fault
            return self._all[number]

    @property
    def armed(self) -> list[ArmedFault]:
        """All faults that are kept, the oldest first, with those that are over."""
        with self._lock:
            return list(self._all.values())

    def page(self, *, after: int, limit: int) -> list[ArmedFault]:
        """The first faults with an identifier greater than ``after``, at most ``limit``."""
        with self._lock:
            numbers = list(self._all)
            start = bisect_right(numbers, after)
            return [self._all[number] for number in numbers[start : start + limit]]

    def newest(self, *, before: int | None, limit: int) -> list[ArmedFault]:
        """The last faults with an identifier less than ``before``, the newest first."""
        with self._lock:
            numbers = list(self._all)
            end = len(numbers) if before is None else bisect_left(numbers, before)
            return [self._all[number] for number in reversed(numbers[max(0, end - limit) : end])]

    @property
    def kept(self) -> int:
        """The number of faults that are kept, with those that are over."""
        return len(self._all)

    @property
    def live(self) -> int:
        """The number of faults that are not over."""
        return len(self._live) + sum(map(len, list(self._handshakes.values())))

    @property
    def is_quiet(self) -> bool:
        """True if no call and no connection can meet a fault. It is asked for each of them."""
        return not self._live and not self._handshakes

    def need_body(self, operation: str) -> bool:
        """Whether the body of a call decides which fault it meets."""
        with self._lock:
            return self._live.need_body(operation)

    @property
    def unmet(self) -> list[ArmedFault]:
        """The required faults that no call met."""
        with self._lock:
            return list(self._unmet.values())

    def find(self, identifier: int) -> ArmedFault | None:
        """The fault with this identifier, None if it is unknown or forgotten."""
        return self._all.get(identifier)

    def remove(self, identifier: int) -> bool:
        """Removes a fault. Returns False if there is none with this identifier."""
        with self._lock:
            key = str(identifier)
            if self._rules.pop(key) is None:
                return False
            self._meetings.pop(key)
            return True

    def clear(self) -> None:
        """Removes all faults."""
        with self._lock:
            self._rules.clear()
            self._meetings.clear()

    def drop_application(self, application: Application) -> None:
        """EndOrder the faults of an application that was removed.

        So a later application of the same name does not meet them. Tests can still look them up,
        and a required fault that no call met still makes the test fail.
        """
        names = names_of(application)
        with self._lock:
            for armed in self._live.of_applications(names):
                self._note(armed, met=armed.met, withdrawn=True)

    def meet(self, caller: Caller) -> FaultRule | None:
        """The oldest fault that a call meets, None if there is none. It is counted as met."""
        with self._lock:
            return self._first(self._live.fitting(caller)) if self._live else None

    def meet_named(self, caller: Caller) -> FaultRule | None:
        """As :meth:`meet`, but only for faults whose operation names the call's method."""
        with self._lock:
            fitting = self._live.fitting(caller) if self._live else ()
            return self._first(each for each in fitting if each.fault.target.names(caller.method))

    def foresee(self, caller: Caller) -> FaultRule | None:
        """The oldest fault that such a call would certainly meet. It is not counted as met.

        Faults with a probability below 1 are left out, since nobody knows whether they will happen.
        """
        with self._lock:
            fitting = self._live.fitting(caller) if self._live else ()
            return next((each.fault for each in fitting if each.fault.probability >= 1), None)

    def meet_connection(self, listener: Listener) -> FaultRule | None:
        """The oldest fault that a connection meets at its handshake. It is counted as met."""
        with self._lock:
            numbers = heapq.merge(*(self._handshakes.get(each, ()) for each in (None, listener)))
            return self._first(self._all[number] for number in numbers)

    def jitter(self) -> float:
        """A random number between -1 and 1, for the spread of a latency."""
        return 2 * self._random.random() - 1

    def _first(self, fitting: Iterable[ArmedFault]) -> FaultRule | None:
        """The first fault that happens by its probability. It is counted as met."""
        for armed in fitting:
            probability = armed.fault.probability
            if probability < 1 and self._random.random() >= probability:
                continue
            self._note(armed, met=armed.met + 1)
            return armed.fault
        return None

    def _note(self, armed: ArmedFault, *, met: int, withdrawn: bool = False) -> None:
        """Writes what became of a fault that is not over."""
        times = armed.fault.times
        key = str(armed.identifier)
        if not withdrawn and (times is None or met < times):
            self._meetings[key] = Meetings(met)
            return
        self._meetings[key] = Meetings(met, withdrawn, self._over.next_number)
        for each in self._over.oldest(len(self._over) - MOST_OVER):
            self.remove(each)

    # What follows the tables

    def _follow_rule(self, key: str, before: FaultRule | None, after: FaultRule | None) -> None:
        with self._lock:
            if before is not None:
                self._leave(int(key))
            if after is not None:
                self._come(int(key), after, self._meetings.get(key, _UNMET))

    def _come(self, number: int, fault: FaultRule, became: Meetings) -> None:
        armed = ArmedFault(
            identifier=number, fault=fault, met=became.met, withdrawn=became.withdrawn
        )
        self._all[number] = armed
        if fault.required and not armed.met:
            self._unmet[number] = armed
        if armed.is_over:
            self._keep_over(armed, became)
        elif fault.tls is None:
            self._live.add(number, fault.target, armed)
        else:
            self._handshakes.setdefault(fault.listener, OrderedDict())[number] = armed

    def _leave(self, number: int) -> None:
        armed = self._all.pop(number)
        if not armed.is_over:
            self._take_out(armed)
        self._over.discard(number)
        self._unmet.pop(number, None)

    def _follow_meetings(self, key: str, _: Meetings | None, after: Meetings | None) -> None:
        with self._lock:
            armed = self._all.get(int(key))
            if armed is None or after is None:
                return  # its rule comes afterwards, or has gone
            was_over = armed.is_over
            armed.met, armed.withdrawn = after.met, after.withdrawn
            if armed.met:
                self._unmet.pop(armed.identifier, None)
            if armed.is_over and not was_over:
                self._take_out(armed)
                self._keep_over(armed, after)

    def _take_out(self, armed: ArmedFault) -> None:
        """Hides a fault from calls and connections, since it is over or removed."""
        fault, number = armed.fault, armed.identifier
        if fault.tls is None:
            self._live.remove(number, fault.target)
            return
        queue = self._handshakes[fault.listener]
        del queue[number]
        if not queue:
            del self._handshakes[fault.listener]

    def _keep_over(self, armed: ArmedFault, became: Meetings) -> None:
        if armed.identifier not in self._unmet:
            self._over.add(armed.identifier, became.ended)
