"""Faults that a test injects: what goes wrong, for which calls, and how often.

This module only decides which fault a call meets. ``web/faults.py`` applies it to a call,
``runtime/`` to a connection.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any, ClassVar, Literal

from pydantic import TypeAdapter, ValidationError

from mock_sei.errors import Rejected
from mock_sei.matching.part_schema import PART_SCHEMAS
from mock_sei.matching.parts import PART_EXAMPLES, PARTS, RequestParts, plain_part
from mock_sei.matching.targets import (
    Caller,
    CallTarget,
    Operations,
    find_text_problem,
    names_of,
)
from mock_sei.matching.waiting import Waiting
from mock_sei.rules.arguments import plain_problem, unknown_names
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from mock_sei.values.cached import cached_property
from mock_sei.values.sendable import (
    HIGHEST_STATUS,
    LOWEST_STATUS,
    WITHOUT_BODY,
    is_media_type,
    shown,
)

Cut = Literal["before-headers", "after-headers", "in-body"]
TlsFault = Literal["stall", "close"]

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which a client may repeat the same request."""
RETRY_LATER = frozenset({429, 503})
"""Statuses with a ``Retry-After`` header (RFC 6585 section 4, RFC 9110 section 15.6.4)."""
MOST_TIMES = 2**63 - 1
MOST_OVER = 10_000
"""So many faults that are over are kept, for tests to look up."""


@dataclass(frozen=True, kw_only=True)
class FaultRule:
    """One fault: which calls meet it, how often, and what goes wrong."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    operation: str | None = None
    """``METHOD /path`` of the calls that meet it; ``{name}`` stands for one segment of the path,
    ``*`` for any characters. None for all calls."""
    application: str | None = None
    """The application whose calls meet it: name, AppKey or service account. None for all."""
    listener: Listener | None = None
    """The listener whose calls meet it. None for all."""
    query: Mapping[str, Any] | None = None
    """Parameters that the query of the calls has, possibly with others: ``{"cursor": "abc"}``."""
    headers: Mapping[str, Any] | None = None
    """Headers that the calls have, by names in upper or lower case."""
    json: Any = None
    """A part of the JSON body of the calls: members that it has."""
    body: Any = None
    """The whole body of the calls, as text. A value of these four may be a regular expression:
    ``{"matches": "^2026-"}``."""
    times: int | None = None
    """The number of calls that meet it. None until it is removed."""
    probability: float = 1.0
    """How likely a matching call meets it: more than 0, at most 1."""
    required: bool = False
    """True to make the test fail if no call meets it."""

    latency: float = 0.0
    """Seconds to wait before anything else happens."""
    spread: float = 0.0
    """Seconds by which the latency varies at random, at most."""
    stall: bool = False
    """True to send no answer at all."""
    status: int | None = None
    """The status of an error answer of the platform, which replaces the operation's answer."""
    retry_after: int | None = None
    """The seconds in ``Retry-After``. For 429 and 503 the default is 1."""
    cut: Cut | None = None
    """The point of the answer at which the connection is reset."""
    malformed: bool = False
    """True to cut the JSON of the body, in an answer that is otherwise complete."""
    content_type: str | None = None
    """The ``Content-Type`` of the answer, in place of the right one."""
    drip: int | None = None
    """The speed of the body in bytes a second."""
    token_lifetime: int | None = None
    """The lifetime of this answer's tokens in seconds. The answer itself still says 60 minutes."""
    tls: TlsFault | None = None
    """``stall``: the handshake never ends. ``close``: the connection is closed right after it."""

    @cached_property
    def target(self) -> CallTarget:
        """The calls that meet it."""
        return CallTarget(
            operation=self.operation,
            application=self.application,
            listener=self.listener,
            parts=RequestParts(**{name: getattr(self, name) for name in PARTS}),
        )

    def problems(self) -> dict[str, str]:
        """Everything that is wrong with the fault itself, by the name of the field."""
        problems = self.target.problems()
        for name in (*_RANGES, "content_type"):
            value = getattr(self, name)
            if value is not None and (rule := _find_bound_problem(name, value)):
                problems[name] = f"{shown(value)}: {rule}"
        if self.status in WITHOUT_BODY:
            for name, needs in _NEEDING_A_BODY.items():
                if needs(getattr(self, name)):
                    problems[name] = f"an answer with status {self.status} has no body"
        if self.tls and (self.operation or self.application or self.target.parts.given):
            problems["tls"] = "a handshake has no operation and no application; name a listener"
        if self == FaultRule(**{name: getattr(self, name) for name in _WHERE}):
            problems["status"] = f"nothing goes wrong; there are {', '.join(EFFECTS)}"
        return problems

    def __str__(self) -> str:
        """What goes wrong, as the journal shows it."""
        effects = asdict(self)
        usual = asdict(FaultRule())
        found = {name: effects[name] for name in EFFECTS if effects[name] != usual[name]}
        return ", ".join(
            f"{name} {shown(value) if isinstance(value, bool) else value}"
            for name, value in found.items()
        )


