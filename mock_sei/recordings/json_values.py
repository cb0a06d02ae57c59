"""Replaces secret values of a JSON text; all else stays as it was written.

The text is read token by token, without recursion: so spaces, spelling of numbers, order and
repeated members stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from mock_sei.recordings.names import SecretKind

_TOKEN = re.compile(
    r'("[^"\\]*+(?:\\.[^"\\]*+)*+")|(-?[0-9][0-9.eE+-]*+)|([\[\]{},])|(?:[^"\[\]{},0-9-]|-(?=I))++',
    re.DOTALL,
)
"""A string, a number, a mark that tells where a value stands, or something else."""


@dataclass(slots=True)
class _Level:
    """An object or an array that is open."""

    is_object: bool
    kind: SecretKind | None
    """Of all values in it, because of the member that it belongs to."""
    own: SecretKind | None = None
    """Of the value of the last member."""
    is_key_next: bool = False


def replace_values(
    text: str,
    kind_of: Callable[[str], SecretKind | None],
    replace: Callable[[SecretKind | None, str, bool], str | None],
) -> str:
    """The text of a JSON value, with some strings and numbers replaced.

    ``kind_of`` returns the kind of a member by its name, None if it is no secret. The items of an
    array are of the kind of its member, and so are strings in an object, if they have no kind of
    their own. ``replace`` gets the kind of a string or a number, the decoded value, and whether it
    is a string; it returns the JSON text to put there, or None if the value stays.
    """
    pieces: list[str] = []
    levels: list[_Level] = []
    copied = 0
    for found in _TOKEN.finditer(text):
        string, number, mark = found.groups()
        top = levels[-1] if levels else None
        if mark:
            _step(levels, mark)
        elif string is not None and top is not None and top.is_key_next:
            top.own, top.is_key_next = kind_of(_decoded(string)), False
        elif string is not None or number is not None:
            kind, is_own = _kind(top)
            is_string = string is not None
            value = number if string is None else _decoded(string)
            made = replace(kind if is_own or is_string else None, value, is_string)
            if made is not None:
                pieces += (text[copied : found.start()], made)
                copied = found.end()
    return "".join([*pieces, text[copied:]])


def _decoded(string: str) -> str:
    return str(json.loads(string, strict=False)) if "\\" in string else string[1:-1]


def _kind(level: _Level | None) -> tuple[SecretKind | None, bool]:
    """The kind of a value at this place, and whether its own member gives it."""
    if level is None:
        return None, False
    if level.own is not None:
        return level.own, True
    return level.kind, level.kind is not None and not level.is_object


def _step(levels: list[_Level], mark: str) -> None:
    top = levels[-1] if levels else None
    if mark in "[{":
        kind, _ = _kind(top)
        levels.append(_Level(is_object=mark == "{", kind=kind, is_key_next=mark == "{"))
    elif mark == ",":
        if top is not None and top.is_object:
            top.own, top.is_key_next = None, True
    elif levels:
        levels.pop()
