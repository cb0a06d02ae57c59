"""Faults that a test injects: what goes wrong, for which calls, and how often.

``server_faults.py`` decides which fault a call meets, ``web/faults.py`` applies it to a call,
``runtime/`` to a connection.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal

from pydantic import ValidationError

from mock_sei.errors import Rejected
from mock_sei.matching.part_schema import PART_SCHEMAS
from mock_sei.matching.parts import PART_EXAMPLES, PARTS, RequestParts, plain_part
from mock_sei.matching.targets import CallTarget, Operations, find_text_problem
from mock_sei.rules.arguments import plain_problem, unknown_names
from mock_sei.rules.standards import Listener
from mock_sei.values.cached import cached_property
from mock_sei.values.codecs import Codec, adapter
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


RULE: Codec[FaultRule] = Codec(
    write=lambda rule: json.dumps(asdict(rule)),
    read=lambda text: adapter(FaultRule).validate_python(json.loads(text)),
)
"""How a store keeps a fault: NaN and half a surrogate pair stay what they are."""

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
        fault: FaultRule = adapter(FaultRule).validate_python(known)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            problems[str(each["loc"][0])] = plain_problem(each)
        raise Rejected(problems) from None
    if problems:
        raise Rejected(problems)
    return fault


def fault_schema() -> dict[str, Any]:
    """The JSON Schema of a fault for an OpenAPI document, without references."""
    usual, schema = asdict(FaultRule()), adapter(FaultRule).json_schema()
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
    fault = adapter(FaultRule).validate_python(fields_told)
    return ArmedFault(
        identifier=told["id"], fault=fault, met=told["met"], withdrawn=told["withdrawn"]
    )