_FLAGS = ("required", "stall", "malformed")
_FRACTIONS = ("probability", "latency", "spread")
_WHERE = ("operation", "application", "listener", *PARTS, "times", "probability", "required")

FIELDS = tuple(each.name for each in fields(FaultRule))
EFFECTS = tuple(name for name in FIELDS if name not in _WHERE)
"""The fields that say what goes wrong."""

_RANGES: Mapping[str, tuple[int, int, str]] = {
    "times": (1, MOST_TIMES, "at least 1"),
    "probability": (0, 1, "above 0, at most 1"),
    "latency": (0, 600, "seconds, 0 to 600"),
    "spread": (0, 600, "seconds, 0 to 600"),
    "status": (
        LOWEST_STATUS,
        HIGHEST_STATUS,
        f"a status, {LOWEST_STATUS} to {HIGHEST_STATUS}",
    ),
    "retry_after": (0, 86_400, "seconds, 0 to 86400"),
    "drip": (1, 1_000_000, "bytes a second, 1 to 1000000"),
    "token_lifetime": (0, 3600, "seconds, 0 to 3600"),
}
"""The smallest and the largest value of each number, and both in words. A probability cannot be
0."""


def _find_bound_problem(name: str, value: Any) -> str | None:
    """What a field's value must be, if this one is out of bounds; None if it is good."""
    if name == "content_type":
        good = find_text_problem(value) is None and is_media_type(value)
        return None if good else "a media type: one line of printable ASCII"
    least, most, rule = _RANGES[name]
    good = least <= value <= most and not (name == "probability" and value == 0)
    return None if good else rule


_FAULT = TypeAdapter(FaultRule)

_NEEDING_A_BODY: Mapping[str, Callable[[Any], bool]] = {
    "malformed": bool,
    "cut": lambda value: value == "in-body",
    "content_type": lambda value: value is not None,
    "drip": lambda value: value is not None,
}
"""The fields that need an answer with a body, each with a test whether it is set."""


@dataclass(kw_only=True)
class ArmedFault:
    """A fault of a platform, with its identifier and its state."""

    identifier: int
    fault: FaultRule
    met: int = 0
    """The number of calls that met it so far."""
    withdrawn: bool = False
    """True if its application was removed before the fault was over."""

    @property
    def is_over(self) -> bool:
        """True if no further call will meet it."""
        times = self.fault.times
        return self.withdrawn or (times is not None and self.met >= times)

    def to_json(self) -> dict[str, Any]:
        """The fault as the control API returns it."""
        return {
            "id": self.identifier,
            **asdict(self.fault),
            "met": self.met,
            "withdrawn": self.withdrawn,
        }


def read_fault(values: Mapping[str, Any], operations: Operations | Iterable[str]) -> FaultRule:
    """The fault with these values, by the name of the field.

    ``operations`` are all operations of the platform. Raises :class:`Rejected`, which names every
    wrong field.
    """
    fault = _typed_fault(values)
    problems = fault.problems()
    known = operations if isinstance(operations, Operations) else Operations(operations)
    if fault.operation is not None and "operation" not in problems:
        problem = known.find_problem(fault.operation)
        if problem is not None:
            problems["operation"] = problem
    if problems:
        raise Rejected(problems)
    return fault


def check_fault(values: Mapping[str, Any]) -> None:
    """As :func:`read_fault`, but without the check that the operation exists."""
    problems = _typed_fault(values).problems()
    if problems:
        raise Rejected(problems)


def _typed_fault(values: Mapping[str, Any]) -> FaultRule:
    problems = unknown_names(values, FIELDS, what="field")
    for name in FIELDS:
        if name not in values:
            continue
        value = values[name]
        if name in PARTS:
            continue
        if name in _FLAGS and not isinstance(value, bool):
            problems[name] = f"{shown(value)}: must be true or false"
        elif isinstance(value, bool) and name not in _FLAGS:
            problems[name] = f"{shown(value)}: must not be a truth value"
        elif name in _RANGES and isinstance(value, str | bytes):
            kind = "number" if name in _FRACTIONS else "integer"
            problems[name] = f"input should be a valid {kind}, not a text"
    known = {name: values[name] for name in FIELDS if name in values and name not in problems}
    known |= {name: plain_part(known[name]) for name in PARTS if name in known}
    try:
        fault = _FAULT.validate_python(known)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            problems[str(each["loc"][0])] = plain_problem(each)
        raise Rejected(problems) from None
    if problems:
        raise Rejected(problems)
    return fault


