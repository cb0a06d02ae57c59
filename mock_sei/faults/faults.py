"""Trouble on purpose: what goes wrong, where, how often.

Only the decision lies here; ``web/trouble.py`` makes it happen to an exchange, ``runtime/`` to a
connection. A fault that was armed and never met can be asked for.
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
from mock_sei.matching.targets import (
    Caller,
    Operations,
    Target,
    find_text_problem,
    names_of,
)
from mock_sei.matching.waiting import Waiting
from mock_sei.rules.arguments import plain_problem, unknown_names
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from mock_sei.values.sendable import (
    HIGHEST_STATUS,
    LOWEST_STATUS,
    WITHOUT_BODY,
    is_media_type,
    shown,
)

Cut = Literal["before-headers", "after-headers", "in-body"]
TlsTrouble = Literal["stall", "close"]

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses whose request may be repeated as it is."""
RETRY_LATER = frozenset({429, 503})
"""Statuses that carry ``Retry-After`` (RFC 6585 section 4, RFC 9110 section 15.6.4)."""
MOST_TIMES = 2**63 - 1
MOST_OVER = 10_000
"""Faults that are over and can still be asked for."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault as it was armed. What is left out does not happen."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    operation: str | None = None
    """``METHOD /path``; ``{name}`` stands for a segment, ``*`` for any run of characters."""
    application: str | None = None
    """Name, AppKey or service account."""
    listener: Listener | None = None
    """Only calls, or handshakes, of this listener."""
    times: int | None = None
    """After which it is over; None until it is removed."""
    probability: float = 1.0
    """How likely it happens at a call."""
    required: bool = False
    """Whether the test fails where it was never met."""

    latency: float = 0.0
    """Seconds before anything else happens."""
    spread: float = 0.0
    """Seconds by which the latency differs at random, at most."""
    stall: bool = False
    """No answer ever comes."""
    status: int | None = None
    """Answered with the platform's body instead of by the operation."""
    retry_after: int | None = None
    """Seconds; one where the status wants it and nothing is said."""
    cut: Cut | None = None
    """Where the connection is reset."""
    malformed: bool = False
    """The JSON of the body breaks off, in a complete answer."""
    content_type: str | None = None
    """Instead of the true one."""
    drip: int | None = None
    """Bytes a second at which the body comes."""
    token_lifetime: int | None = None
    """Seconds after which a token of this answer is dead, whatever the answer says."""
    tls: TlsTrouble | None = None
    """The handshake is never finished, or the connection closed right after it."""

    @property
    def target(self) -> Target:
        return Target(
            operation=self.operation, application=self.application, listener=self.listener
        )

    def problems(self) -> dict[str, str]:
        """By the field at fault."""
        problems = self.target.problems()
        for name in (*_RANGES, "content_type"):
            value = getattr(self, name)
            if value is not None and (rule := _find_bound_problem(name, value)):
                problems[name] = f"{shown(value)}: {rule}"
        if self.status in WITHOUT_BODY:
            for name, needs in _NEEDING_A_BODY.items():
                if needs(getattr(self, name)):
                    problems[name] = f"an answer with status {self.status} has no body"
        if self.tls and (self.operation or self.application):
            problems["tls"] = "a handshake has no operation and no application; name a listener"
        if self == Fault(**{name: getattr(self, name) for name in _WHERE}):
            problems["status"] = f"nothing goes wrong; there are {', '.join(EFFECTS)}"
        return problems

    def __str__(self) -> str:
        """What goes wrong, for the journal."""
        effects = asdict(self)
        usual = asdict(Fault())
        found = {name: effects[name] for name in EFFECTS if effects[name] != usual[name]}
        return ", ".join(
            f"{name} {shown(value) if isinstance(value, bool) else value}"
            for name, value in found.items()
        )


_FLAGS = ("required", "stall", "malformed")
_FRACTIONS = ("probability", "latency", "spread")
_WHERE = ("operation", "application", "listener", "times", "probability", "required")

FIELDS = tuple(each.name for each in fields(Fault))
EFFECTS = tuple(name for name in FIELDS if name not in _WHERE)
"""What can go wrong."""

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
"""The least and the most of each number; a probability of nothing is none."""


def _find_bound_problem(name: str, value: Any) -> str | None:
    """Why a value of the right type is none of this field's, None where it is one."""
    if name == "content_type":
        good = find_text_problem(value) is None and is_media_type(value)
        return None if good else "a media type: one line of printable ASCII"
    least, most, rule = _RANGES[name]
    good = least <= value <= most and not (name == "probability" and value == 0)
    return None if good else rule


_FAULT = TypeAdapter(Fault)

_NEEDING_A_BODY: Mapping[str, Callable[[Any], bool]] = {
    "malformed": bool,
    "cut": lambda value: value == "in-body",
    "content_type": lambda value: value is not None,
    "drip": lambda value: value is not None,
}
"""What can happen to a body only, by its field."""


@dataclass(kw_only=True)
class ArmedFault:
    """A fault with what became of it."""

    identifier: int
    fault: Fault
    met: int = 0
    withdrawn: bool = False
    """Whether its application was removed before it was over."""

    @property
    def is_over(self) -> bool:
        times = self.fault.times
        return self.withdrawn or (times is not None and self.met >= times)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.identifier,
            **asdict(self.fault),
            "met": self.met,
            "withdrawn": self.withdrawn,
        }


def read_fault(values: Mapping[str, Any], operations: Operations | Iterable[str]) -> Fault:
    """Raises :class:`Rejected` naming every field at fault."""
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
    """As :func:`read_fault`, but whether the operation exists is left to the server."""
    problems = _typed_fault(values).problems()
    if problems:
        raise Rejected(problems)


