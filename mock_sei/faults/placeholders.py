"""Placeholders in a scripted answer, such as ``{{request.query.limit}}``: which there are.

A placeholder names a value of the request or of the platform. There are no expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from mock_sei.rules.arguments import suggestion
from mock_sei.values.engines import compile_linear, searchable
from mock_sei.values.sendable import LONGEST_TEXT, shown

OPENING, CLOSING = "{{", "}}"
MOST_PLACEHOLDERS = 1000
"""Most placeholders in one answer."""
AS_THEY_ARE = "with template=False the braces are sent as they are"

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