def fault_schema() -> dict[str, Any]:
    """The JSON Schema of a fault for an OpenAPI document, without references."""
    usual, schema = asdict(FaultRule()), _FAULT.json_schema()
    listeners = [str(each) for each in Listener]
    properties = schema["properties"] | {"listener": {"enum": [*listeners, None]}}
    for name, example in PART_EXAMPLES.items():
        properties[name] = PART_SCHEMAS[name] | {"default": None, "examples": [example]}
    for name, (least, most, rule) in _RANGES.items():
        member: dict[str, Any] = properties[name]
        numbers = [each for each in member.get("anyOf", [member]) if each.get("type") != "null"]
        lower = "exclusiveMinimum" if name == "probability" else "minimum"
        numbers[0] |= {lower: least, "maximum": most}
        member["description"] = rule
    does_something = [
        {"required": [name], "properties": {name: {"not": {"enum": [usual[name]]}}}}
        for name in EFFECTS
    ]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "allOf": [{"anyOf": does_something}],
    }


def read_armed(told: Mapping[str, Any]) -> ArmedFault:
    """The armed fault whose ``to_json()`` returned this."""
    fields_told = {name: told[name] for name in FIELDS}
    fault = _FAULT.validate_python(fields_told)
    return ArmedFault(
        identifier=told["id"], fault=fault, met=told["met"], withdrawn=told["withdrawn"]
    )


class ServerFaults:
    """The faults of one platform state.

    Faults that are over do not slow down calls. The newest :data:`MOST_OVER` of them are kept, for
    tests to look up. A required fault that no call met is never forgotten.
    """

    def __init__(self, random: Random, seeded: Iterable[FaultRule] = ()) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._all: OrderedDict[int, ArmedFault] = OrderedDict()
        self._over: OrderedDict[int, None] = OrderedDict()
        """The identifiers of faults that are over, in the order of their ends."""
        self._unmet: dict[int, ArmedFault] = {}
        """The required faults that no call met."""
        self._live: Waiting[ArmedFault] = Waiting()
        self._handshakes: dict[Listener | None, OrderedDict[int, ArmedFault]] = {}
        """The TLS faults that are not over, by their listener."""
        for fault in seeded:
            self.arm(fault)

    def arm(self, fault: FaultRule) -> ArmedFault:
        """Adds a fault. From now on matching calls meet it."""
        with self._lock:
            armed = ArmedFault(identifier=next(self._numbers), fault=fault)
            self._all[armed.identifier] = armed
            if fault.required:
                self._unmet[armed.identifier] = armed
            if fault.tls is None:
                self._live.add(armed.identifier, fault.target, armed)
            else:
                queue = self._handshakes.setdefault(fault.listener, OrderedDict())
                queue[armed.identifier] = armed
            return armed

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
            armed = self._all.pop(identifier, None)
            if armed is None:
                return False
            if not armed.is_over:
                self._take_out(armed)
            self._over.pop(identifier, None)
            self._unmet.pop(identifier, None)
            return True

    def clear(self) -> None:
        """Removes all faults."""
        with self._lock:
            self._all.clear()
            self._over.clear()
            self._unmet.clear()
            self._live = Waiting()
            self._handshakes.clear()

    def drop_application(self, application: Application) -> None:
        """Ends the faults of an application that was removed.

        So a later application of the same name does not meet them. Tests can still look them up,
        and a required fault that no call met still makes the test fail.
        """
        names = names_of(application)
        with self._lock:
            for armed in self._live.of_applications(names):
                self._take_out(armed)
                armed.withdrawn = True
                self._keep_over(armed)

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
            armed.met += 1
            self._unmet.pop(armed.identifier, None)
            if armed.is_over:
                self._take_out(armed)
                self._keep_over(armed)
            return armed.fault
        return None

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

    def _keep_over(self, armed: ArmedFault) -> None:
        if armed.identifier not in self._unmet:
            self._over[armed.identifier] = None
        while len(self._over) > MOST_OVER:
            del self._all[self._over.popitem(last=False)[0]]
