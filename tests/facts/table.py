"""What a row of the tables is: a fact, its page, the call that shows it, and the right answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mock_sei import MockSei
from tests.support import Served

Expected = Any
"""Of a member: its value, its type, a pattern of the whole text, one of the classes below, or
``...`` where it must be there."""

REFUSED = 0
"""Any status from 400 on."""

Nothing: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Within:
    """A text from ``first`` on and before ``end``."""

    first: str = ""
    end: str = "~"

    def fits(self, value: object) -> bool:
        return isinstance(value, str) and self.first <= value < self.end


@dataclass(frozen=True)
class Has:
    """A list that holds this value."""

    value: object

    def fits(self, value: object) -> bool:
        return isinstance(value, list) and self.value in value


@dataclass(frozen=True)
class AnyOf:
    """One of these values."""

    values: tuple[object, ...]

    def fits(self, value: object) -> bool:
        return value in self.values


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request of the platform. ``{name}`` stands for a value that an earlier call left."""

    request: str
    """Method and target: ``GET /v1/products``."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside the AppKey and the token; an empty text leaves a header out."""
    json: Any = None
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    files: Mapping[str, tuple[str, bytes, str]] | None = None
    of: str | None = "demo-server"
    """The application whose AppKey and token are sent; None for neither."""
    account: str | None = "svc-demo"
    """Whose certificate the connection has; None for the one-way listener."""
    keep: Mapping[str, str] = field(default_factory=dict)
    """Names for members of the answer."""


@dataclass(frozen=True, kw_only=True)
class Right:
    """What must be true of an answer. Paths are written as ``data.0.externalId``."""

    status: int = 200
    """:data:`REFUSED` where no page gives the status of a refusal."""
    body: Mapping[str, Expected] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    each: Mapping[str, Expected] = field(default_factory=dict)
    """Of every record in ``data``, and there is a record."""
    count: int | None = None
    """Of the records in ``data``."""
    fewer_than: str = ""
    """A target that has more records in all, so that a filter is seen to leave some out."""
    headers: Mapping[str, Expected] = field(default_factory=dict)
    holds: str = ""
    """A text that stands somewhere in the body."""


Shown = Callable[[Served], object]
OnSockets = Callable[[MockSei, Path], object]
"""With a folder of its own."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One row. Exactly one of ``calls``, ``shown``, ``on_sockets`` and ``cannot`` is given."""

    id: str
    fact: str
    page: str
    calls: tuple[Call, ...] = ()
    """One after the other. The last one's answer is judged; the earlier ones must succeed."""
    each_call: bool = False
    """The answer of every call is judged."""
    shown: Shown | None = None
    on_sockets: OnSockets | None = None
    needs: tuple[str, ...] = ()
    right: object = None
    """A :class:`Right` for calls, else the value that the function must return."""
    cannot: str = ""
    """Why no call can show it."""

    @property
    def ways(self) -> int:
        """In how many ways the row is shown; one is right."""
        return sum(map(bool, (self.calls, self.shown, self.on_sockets, self.cannot)))


def fact(number: str, text: str, page: str, call: Call | tuple[Call, ...], **right: Any) -> Fact:
    """A fact that calls show; ``right`` are fields of :class:`Right`."""
    calls = call if isinstance(call, tuple) else (call,)
    return Fact(id=number, fact=text, page=page, calls=calls, right=Right(**right))


def facts_of(number: str, text: str, page: str, calls: tuple[Call, ...], **right: Any) -> Fact:
    """A fact that each of several calls shows alike."""
    return Fact(id=number, fact=text, page=page, calls=calls, each_call=True, right=Right(**right))


def shown(number: str, text: str, page: str, how: Shown, right: object) -> Fact:
    """A fact that takes more than calls to show."""
    return Fact(id=number, fact=text, page=page, shown=how, right=right)


def on_sockets(
    number: str,
    text: str,
    page: str,
    how: OnSockets,
    right: object,
    *,
    needs: tuple[str, ...] = (),
) -> Fact:
    """A fact that takes connections or programs; ``needs`` names programs of others."""
    return Fact(id=number, fact=text, page=page, on_sockets=how, right=right, needs=needs)


def cannot(number: str, text: str, page: str, why: str) -> Fact:
    """A fact that no call can show."""
    return Fact(id=number, fact=text, page=page, cannot=why)


def get(target: str, headers: Mapping[str, str] = Nothing, **options: Any) -> Call:
    return Call(request=f"GET {target}", headers=headers, **options)


def post(target: str, json: Any = None, **options: Any) -> Call:
    return Call(request=f"POST {target}", json=json, **options)


def send(method: str, target: str, json: Any = None, **options: Any) -> Call:
    return Call(request=f"{method} {target}", json=json, **options)


def picks(number: str, page: str, target: str, query: str, **each: object) -> Fact:
    """A filter of one list."""
    return fact(
        number,
        f"{query.partition('=')[0]} is a filter of {target}",
        page,
        get(f"{target}?{query}"),
        each=each,
        fewer_than=target,
    )


def values(number: str, page: str, target: str, name: str, known: tuple[str, ...]) -> Fact:
    """The listed values of a parameter, each of which the platform takes."""
    return facts_of(
        number,
        f"the values of {name}: {', '.join(known)}",
        page,
        tuple(get(f"{target}?{name}={value}") for value in known),
    )


def like(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


GUID = like(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
