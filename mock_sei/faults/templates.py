"""Placeholders in a scripted answer, such as ``{{request.query.limit}}``, and their values.

A placeholder names a value of the request or of the platform. It is replaced when the answer is
given. There are no expressions, and a text that was put in is never read again. A value that is
missing is an error: :class:`CannotFill`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice, zip_longest
from typing import Any, Literal

from mock_sei.matching.sent import NO_JSON, SentRequest
from mock_sei.rules.arguments import suggestion
from mock_sei.values.engines import compile_linear, searchable
from mock_sei.values.sendable import LONGEST_TEXT, json_content, shown
from mock_sei.values.texts import beginning, is_text

OPENING, CLOSING = "{{", "}}"
MOST_PLACEHOLDERS = 1000
"""Most placeholders in one answer."""
LARGEST_READ = 1024 * 1024
"""A body of a request is read for placeholders up to this size in bytes."""
AS_THEY_ARE = "with template=False the braces are sent as they are"
_SLOT = 256
"""Bytes that one placeholder takes."""
_MOST_NAMES = 10
"""A message names so many members or parameters that came, at most."""

PLACEHOLDERS: Mapping[str, str] = {
    "request.method": "the method of the request",
    "request.path": "the whole path",
    "request.path.NAME": "the segment that the operation of the answer calls `{NAME}`; a number "
    "counts the segments from 0",
    "request.query.NAME": "the first value of a parameter of the query",
    "request.headers.NAME": "the first value of a header",
    "request.json/POINTER": "a part of the JSON body, by its JSON Pointer (RFC 6901); "
    "`request.json.a.0.b` means `request.json/a/0/b`",
    "request.json": "the whole JSON body",
    "request.body": "the whole body, as text",
    "clock.now": "the time of the platform's clock, in UTC (RFC 3339)",
    "counter.NAME": "how many answers with this counter were given: 1, 2, 3",
    "random.uuid": "a random UUID, which repeats under a seed",
    "state.NAME": "the value of a state, before the `then` of the answer",
}
"""Every placeholder, and what it becomes."""

Kind = Literal[
    "method",
    "path",
    "segment",
    "query",
    "header",
    "json",
    "body",
    "now",
    "counter",
    "uuid",
    "state",
]
_WHOLE: Mapping[str, Kind] = {
    "request.method": "method",
    "request.path": "path",
    "request.json": "json",
    "request.body": "body",
    "clock.now": "now",
    "random.uuid": "uuid",
}
_NAMED: Mapping[str, Kind] = {
    "request.path.": "segment",
    "request.query.": "query",
    "request.headers.": "header",
    "counter.": "counter",
    "state.": "state",
}
_JSON = re.compile(r"request\.json(?:\.?(?P<pointer>/.*)|\.(?P<steps>[^/].*))", re.DOTALL)
_WRONG_ESCAPE = re.compile(r"~(?![01])")


class PlaceholderError(ValueError):
    """A text has a placeholder that means nothing. The message names it."""


class CannotFill(Exception):
    """A placeholder has no value for this request, or its value cannot be sent."""

    def __init__(self, placeholder: str, because: str, *, actual: str | None = None) -> None:
        super().__init__(because)
        self.placeholder = placeholder
        self.because = because
        self.actual = actual
        """What came instead. It may have secrets."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder, without its braces."""

    text: str
    kind: Kind
    name: str = ""
    steps: tuple[str, ...] = ()
    """The steps of a JSON Pointer."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a value in an answer."""

    placeholder: Placeholder
    written: Literal["text", "string", "value"]
    """How the value is written: as it is, within a JSON string, or as a whole JSON value."""


Part = str | Slot


# Reading


def has_placeholder(text: str) -> bool:
    return OPENING in text


