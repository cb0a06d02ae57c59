"""Words of a POSIX shell that hold any text, and variables in the place of secrets.

A text of a client never expands: not in a script, and not when it is pasted into an interactive
shell or shown on a terminal.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """A variable of the shell, by its name."""

    name: str


Part = str | Variable

_NAME_GOES_ON = re.compile(r"[A-Za-z0-9_]")
_EXPANDS = frozenset('"$`\\!\n')
"""What a shell does not leave as it is between double quotes; ``!`` only an interactive one."""


def shell_word(parts: Iterable[Part], *, encoding: str = "utf-8") -> str:
    """One word of a command line.

    ``encoding`` gives the bytes of characters that cannot be printed as they are. Raises
    ``ValueError`` for a text with a NUL, which no argument of a command can have.
    """
    parts = _joined(parts)
    texts = [each for each in parts if isinstance(each, str)]
    if any("\0" in each for each in texts):
        raise ValueError("it has a NUL character, which no argument of a command can have")
    if len(texts) < len(parts) and all(_is_calm(each, encoding) for each in texts):
        return f'"{_in_double_quotes(parts)}"'
    return "".join(_quoted(each, encoding) for each in parts) or "''"


def _joined(parts: Iterable[Part]) -> list[Part]:
    """The parts with texts beside each other made one."""
    joined: list[Part] = []
    texts: list[str] = []
    for each in [*parts, None]:
        if isinstance(each, str):
            texts.append(each)
            continue
        if texts:
            joined.append("".join(texts))
            texts = []
        if each is not None:
            joined.append(each)
    return joined


def _is_calm(text: str, encoding: str) -> bool:
    return not _EXPANDS.intersection(text) and all(_is_shown(each, encoding) for each in text)


def _is_shown(character: str, encoding: str) -> bool:
    """True if a script that is written in UTF-8 has the right bytes, and a terminal shows them."""
    if character.isascii():
        return character.isprintable() or character == "\n"
    return encoding == "utf-8" and character.isprintable()


def _in_double_quotes(parts: Sequence[Part]) -> str:
    written = []
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        if isinstance(part, str):
            written.append(part)
            continue
        goes_on = isinstance(following, str) and _NAME_GOES_ON.match(following)
        written.append(f"${{{part.name}}}" if goes_on else f"${part.name}")
    return "".join(written)


def _quoted(part: Part, encoding: str) -> str:
    if isinstance(part, Variable):
        return f'"${part.name}"'
    if all(_is_shown(each, encoding) for each in part):
        return shlex.quote(part) if part else ""
    written, run, shown = [], "", True
    for character in [*part, None]:
        is_shown = character is not None and _is_shown(character, encoding)
        if character is None or is_shown is not shown:
            if run:
                written.append(shlex.quote(run) if shown else _printed(run, encoding))
            run, shown = "", is_shown
        run += character or ""
    return "".join(written)


def _printed(text: str, encoding: str) -> str:
    """Characters by their bytes. ``printf`` of POSIX knows octal numbers only."""
    octal = "".join(f"\\{byte:03o}" for byte in text.encode(encoding, "replace"))
    return f"\"$(printf '{octal}')\""
