"""Python source of calls and values, written as ``ruff format`` writes it.

A text of a client is always a literal: nothing in it is code.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INDENT = "    "


@dataclass(frozen=True)
class Name:
    """An expression that is written as it is: a variable, or an attribute of one."""

    source: str


@dataclass(frozen=True)
class Joined:
    """A text of several parts, written as an f-string."""

    parts: Sequence[str | Name]


def joined(parts: Iterable[str | Name]) -> str | Name | Joined:
    """The simplest value for a text of these parts."""
    kept = [each for each in parts if each]
    if not kept:
        return ""
    if len(kept) == 1:
        return kept[0]
    texts = [each for each in kept if isinstance(each, str)]
    return "".join(texts) if len(texts) == len(kept) else Joined(kept)


def literal(text: str) -> str:
    """A text as a literal."""
    quote = _quote_for(text)
    return f"{quote}{_escaped(text, quote)}{quote}"


def source_of(value: Any, depth: int = 0) -> str:
    """A value as source. ``depth`` is how far its first line is indented.

    Lists and mappings have a line for each item.
    """
    if isinstance(value, Name):
        return value.source
    if isinstance(value, Joined):
        return _f_string(value.parts)
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, bytes):
        return _bytes(value)
    if isinstance(value, Mapping):
        items = [f"{source_of(name)}: {source_of(each, depth + 1)}" for name, each in value.items()]
        return _exploded("{", items, "}", depth)
    if isinstance(value, tuple):
        return f"({', '.join(source_of(each) for each in value)})"
    if isinstance(value, list):
        return _exploded("[", [source_of(each, depth + 1) for each in value], "]", depth)
    return repr(value)


def call(function: str, arguments: Sequence[Any], keywords: Mapping[str, Any], depth: int) -> str:
    """A call with a line for each argument. ``depth`` is how far its first line is indented."""
    items = [source_of(each, depth + 1) for each in arguments]
    items += [f"{name}={source_of(each, depth + 1)}" for name, each in keywords.items()]
    return _exploded(f"{function}(", items, ")", depth)


class Names:
    """Variables of a function, each with a name of its own."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """A name like the wanted text, which may have any characters."""
        plain = re.sub(r"[^a-z0-9]+", "_", wanted[:_LONGEST_NAME].lower()).strip("_")
        if not plain or plain[0].isdigit() or keyword.iskeyword(plain):
            plain = f"x_{plain}" if plain else "x"
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}_{number}"
        self._taken.add(name)
        return name


_LONGEST_NAME = 40


def _exploded(opening: str, items: Sequence[str], closing: str, depth: int) -> str:
    if not items:
        return f"{opening}{closing}"
    inner, outer = INDENT * (depth + 1), INDENT * depth
    lines = "".join(f"{inner}{each},\n" for each in items)
    return f"{opening}\n{lines}{outer}{closing}"


def _f_string(parts: Sequence[str | Name]) -> str:
    quote = _quote_for("".join(each for each in parts if isinstance(each, str)))
    written = [
        f"{{{each.source}}}"
        if isinstance(each, Name)
        else _escaped(each, quote).replace("{", "{{").replace("}", "}}")
        for each in parts
    ]
    return f"f{quote}{''.join(written)}{quote}"


def _quote_for(text: str) -> str:
    return "'" if text.count('"') > text.count("'") else '"'


_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(text: str, quote: str) -> str:
    return "".join(
        f"\\{each}"
        if each == quote
        else _SHORT.get(each) or (each if each.isprintable() else _by_number(each))
        for each in text
    )


def _by_number(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _bytes(value: bytes) -> str:
    quote = "'" if value.count(b'"') > value.count(b"'") else '"'
    written = "".join(
        _escaped(chr(each), quote) if each < 0x80 else f"\\x{each:02x}" for each in value
    )
    return f"b{quote}{written}{quote}"
