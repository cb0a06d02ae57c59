"""Trouble on purpose: what goes wrong, where, how often.

Only the decision lies here; ``web/trouble.py`` makes it happen to an exchange, ``runtime/`` to a
connection. A fault that was armed and never met can be asked for.
"""

from __future__ import annotations

import difflib
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any, ClassVar, Literal

from pydantic import TypeAdapter, ValidationError

from mock_sei.bench.targets import Caller, Target
from mock_sei.errors import Rejected
from mock_sei.standards import Listener

Cut = Literal["before-headers", "after-headers", "in-body"]
TlsTrouble = Literal["stall", "close"]

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses whose request may be repeated as it is."""
RETRY_LATER = frozenset({429, 503})
"""Statuses that carry ``Retry-After`` (RFC 6585 section 4, RFC 9110 section 15.6.4)."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault as it was armed. What is left out does not happen."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    operation: str | None = None
    """``METHOD /path``; ``{name}`` stands for a segment, ``*`` for anything."""
    application: str | None = None
    """Name, AppKey or service account."""
    listener: Listener | None = None
    times: int | None = None
    """After which it is over; None until it is removed."""
    probability: float = 1.0
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
        problems: dict[str, str] = {}
        for name, (good, rule) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not good(value):
                problems[name] = f"{value!r}: {rule}"
        if self.target.problem:
            problems["operation"] = f"{self.operation!r}: {self.target.problem}"
        if self.tls and (self.operation or self.application):
            problems["tls"] = "a handshake has no operation and no application; name a listener"
        if self == Fault(**{name: getattr(self, name) for name in _WHERE}):
            problems["status"] = f"nothing goes wrong; there are {', '.join(EFFECTS)}"
        return problems

    def __str__(self) -> str:
        """What goes wrong, for the journal."""
        effects = asdict(self)
        usual = asdict(Fault())
        shown = {name: effects[name] for name in EFFECTS if effects[name] != usual[name]}
        return ", ".join(f"{name} {value}" for name, value in shown.items())


_WHERE = ("operation", "application", "listener", "times", "probability", "required")

FIELDS = tuple(each.name for each in fields(Fault))
EFFECTS = tuple(name for name in FIELDS if name not in _WHERE)
"""What can go wrong."""

_BOUNDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "times": (lambda value: value >= 1, "at least 1"),
    "probability": (lambda value: 0 < value <= 1, "above 0, at most 1"),
    "latency": (lambda value: 0 <= value <= 600, "seconds, 0 to 600"),
    "spread": (lambda value: 0 <= value <= 600, "seconds, 0 to 600"),
    "status": (lambda value: 200 <= value <= 599, "a status, 200 to 599"),
    "retry_after": (lambda value: 0 <= value <= 86_400, "seconds, 0 to 86400"),
    "drip": (lambda value: 1 <= value <= 1_000_000, "bytes a second, 1 to 1000000"),
    "token_lifetime": (lambda value: 0 <= value <= 3600, "seconds, 0 to 3600"),
    "content_type": (lambda value: value.isprintable() and value.isascii(), "a media type"),
}


@dataclass(kw_only=True)
class Armed:
    """A fault with what became of it."""

    identifier: int
    fault: Fault
    met: int = 0

    @property
    def is_over(self) -> bool:
        return self.fault.times is not None and self.met >= self.fault.times

    def to_json(self) -> dict[str, Any]:
        return {"id": self.identifier, **asdict(self.fault), "met": self.met}


def read_fault(values: Mapping[str, Any], operations: Iterable[str]) -> Fault:
    """Raises :class:`Rejected` naming every field at fault."""
    try:
        fault = TypeAdapter(Fault).validate_python(dict(values))
    except ValidationError as error:
        problems = {}
        for each in error.errors(include_url=False):
            name = str(each["loc"][0])
            if each["type"] == "unexpected_keyword_argument":
                near = difflib.get_close_matches(name, FIELDS, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                problems[name] = f"no such field{hint}"
            else:
                problems[name] = each["msg"][0].lower() + each["msg"][1:]
        raise Rejected(problems) from None
    problems = fault.problems()
    known = list(operations)
    if "operation" not in problems and not fault.target.is_known(known):
        near = difflib.get_close_matches(str(fault.operation), known, n=3, cutoff=0.0)
        problems["operation"] = (
            f"there is no {fault.operation}, so it would never be met; the nearest are "
            f"{', '.join(near)}"
        )
    if problems:
        raise Rejected(problems)
    return fault


class Faults:
    """The faults of one platform state."""

    def __init__(self, random: Random, seeded: Iterable[Fault] = ()) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._armed: tuple[Armed, ...] = ()
        for fault in seeded:
            self.arm(fault)

    def arm(self, fault: Fault) -> Armed:
        with self._lock:
            armed = Armed(identifier=next(self._numbers), fault=fault)
            self._armed = (*self._armed, armed)
            return armed

    @property
    def armed(self) -> list[Armed]:
        """Those that are over included, oldest first."""
        return list(self._armed)

    @property
    def is_quiet(self) -> bool:
        """True where nothing can go wrong: asked at every exchange."""
        return not self._armed

    @property
    def unmet(self) -> list[Armed]:
        """Required ones that nobody met."""
        return [each for each in self._armed if each.fault.required and not each.met]

    def remove(self, identifier: int) -> bool:
        """False where there is none."""
        with self._lock:
            left = tuple(each for each in self._armed if each.identifier != identifier)
            found = len(left) < len(self._armed)
            self._armed = left
            return found

    def clear(self) -> None:
        with self._lock:
            self._armed = ()

    def meet(self, caller: Caller) -> Fault | None:
        """The fault an exchange meets, the oldest that fits; that counts."""
        return self._first(lambda fault: fault.tls is None and fault.target.fits(caller))

    def meet_connection(self, listener: Listener) -> Fault | None:
        """The fault a connection meets at its handshake."""
        return self._first(
            lambda fault: fault.tls is not None and fault.listener in (None, listener)
        )

    def jitter(self) -> float:
        """Between -1 and 1."""
        return 2 * self._random.random() - 1

    def _first(self, fits: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for each in self._armed:
                if each.is_over or not fits(each.fault):
                    continue
                probability = each.fault.probability
                if probability < 1 and self._random.random() >= probability:
                    continue
                each.met += 1
                return each.fault
        return None
