"""The controls of the dashboard: one table, with what each does and how a test does the same.

A control performs the operation that the control API performs. The portal has no log-in and may
listen on more addresses than the control API, so the controls are only for connections over
loopback, unless the setting ``portal_controls`` gives them to everybody.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Request as HttpRequest
from pydantic_core import to_jsonable_python

from mock_sei.errors import ACCESS_DENIED, Refusal, Rejected
from mock_sei.operations.clock import AdvanceClock, ResetClock, SetClock
from mock_sei.operations.faults import AddFault, ClearFaults, RemoveFault
from mock_sei.operations.requests import Request
from mock_sei.operations.server import Reset
from mock_sei.operations.table import row_of
from mock_sei.rules import checks
from mock_sei.rules.addresses import Addresses, is_loopback
from mock_sei.values.texts import spelled
from mock_sei.web.example_calls import control_option
from mock_sei.web.portal.visit import Visit

OPTION = "--portal-controls"

RESET_BY = "the portal"
"""Named in the message about an application that the reset removed."""


def is_over_loopback(request: HttpRequest) -> bool:
    """Whether both ends of the connection are loopback addresses.

    A header cannot change them: the server ignores forwarded headers.
    """
    return all(each is not None and is_loopback(each) for each in _ends(request))


def _ends(request: HttpRequest) -> tuple[str | None, str | None]:
    """The client's address and the server's own one."""
    client, server = request.scope.get("client"), request.scope.get("server")
    return client[0] if client else None, server[0] if server else None


def are_allowed(visit: Visit) -> bool:
    """Whether this connection may use the controls."""
    return visit.platform.settings.portal_controls or is_over_loopback(visit.request)


def require_allowed(visit: Visit) -> None:
    """Raises :class:`Refusal` if this connection must not use the controls."""
    if are_allowed(visit):
        return
    client, server = _ends(visit.request)
    raise Refusal(
        ACCESS_DENIED,
        check=checks.PORTAL_CONTROLS,
        because="The controls of the portal are only for connections over loopback, since the "
        f"portal has no log-in. Open the portal on the machine of the server, start the server "
        f"with {OPTION}, or use the control API.",
        expected=f"a connection over loopback, or {OPTION}",
        actual=f"a connection from {client} to {server}",
    )


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control of the dashboard."""

    label: str
    read: Callable[[Visit], Request[Any]]
    """The operation that the form asks for. Raises :class:`Rejected`."""
    command: Callable[[Any], str]
    """The arguments of ``mock-sei`` that perform an operation."""
    python: Callable[[Any], str]
    """The line in a test that performs an operation."""
    done: str
    """The key of the sentence that the page shows afterwards."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a test or a shell performs an operation."""

    curl: str
    command: str
    python: str


def ways_of(control: Control, request: Request[Any], addresses: Addresses) -> Recipe:
    """The lines to paste that do what a control does."""
    option = "".join(f" {each}" for each in control_option(addresses))
    return Recipe(
        curl=_curl(request, addresses.control),
        command=f"mock-sei {control.command(request)}{option}",
        python=control.python(request),
    )


def _curl(request: Request[Any], url: str) -> str:
    row = row_of(request)
    placed = row.placed
    path = row.path
    for name in placed.path:
        path = path.replace(f"{{{name}}}", str(getattr(request, name)))
    words = ["curl", "-sS", "-X", row.method, f"{url}{path}"]
    body = (
        getattr(request, placed.whole)
        if placed.whole is not None
        else {
            name: getattr(request, name)
            for name in placed.body
            if getattr(request, name) != request.usual.get(name)
        }
    )
    if body:
        words += ["-d", json.dumps(to_jsonable_python(body))]
    return shlex.join(words)


def _always(request: Request[Any]) -> Callable[[Visit], Request[Any]]:
    return lambda _: request


def _advance(label: str, duration: str, **step: int) -> Control:
    called = ", ".join(f"{name}={value}" for name, value in step.items())
    return Control(
        label=label,
        read=_always(AdvanceClock(**step)),
        command=lambda _: f"clock advance {duration}",
        python=lambda _: f"mock_sei.clock.advance({called})",
        done="clock",
    )


def _read_moment(visit: Visit) -> SetClock:
    return SetClock(now=read_moment(visit.value("now")))