def text_parts(text: str, segments: Sequence[str]) -> list[Part]:
    """The parts of a text. ``segments`` are the names of segments in the operation.

    Raises :class:`PlaceholderError`.
    """
    split = _split(text)
    _check_count(len(split) // 2)
    return [
        Slot(read_placeholder(each, segments), "text") if index % 2 else each
        for index, each in enumerate(split)
    ]


def json_parts(content: str, segments: Sequence[str]) -> list[Part]:
    """The parts of a JSON text; the names of its members stay as they are.

    Raises :class:`PlaceholderError`.
    """
    parts: list[Part] = []
    at = count = 0
    for found in _JSON_TEXT.finditer(content):
        is_name = content.startswith(":", found.end())
        if is_name or not has_placeholder(found[0]):
            continue
        split = _split(json.loads(found[0]))
        count += len(split) // 2
        _check_count(count)
        parts += [content[at : found.start()], *_parts_in_json(split, segments)]
        at = found.end()
    return [*parts, content[at:]]


_JSON_TEXT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')


def _check_count(count: int) -> None:
    if count > MOST_PLACEHOLDERS:
        raise PlaceholderError(f"{count} placeholders; at most {MOST_PLACEHOLDERS} in one answer")


def _parts_in_json(split: Sequence[str], segments: Sequence[str]) -> list[Part]:
    """The parts of one text of a JSON value, with its quotes. ``split`` is the text as
    :func:`_split` gives it."""
    placeholders = [read_placeholder(each, segments) for each in split[1::2]]
    if split[::2] == ["", ""] and placeholders[0].kind == "json":
        return [Slot(placeholders[0], "value")]
    parts: list[Part] = ['"']
    for literal, placeholder in zip_longest(split[::2], placeholders):
        parts.append(json.dumps(literal)[1:-1])
        if placeholder is not None:
            parts.append(Slot(placeholder, "string"))
    return [*parts, '"']


def _split(text: str) -> list[str]:
    """Texts as they are at even places, placeholders at odd ones."""
    found, at = [], 0
    while (start := text.find(OPENING, at)) >= 0:
        end = text.find(CLOSING, start)
        if end < 0:
            raise PlaceholderError(
                f"{shown(text[start : start + 50])}: no {CLOSING} ends this placeholder; "
                f"{AS_THEY_ARE}"
            )
        found += [text[at:start], text[start + len(OPENING) : end].strip()]
        at = end + len(CLOSING)
    return [*found, text[at:]]


def read_placeholder(text: str, segments: Sequence[str]) -> Placeholder:
    """What a placeholder without its braces means. Raises :class:`PlaceholderError`."""
    if len(text) > LONGEST_TEXT:
        raise PlaceholderError(
            f"{_braced(text[:50])}…: a placeholder has at most {LONGEST_TEXT} characters, "
            f"not {len(text)}; {AS_THEY_ARE}"
        )
    if text in _WHOLE:
        return Placeholder(text, _WHOLE[text])
    for beginning_of, kind in _NAMED.items():
        name = text.removeprefix(beginning_of)
        if name and name != text:
            if kind == "segment":
                _check_segment(text, name, segments)
            return Placeholder(text, kind, name.lower() if kind == "header" else name)
    found = _JSON.fullmatch(text)
    if found is None:
        raise PlaceholderError(
            f"{_braced(text)}: no such placeholder; {suggestion(text, _similar(text))} "
            f"({AS_THEY_ARE})"
        )
    if found["pointer"] is None:
        return Placeholder(text, "json", steps=tuple(found["steps"].split(".")))
    if _WRONG_ESCAPE.search(found["pointer"]):
        raise PlaceholderError(
            f"{_braced(text)}: in a JSON Pointer ~ is written ~0 and / is written ~1 (RFC 6901)"
        )
    steps = found["pointer"].split("/")[1:]
    unescaped = (each.replace("~1", "/").replace("~0", "~") for each in steps)
    return Placeholder(text, "json", steps=tuple(unescaped))


def _check_segment(text: str, name: str, segments: Sequence[str]) -> None:
    if name in segments or (name.isascii() and name.isdigit()):
        return
    raise PlaceholderError(
        f"{_braced(text)}: the operation of the answer has no segment {{{name}}}; "
        f"{suggestion(name, segments)}; a number counts the segments from 0 ({AS_THEY_ARE})"
    )


def _similar(text: str) -> list[str]:
    """The names of all placeholders, each with the end of this text in place of ``NAME``."""
    steps = text.split(".")
    ends = {2: ".".join(steps[1:]) or "NAME", 3: ".".join(steps[2:]) or "NAME"}
    return [
        each.replace("NAME", ends[each.count(".") + 1]) if "NAME" in each else each
        for each in PLACEHOLDERS
    ]


def _braced(text: str) -> str:
    return f"{OPENING}{shown(text)[1:-1]}{CLOSING}"


_WILD = re.compile(r"(\{[^}]*\}|\*+)")


def segment_names(operation: str) -> list[str]:
    """The names of the segments in an operation: ``GET /v1/accounts/{id}`` has ``id``."""
    return [each[1:-1] for each in _WILD.split(operation)[1::2] if len(each) > 2 and each[0] == "{"]


class SegmentReader:
    """Reads the segments that an operation names from the path of a call."""

    def __init__(self, operation: str) -> None:
        parts = _WILD.split(operation.partition(" ")[2])
        self._names = [each[1:-1] for each in parts[1::2] if each[0] == "{"]
        literals = map(re.escape, parts[::2])
        wild = ["([^/]+)" if each[0] == "{" else ".*" for each in parts[1::2]]
        mixed = [each for pair in zip(literals, [*wild, ""], strict=True) for each in pair]
        self._pattern: Any = compile_linear(f"(?s){''.join(mixed)}") if self._names else None

    def read(self, path: str) -> dict[str, str]:
        """The segments by their names. The first counts if a name stands twice."""
        found = None if self._pattern is None else self._pattern.fullmatch(searchable(path))
        values = () if found is None else found.groups()
        return dict(reversed(list(zip(self._names, values, strict=False))))


# What an answer is filled with


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
