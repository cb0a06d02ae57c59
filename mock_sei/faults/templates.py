"""Fills a scripted answer with the values of its placeholders when it is given.

A text that was put in is never read again. A value that is missing is an error:
:class:`CannotFill`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from mock_sei.faults.placeholders import Kind, Part, Placeholder, Slot
from mock_sei.matching.sent import NO_JSON, SentRequest
from mock_sei.values.cached import cached_property
from mock_sei.values.sendable import json_content
from mock_sei.values.texts import beginning, is_text

LARGEST_READ = 1024 * 1024
"""A body of a request is read for placeholders up to this size in bytes."""
_SLOT = 256
"""Bytes that one placeholder takes."""
_MOST_NAMES = 10
"""A message names so many members or parameters that came, at most."""


class CannotFill(Exception):
    """A placeholder has no value for this request, or its value cannot be sent."""

    def __init__(self, placeholder: str, because: str, *, actual: str | None = None) -> None:
        super().__init__(because)
        self.placeholder = placeholder
        self.because = because
        self.actual = actual
        """What came instead. It may have secrets."""


@dataclass(frozen=True, kw_only=True)
class AnswerTemplate:
    """The parts of an answer that has placeholders."""

    body: Sequence[Part] | None
    """None if the body has no placeholder."""
    headers: Mapping[str, Sequence[Part]]
    """The headers with placeholders, by their names."""

    @cached_property
    def placeholders(self) -> list[Placeholder]:
        """All placeholders, in their order."""
        every = (self.body or (), *self.headers.values())
        return [each.placeholder for parts in every for each in parts if isinstance(each, Slot)]

    @cached_property
    def size(self) -> int:
        """About how many bytes its parts take."""
        every = (self.body or (), *self.headers.values())
        return sum(
            len(each) if isinstance(each, str) else _SLOT + len(each.placeholder.text)
            for parts in every
            for each in parts
        )

    @cached_property
    def reads_body(self) -> bool:
        """Whether the body of the request is needed."""
        return any(each.kind in ("json", "body") for each in self.placeholders)

    @cached_property
    def uuids(self) -> int:
        """How many random UUIDs are needed."""
        return sum(each.kind == "uuid" for each in self.placeholders)

    @cached_property
    def counters(self) -> Sequence[str]:
        """The names of the counters."""
        return self._names_of("counter")

    @cached_property
    def states(self) -> Sequence[str]:
        """The names of the states."""
        return self._names_of("state")

    def _names_of(self, kind: Kind) -> list[str]:
        return list(dict.fromkeys(each.name for each in self.placeholders if each.kind == kind))


class Values:
    """The values of all placeholders for one call."""

    def __init__(
        self,
        *,
        method: str,
        path: str,
        segments: Mapping[str, str],
        sent: SentRequest,
        now: datetime,
        counters: Mapping[str, int],
        states: Mapping[str, str],
        uuids: Iterable[str],
    ) -> None:
        self.method = method
        self.path = path
        self.segments = segments
        self.sent = sent
        self.now = now
        self.counters = counters
        self.states = states
        self.uuids = iter(uuids)
        self._written: dict[Slot, str] = {}

    def fill(self, parts: Iterable[Part], *, most: int, what: str) -> str:
        """The text of all parts. Raises :class:`CannotFill`, also for over ``most`` bytes."""
        pieces, size = [], 0
        for part in parts:
            piece = part if isinstance(part, str) else self._write(part)
            size += len(piece) if piece.isascii() else len(piece.encode())
            if size > most:
                named = "" if isinstance(part, str) else part.placeholder.text
                raise CannotFill(named, f"{what} would have more than {most} bytes")
            pieces.append(piece)
        return "".join(pieces)

    def _write(self, slot: Slot) -> str:
        if slot.placeholder.kind == "uuid":
            return next(self.uuids)
        if slot not in self._written:
            self._written[slot] = self._written_anew(slot)
        return self._written[slot]

    def _written_anew(self, slot: Slot) -> str:
        placeholder = slot.placeholder
        value = _FINDERS[placeholder.kind](self, placeholder)
        if isinstance(value, str) and not is_text(value):
            raise CannotFill(
                placeholder.text, "its value has half a surrogate pair, which is no text"
            )
        if slot.written == "value" or not isinstance(value, str):
            try:
                value = json_content(value).decode()
            except ValueError as error:
                raise CannotFill(placeholder.text, f"its value {error}") from None
            if slot.written == "value":
                return value
        return value if slot.written == "text" else json.dumps(value)[1:-1]


def _find_segment(values: Values, placeholder: Placeholder) -> str:
    name = placeholder.name
    if name in values.segments:
        return values.segments[name]
    every = values.path.split("/")[1:]
    if name.isdigit() and len(name) < 10 and int(name) < len(every):
        return every[int(name)]
    raise CannotFill(
        placeholder.text,
        f"the path has no segment {name}",
        actual=f"{len(every)} segments, counted from 0",
    )


def _first(
    placeholder: Placeholder, came: Mapping[str, Sequence[str]], lacking: str, what: str
) -> str:
    values = came.get(placeholder.name)
    if values:
        return values[0]
    raise CannotFill(
        placeholder.text, f"{lacking} {placeholder.name}", actual=_listed(came.keys(), what)
    )


def _listed(names: Iterable[str], what: str) -> str:
    """Names that came, for a message. The journal hides the secrets in it."""
    found = list(islice(names, _MOST_NAMES + 1))
    more = ", …" if len(found) > _MOST_NAMES else ""
    told = ", ".join(map(beginning, found[:_MOST_NAMES]))
    return f"{what} {told}{more}" if found else "none"


def _find_json(values: Values, placeholder: Placeholder) -> Any:
    sent = values.sent
    if sent.json is NO_JSON:
        raise CannotFill(placeholder.text, _because_no_json(sent))
    value = sent.json
    for index, step in enumerate(placeholder.steps):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and _is_index(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            pointer = "".join(f"/{each}" for each in placeholder.steps[: index + 1])
            raise CannotFill(
                placeholder.text, f"the JSON body has no {pointer}", actual=_told(value)
            )
    return value


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) < 10 and str(int(step)) == step


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return _listed(value, "an object with") if value else "an empty object"
    return f"a list of {len(value)}" if isinstance(value, list) else "a value without members"


def _because_no_json(sent: SentRequest) -> str:
    return "the body is no JSON" if _body_of(sent) else "the request has no body"


def _body_of(sent: SentRequest) -> bytes:
    return sent.body or b""


def _find_body(values: Values, placeholder: Placeholder) -> str:
    try:
        return _body_of(values.sent).decode()
    except UnicodeDecodeError:
        raise CannotFill(placeholder.text, "the body is no text in UTF-8") from None


def _find_counter(values: Values, placeholder: Placeholder) -> str:
    return str(values.counters[placeholder.name])


def _find_state(values: Values, placeholder: Placeholder) -> str:
    name = placeholder.name
    if name in values.states:
        return values.states[name]
    raise CannotFill(placeholder.text, f"the state {name} was not set before this answer")


def moment_text(moment: datetime) -> str:
    """A time in UTC (RFC 3339)."""
    return moment.isoformat().replace("+00:00", "Z")


_FINDERS: Mapping[Kind, Callable[[Values, Placeholder], Any]] = {
    "method": lambda values, _: values.method,
    "path": lambda values, _: values.path,
    "segment": _find_segment,
    "query": lambda values, placeholder: _first(
        placeholder, values.sent.query, "the query has no", "the parameters"
    ),
    "header": lambda values, placeholder: _first(
        placeholder, values.sent.headers, "the request has no header", "the headers"
    ),
    "json": _find_json,
    "body": _find_body,
    "now": lambda values, _: moment_text(values.now),
    "counter": _find_counter,
    "state": _find_state,
}
