"""Decoding of a text in all plausible ways: its escapes, its Base64 and its hexadecimal.

A :data:`Search` searches each decoded reading. Its results are translated to places in the original
text. The number of readings is limited, and the time for each grows only with its length.
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Span = tuple[int, int]
Search = Callable[[str], list[Span]]

UNESCAPED = 4
"""Escapes inside escapes are decoded so many times at most."""
FORMS = 3
"""In the first of these readings, so many, a + is also read as a space, as in forms."""
DECODED = 2
"""Base64 or hexadecimal inside one another is decoded so many times at most."""

_ESCAPE = re.compile(
    r"%([0-9A-Fa-f]{2})"
    r"|\\u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|\\u([0-9A-Fa-f]{4})"
    r"|\\x([0-9A-Fa-f]{2})"
    r'|\\(["\\/bfnrt])'
)
"""An escape: ``%41`` of addresses and forms, those of JSON, and ``\\x41`` of programming
languages."""
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_IS_PLAIN = re.compile(r"[^%\\+\r\n]*+").fullmatch
"""Matches a text that has only one reading."""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LINE_END = re.compile(r"[\r\n]\s*+")


@dataclass(frozen=True, slots=True)
class View:
    """A decoded text, with the place of each character in the original text."""

    text: str
    offsets: Sequence[int]
    """The place of each character in the original text, and at the end that text's length."""

    def origin(self, span: Span) -> Span:
        """The part of the original text that decodes to a part of this one."""
        return self.offsets[span[0]], self.offsets[span[1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """An encoding of bytes, such as Base64: groups of characters stand for groups of bytes."""

    characters: int
    """The number of characters in a group."""
    size: int
    """The number of bytes in a group."""
    runs: re.Pattern[str]
    filling: Sequence[str]
    """The text to append to a run, by the number of characters in its last group. It completes the
    group and adds a separator, whose bytes no secret has."""
    decode: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The decoded runs of a text, joined to one text."""

    text: str
    coding: Coding
    runs: list[Span]
    """The parts of the original text that were decoded."""
    starts: list[int]
    """The place of each run in the decoded text."""

    def origin(self, span: Span) -> Span:
        """The part of the original text that decodes to a part of this one."""
        which = bisect_right(self.starts, span[0]) - 1
        begin, end = self.runs[which]
        characters, size = self.coding.characters, self.coding.size
        first, last = span[0] - self.starts[which], span[1] - self.starts[which]
        return begin + first * characters // size, min(begin - (-last * characters // size), end)


class FoundValue(NamedTuple):
    """Something that a search found: its place in the original text, and how it reads decoded."""

    span: Span
    value: str


def find_stretches(
    text: str, search: Search, *, shortest: int, decoded: int = DECODED
) -> list[Span]:
    """The parts of a text that decode to something that ``search`` finds, in any order.

    The arguments are those of :func:`find_values`.
    """
    return [each.span for each in find_values(text, search, shortest=shortest, decoded=decoded)]


def find_values(
    text: str, search: Search, *, shortest: int, decoded: int = DECODED
) -> list[FoundValue]:
    """What ``search`` finds in a text and in all that it decodes to, in any order.

    ``shortest`` is the smallest length of what ``search`` can find. ``decoded`` is the number of
    times that Base64 inside Base64 is decoded.
    """
    values: list[FoundValue] = []
    for views, holds_runs in _readings(text, outermost=decoded == DECODED):
        reading = views[-1].text if views else text
        here = [FoundValue(span, reading[slice(*span)]) for span in search(reading)]
        for each in _decoded(reading, shortest) if decoded and holds_runs else ():
            inner = find_values(each.text, search, shortest=shortest, decoded=decoded - 1)
            here.extend(FoundValue(each.origin(span), value) for span, value in inner)
        for view in reversed(views) if here else ():
            here = [FoundValue(view.origin(span), value) for span, value in here]
        values += here
    return values


def unescape(text: str) -> View | None:
    """A text with its escapes decoded once, None if it has none. Each byte is read as Latin-1."""
    if "%" not in text and "\\" not in text:
        return None
    return next(_substitute(_ESCAPE, text, _plain), None)


def _readings(text: str, *, outermost: bool) -> Iterator[tuple[list[View], bool]]:
    """The readings of a text: each as a list of views, and whether to search it for Base64.

    Each view decodes the one before; the list is empty for the text itself. Only the text itself
    and the last reading are searched for Base64, since escapes cannot be inside Base64.
    """
    yield [], True
    if _IS_PLAIN(text):
        return
    for first in _first_readings(text, outermost=outermost):
        chains = list(_unescaped(first, text))
        yield from ((each, each is chains[-1]) for each in chains if each)
        for each in chains[:FORMS]:
            form = each[-1].text if each else text
            if "+" in form:
                spaced = View(form.replace("+", " "), range(len(form) + 1))
                yield from ((views, False) for views in _unescaped([*each, spaced], text))


def _first_readings(text: str, *, outermost: bool) -> Iterator[list[View]]:
    """The texts whose escapes are decoded: the text itself, and two variants of it."""
    yield []
    if not outermost:
        return
    if "%" in text and not text.isascii():  # some of its characters are escaped, others are not
        yield from ([each] for each in _substitute(_NOT_ASCII, text, _as_bytes))
    if "\n" in text or "\r" in text:  # line ends inside Base64, as in mails
        yield from ([each] for each in _substitute(_LINE_END, text, lambda _: ""))


def _unescaped(views: list[View], text: str) -> Iterator[list[View]]:
    """``views``, and the longer lists after each decoding of escapes."""
    yield views
    for _ in range(UNESCAPED):
        view = unescape(views[-1].text if views else text)
        if view is None:
            return
        views = [*views, view]
        yield views


def _substitute(
    pattern: re.Pattern[str], text: str, plain: Callable[[re.Match[str]], str]
) -> Iterator[View]:
    """The text with all matches of a pattern replaced; nothing if there is no match."""
    pieces: list[str] = []
    offsets: list[int] = []
    end = 0
    for found in pattern.finditer(text):
        begin = found.start()
        pieces.append(text[end:begin])
        offsets.extend(range(end, begin))
        end = found.end()
        piece = plain(found)
        pieces.append(piece)
        offsets.extend([begin] * len(piece))
    if pieces:
        pieces.append(text[end:])
        offsets.extend(range(end, len(text) + 1))
        yield View("".join(pieces), offsets)


def _plain(found: re.Match[str]) -> str:
    of_address, high, low, of_json, of_program, short = found.groups()
    if of_address or of_program:
        return chr(int(of_address or of_program, 16))
    if high:
        return bytes.fromhex(high + low).decode("utf-16-be")
    return chr(int(of_json, 16)) if of_json else _CONTROL.get(short, short)


def _as_bytes(found: re.Match[str]) -> str:
    return found[0].encode("utf-8", "surrogatepass").decode("latin-1")


def _decoded(text: str, shortest: int) -> Iterator[Decoded]:
    """The decoded runs of each encoding. A group may begin at any character of a run."""
    for coding in CODINGS:
        least = shortest * coding.characters // coding.size
        runs = [
            (begin + shift, end)
            for begin, end in map(_SPAN, coding.runs.finditer(text))
            if end - begin >= least
            for shift in range(coding.characters)
        ]
        if runs:
            yield _decode(text, coding, runs)


def _decode(text: str, coding: Coding, runs: list[Span]) -> Decoded:
    pieces: list[str] = []
    starts: list[int] = []
    start = 0
    for begin, end in runs:
        piece = text[begin:end] + coding.filling[(end - begin) % coding.characters]
        pieces.append(piece)
        starts.append(start)
        start += len(piece) * coding.size // coding.characters
    return Decoded(coding.decode("".join(pieces)).decode("latin-1"), coding, runs, starts)


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text.translate(_STANDARD))


_STANDARD = str.maketrans("-_", "+/")

_SPAN = re.Match.span

CODINGS = (
    Coding(
        characters=4,
        size=3,
        runs=re.compile(r"[A-Za-z0-9+/_-]{6,}+"),
        filling=("////", "AAA////", "AA////", "A////"),
        decode=_from_base64,
    ),
    Coding(
        characters=2,
        size=1,
        runs=re.compile(r"[0-9A-Fa-f]{8,}+"),
        filling=("ffffff", "0ffffff"),
        decode=bytes.fromhex,
    ),
)