def read_moment(text: str) -> datetime:
    """A time as the page shows it, which has no zone and is UTC, or one with its zone.

    Raises :class:`Rejected`.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        problem = f"{spelled(text[:40])} is no time such as 2027-01-31 09:00:00"
        raise Rejected({"now": problem}) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _set_command(request: SetClock) -> str:
    moment = _moment_of(request).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"clock set {moment}"


def _moment_of(request: SetClock) -> datetime:
    """The time in UTC. Raises :class:`Rejected` if the request has none."""
    if request.now is None:
        raise Rejected({"now": "no time is given"})
    return request.now.astimezone(UTC)


def _set_line(request: SetClock) -> str:
    moment = _moment_of(request)
    parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute]
    parts += [moment.second] if moment.second else []
    return f"mock_sei.clock.set(datetime({', '.join(map(str, parts))}, tzinfo=UTC))"


@dataclass(frozen=True, kw_only=True)
class FaultKind:
    """What goes wrong, as the form offers it."""

    label: str
    fields: Mapping[str, Any]
    """The fields of the fault."""


WITH_STATUS = "status"
FAULT_KINDS: Mapping[str, FaultKind] = {
    WITH_STATUS: FaultKind(label="An error with this status", fields={}),
    "slow": FaultKind(label="An answer after 5 seconds", fields={"latency": 5}),
    "stall": FaultKind(label="No answer at all", fields={"stall": True}),
    "cut": FaultKind(
        label="The connection breaks before the answer", fields={"cut": "before-headers"}
    ),
    "malformed": FaultKind(label="JSON that is cut off", fields={"malformed": True}),
    "tls-stall": FaultKind(label="The TLS handshake never ends", fields={"tls": "stall"}),
    "tls-close": FaultKind(label="The TLS connection is closed at once", fields={"tls": "close"}),
}
"""The kinds of faults in the form; the control API knows more."""

EXAMPLE_FAULT: Mapping[str, Any] = {
    "operation": "POST /v2/oauthtoken",
    "status": 503,
    "times": 2,
}
"""The fault that the form has when the page is opened."""


def _read_fault(visit: Visit) -> AddFault:
    kind = FAULT_KINDS.get(visit.value("kind"))
    if kind is None:
        raise Rejected({"kind": f"must be one of {', '.join(FAULT_KINDS)}"})
    fields: dict[str, Any] = {}
    operation = visit.value("operation").strip()
    if operation:
        fields["operation"] = operation
    fields |= kind.fields
    if visit.value("kind") == WITH_STATUS:
        fields["status"] = _whole(visit, "status")
    if visit.value("times").strip():
        fields["times"] = _whole(visit, "times")
    return AddFault(fields=fields)


def _whole(visit: Visit, name: str) -> int:
    text = visit.value(name).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Rejected({name: f"{spelled(text[:40])} is no whole number"})
    return int(text)


def _fault_command(request: AddFault) -> str:
    """Its operation is an argument, its other fields are options."""
    fields = dict(request.fields)
    words = ["faults", "add", *filter(None, [fields.pop("operation", None)])]
    for name, value in fields.items():
        words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join(words)


def _fault_line(request: AddFault) -> str:
    fields = dict(request.fields)
    operation = fields.pop("operation", None)
    values = [] if operation is None else [json.dumps(operation)]
    values += [f"{name}={_literal(value)}" for name, value in fields.items()]
    return f"mock_sei.faults.add({', '.join(values)})"


def _literal(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


CONTROLS: Mapping[str, Control] = {
    "advance-31m": _advance("+31 min", "31m", minutes=31),
    "advance-1h": _advance("+1 h", "1h", hours=1),
    "advance-90d": _advance("+90 days", "90d", days=90),
    "freeze": Control(
        label="Freeze",
        read=_always(SetClock(frozen=True)),
        command=lambda _: "clock freeze",
        python=lambda _: "mock_sei.clock.freeze()",
        done="frozen",
    ),
    "unfreeze": Control(
        label="Let it run",
        read=_always(SetClock(frozen=False)),
        command=lambda _: "clock unfreeze",
        python=lambda _: "mock_sei.clock.unfreeze()",
        done="running",
    ),
    "set": Control(
        label="Set",
        read=_read_moment,
        command=_set_command,
        python=_set_line,
        done="clock",
    ),
    "back": Control(
        label="Back to the machine's time",
        read=_always(ResetClock()),
        command=lambda _: "clock reset",
        python=lambda _: "mock_sei.clock.reset()",
        done="back",
    ),
    "arm-fault": Control(
        label="Arm",
        read=_read_fault,
        command=_fault_command,
        python=_fault_line,
        done="armed",
    ),
    "remove-fault": Control(
        label="Remove",
        read=lambda visit: RemoveFault(identifier=_whole(visit, "identifier")),
        command=lambda request: f"faults remove {request.identifier}",
        python=lambda request: f"mock_sei.faults.remove({request.identifier})",
        done="removed",
    ),
    "clear-faults": Control(
        label="Remove all faults",
        read=_always(ClearFaults()),
        command=lambda _: "faults clear",
        python=lambda _: "mock_sei.faults.clear()",
        done="cleared",
    ),
    "reset": Control(
        label="Reset",
        read=_always(Reset(by=RESET_BY)),
        command=lambda _: "reset",
        python=lambda _: "mock_sei.reset()",
        done="reset",
    ),
}
"""Every control, by the end of its path."""
