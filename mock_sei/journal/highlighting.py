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

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
"""A token of JSON. A string may end with the text, which may be cut."""
_WORD = re.compile(r"true|false|null|NaN|-?Infinity|-?[0-9][0-9.eE+-]*+")
_KINDS = {"true": "word", "false": "word", "null": "word"}


class Piece(NamedTuple):
    """A piece of a text. ``kind`` is ``name``, ``text``, ``number``, ``word`` or empty."""

    kind: str
    text: str


def highlighted(text: str, *, is_cut: bool = False) -> list[Piece]:
    """The pieces of a JSON text, indented. Any other text is one piece.

    ``is_cut`` says that the end of the text may be missing. A text that is too long when it is
    indented is one piece.
    """
    pieces, has_more = highlighted_beginning(text, is_whole=not is_cut)
    return [Piece("", text)] if has_more else pieces


def highlighted_beginning(text: str, *, is_whole: bool) -> tuple[list[Piece], bool]:
    """The pieces of a JSON text, indented, and whether its end is left out, because the indented
    text is too long. Any other text is one piece.

    ``is_whole`` is False for the beginning of a JSON text.
    """
    if not _begins_as_json(text) or not (_is_json(text) or (not is_whole and _may_begin(text))):
        return [Piece("", text)], False
    size = 0
    indented: list[str] = []
    for piece in _with_breaks(text):
        size += len(piece)
        if size > LONGEST_SHOWN:
            return _pieces("".join(indented)), True
        indented.append(piece)
    return _pieces("".join(indented)), False


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


def _begins_as_json(text: str) -> bool:
    return text.lstrip(" \t\r\n").startswith(("{", "["))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _may_begin(text: str) -> bool:
    """Whether all tokens but the last one, which may be cut, are tokens of JSON."""
    *tokens, _ = _TOKEN.findall(text)
    return all(each[0] in '{}[],:"' or _WORD.fullmatch(each) for each in tokens)


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
