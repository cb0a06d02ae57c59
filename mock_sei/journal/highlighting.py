"""JSON as it is shown: indented, and divided into pieces of one kind each.

The texts stay as they were sent: numbers and repeated names are not changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST_SHOWN = 32 * 1024
"""The most characters of an indented text. A longer one, such as of a deeply nested body, is shown
as it was sent."""
MOST_PIECES = 1500
"""So many pieces have a kind of their own; the rest of the text is one piece."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
_KINDS = {"true": "word", "false": "word", "null": "word"}


class Piece(NamedTuple):
    """A piece of a text. ``kind`` is ``name``, ``text``, ``number``, ``word`` or empty."""

    kind: str
    text: str


def highlighted(text: str) -> list[Piece]:
    """The pieces of a JSON text, indented. Any other text is one piece."""
    indented = _indented(text)
    return [Piece("", text)] if indented is None else _pieces(indented)


def highlighted_beginning(text: str, *, is_whole: bool) -> tuple[list[Piece], bool]:
    """The pieces of a JSON text, indented, and whether its end is left out. Any other text is one
    piece.

    ``is_whole`` is False for the beginning of a JSON text.
    """
    if not _begins_as_json(text) or (is_whole and not _is_json(text)):
        return [Piece("", text)], False
    lines, size, is_cut = [], 0, False
    for piece in _with_breaks(text):
        size += len(piece)
        if size > LONGEST_SHOWN:
            is_cut = True
            break
        lines.append(piece)
    indented = "".join(lines)
    if not "".join(text.split()).startswith("".join(indented.split())):  # it is no JSON after all
        return [Piece("", text)], False
    return _pieces(indented), is_cut


def _pieces(indented: str) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for found in _TOKEN.finditer(indented):
        kind = _kind_of(found[0], indented, found.end())
        if not kind:
            continue
        if len(pieces) >= MOST_PIECES:
            break
        pieces += [Piece("", indented[end : found.start()]), Piece(kind, found[0])]
        end = found.end()
    pieces.append(Piece("", indented[end:]))
    return [each for each in pieces if each.text]


def _kind_of(token: str, text: str, end: int) -> str:
    if token in "{}[],:":
        return ""
    if token.startswith('"'):
        return "name" if text.startswith(":", end) else "text"
    return _KINDS.get(token, "number")


def _indented(text: str) -> str | None:
    """A JSON text with a line for each member; None if it is no JSON, or too long."""
    if not _begins_as_json(text) or not _is_json(text):
        return None
    size, pieces = 0, []
    for piece in _with_breaks(text):
        size += len(piece)
        if size > LONGEST_SHOWN:
            return None
        pieces.append(piece)
    return "".join(pieces)


def _begins_as_json(text: str) -> bool:
    return text.lstrip(" \t\r\n").startswith(("{", "["))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _with_breaks(text: str) -> Iterator[str]:
    depth, before = 0, ""
    for found in _TOKEN.finditer(text):
        token = found[0]
        closes = token in ("}", "]")
        if closes:
            depth -= 1
        if before and (before in "{[," or closes) and not (closes and before in "{["):
            yield "\n" + "  " * depth
        if token in ("{", "["):
            depth += 1
        yield f"{token} " if token == ":" else token
        before = token