def _typed_fault(values: Mapping[str, Any]) -> Fault:
    problems = unknown_names(values, FIELDS, what="field")
    for name in FIELDS:
        if name not in values:
            continue
        value = values[name]
        if name in _FLAGS and not isinstance(value, bool):
            problems[name] = f"{shown(value)}: must be true or false"
        elif isinstance(value, bool) and name not in _FLAGS:
            problems[name] = f"{shown(value)}: must not be a truth value"
        elif name in _RANGES and isinstance(value, str | bytes):
            kind = "number" if name in _FRACTIONS else "integer"
            problems[name] = f"input should be a valid {kind}, not a text"
    known = {name: values[name] for name in FIELDS if name in values and name not in problems}
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
    """What can be armed, for an OpenAPI document: JSON Schema, without references."""
    usual, schema = asdict(Fault()), _FAULT.json_schema()
    listeners = [str(each) for each in Listener]
    properties = schema["properties"] | {"listener": {"enum": [*listeners, None]}}
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


def armed_schema() -> dict[str, Any]:
    """What became of a fault, for an OpenAPI document: JSON Schema, without references."""
    fault = fault_schema()
    more = {
        "id": {"type": "integer", "description": "its number, from 1"},
        "met": {"type": "integer", "description": "how often it happened"},
        "withdrawn": {
            "type": "boolean",
            "description": "whether its application was removed before it was over",
        },
    }
    return {"type": "object", "properties": fault["properties"] | more}


def read_armed(told: Mapping[str, Any]) -> ArmedFault:
    """The fault whose :meth:`ArmedFault.to_json` this is."""
    fields_told = {name: told[name] for name in FIELDS}
    fault = _FAULT.validate_python(fields_told)
    return ArmedFault(
        identifier=told["id"], fault=fault, met=told["met"], withdrawn=told["withdrawn"]
    )


class Faults:
    """The faults of one platform state.

    Those that are over are out of every call's way. The newest :data:`MOST_OVER` of them can still
    be asked for; one that is required and that nobody met is never forgotten.
    """

    def __init__(self, random: Random, seeded: Iterable[Fault] = ()) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._all: OrderedDict[int, ArmedFault] = OrderedDict()
        self._over: OrderedDict[int, None] = OrderedDict()
        """Numbers of those that are over, in the order of their ends."""
        self._unmet: dict[int, ArmedFault] = {}
        """Required ones that nobody met."""
        self._live: Waiting[ArmedFault] = Waiting()
        self._handshakes: dict[Listener | None, OrderedDict[int, ArmedFault]] = {}
        """Live ones of TLS, by their listener."""
        for fault in seeded:
            self.arm(fault)

    def arm(self, fault: Fault) -> ArmedFault:
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
        """Those that are over included, oldest first."""
        with self._lock:
            return list(self._all.values())

    def page(self, *, after: int, limit: int) -> list[ArmedFault]:
        """So many of them with a number above ``after``, oldest first."""
        with self._lock:
            numbers = list(self._all)
            start = bisect_right(numbers, after)
            return [self._all[number] for number in numbers[start : start + limit]]

    @property
    def live(self) -> int:
        """How many are not over."""
        return len(self._live) + sum(map(len, list(self._handshakes.values())))

    @property
    def is_quiet(self) -> bool:
        """True where nothing can go wrong: asked at every exchange and connection."""
        return not self._live and not self._handshakes

    @property
    def unmet(self) -> list[ArmedFault]:
        """Required ones that nobody met."""
        with self._lock:
            return list(self._unmet.values())

    def find(self, identifier: int) -> ArmedFault | None:
        return self._all.get(identifier)

    def remove(self, identifier: int) -> bool:
        """False where there is none."""
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
        with self._lock:
            self._all.clear()
            self._over.clear()
            self._unmet.clear()
            self._live = Waiting()
            self._handshakes.clear()

    def drop_application(self, application: Application) -> None:
        """None of its faults happens any more: a later one of its name starts with nothing.

        They can still be asked for, and a required one that nobody met still speaks against the
        test.
        """
        names = names_of(application)
        with self._lock:
            for armed in self._live.of_applications(names):
                self._take_out(armed)
                armed.withdrawn = True
                self._keep_over(armed)

    def meet(self, caller: Caller) -> Fault | None:
        """The fault an exchange meets, the oldest that fits; that counts."""
        with self._lock:
            return self._first(self._live.fitting(caller)) if self._live else None

    def meet_named(self, caller: Caller) -> Fault | None:
        """The oldest that fits and names the caller's method; that counts."""
        with self._lock:
            fitting = self._live.fitting(caller) if self._live else ()
            return self._first(each for each in fitting if each.fault.target.names(caller.method))

    def foresee(self, caller: Caller) -> Fault | None:
        """The oldest that is sure to be met by such an exchange; that does not count.

        What happens by chance is passed over: nobody knows it beforehand.
        """
        with self._lock:
            fitting = self._live.fitting(caller) if self._live else ()
            return next((each.fault for each in fitting if each.fault.probability >= 1), None)

    def meet_connection(self, listener: Listener) -> Fault | None:
        """The fault a connection meets at its handshake."""
        with self._lock:
            numbers = heapq.merge(*(self._handshakes.get(each, ()) for each in (None, listener)))
            return self._first(self._all[number] for number in numbers)

    def jitter(self) -> float:
        """Between -1 and 1."""
        return 2 * self._random.random() - 1

    def _first(self, fitting: Iterable[ArmedFault]) -> Fault | None:
        """The first that its probability lets happen; it counts, and goes where it is over."""
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
        """Out of what calls and connections look through."""
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
