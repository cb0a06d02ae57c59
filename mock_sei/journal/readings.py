"""The plain readings of a text: what it says once its escapes, Base64 and hexadecimal are decoded.

A :data:`Search` looks into each of them, and what it finds is told as stretches of the text itself:
those that decode to what was found. The number of readings is bounded, and each is made in a time
that its size sets.
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
Search = Callable[[str], list[Span]]

UNESCAPED = 4
"""How many times escapes are decoded, one inside the other."""
FORMS = 3
"""In how many of these readings + is read as a space too, as forms write a space."""
DECODED = 2
"""How many times Base64 or hexadecimal is decoded, one inside the other."""

_ESCAPE = re.compile(
    r"%([0-9A-Fa-f]{2})"
    r"|\\u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|\\u([0-9A-Fa-f]{4})"
    r"|\\x([0-9A-Fa-f]{2})"
    r'|\\(["\\/bfnrt])'
)
"""An escape of addresses and forms, or of JSON; ``\\x`` is a byte in programming languages."""
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_IS_PLAIN = re.compile(r"[^%\\+\r\n]*+").fullmatch
"""Finds out that a text has one reading."""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LINE_END = re.compile(r"[\r\n]\s*+")


@dataclass(frozen=True, slots=True)
class View:
    """A reading, and where its characters came from."""

    text: str
    offsets: Sequence[int]
    """Where each character came from; the last one is the size of the original text."""

    def origin(self, span: Span) -> Span:
        return self.offsets[span[0]], self.offsets[span[1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """Groups of characters that stand for groups of bytes."""

    characters: int
    size: int
    """Bytes of a group."""
    runs: re.Pattern[str]
    filling: Sequence[str]
    """By how many characters of its last group a run has: fills the group up, and adds one that
    stands between two runs, for bytes that no secret has."""
    decode: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The decoded runs of a text, one after the other."""

    text: str
    coding: Coding
    runs: list[Span]
    """Stretches of the text that were decoded."""
    starts: list[int]
    """Where each of them begins in the reading."""

    def origin(self, span: Span) -> Span:
        which = bisect_right(self.starts, span[0]) - 1
        begin, end = self.runs[which]
        characters, size = self.coding.characters, self.coding.size
        first, last = span[0] - self.starts[which], span[1] - self.starts[which]
        return begin + first * characters // size, min(begin - (-last * characters // size), end)


def find_stretches(
    text: str,
    search: Search,
    *,
    shortest: int,
    found: set[str] | None = None,
    decoded: int = DECODED,
) -> list[Span]:
    """Stretches of a text that decode to what ``search`` finds, in no order.

    ``shortest`` is the least number of characters of what can be found; ``found`` collects it, in
    plain text. ``decoded`` is how many times Base64 is decoded inside Base64.
    """
    spans: list[Span] = []
    for views, holds_runs in _readings(text, outermost=decoded == DECODED):
        reading = views[-1].text if views else text
        here = search(reading)
        if found is not None:
            found.update(reading[begin:end] for begin, end in here)
        for each in _decoded(reading, shortest) if decoded and holds_runs else ():
            inner = find_stretches(
                each.text, search, shortest=shortest, found=found, decoded=decoded - 1
            )
            here.extend(map(each.origin, inner))
        for view in reversed(views):
            here = [view.origin(span) for span in here]
        spans += here
    return spans


def unescape(text: str) -> View | None:
    """A text with its escapes decoded once, None where it has none. Bytes become Latin-1."""
    if "%" not in text and "\\" not in text:
        return None
    return next(_substitute(_ESCAPE, text, _plain), None)


def _readings(text: str, *, outermost: bool) -> Iterator[tuple[list[View], bool]]:
    """Each as the views that lead to it, one of the other (none for the text as it is), and whether
    runs of Base64 are looked for there: in the first and the last, since escapes are not in them.
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
    """What is unescaped: the text as it is, and as others would read it."""
    yield []
    if not outermost:
        return
    if "%" in text and not text.isascii():  # one of its characters is escaped, another is not
        yield from ([each] for each in _substitute(_NOT_ASCII, text, _as_bytes))
    if "\n" in text or "\r" in text:  # in the middle of Base64, as mail writes it
        yield from ([each] for each in _substitute(_LINE_END, text, lambda _: ""))


def _unescaped(views: list[View], text: str) -> Iterator[list[View]]:
    """Views, and what they become each time that escapes are decoded."""
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
    """The text with what a pattern finds replaced, where it finds anything."""
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
    """What the runs of each coding decode to, whichever of their characters a group begins at."""
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
