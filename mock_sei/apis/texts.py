"""Texts that match a pattern: the same every time, in bounded time and size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from mock_sei.ecmascript import (
    BackReference,
    Chain,
    Characters,
    Choice,
    Group,
    Node,
    PatternError,
    Repeat,
    code_points,
    read_pattern,
)
from mock_sei.patterns import characters_of

TRIES = 20
LONGEST = 10_000
"""Characters of a text."""
_MOST_STEPS = 20_000
"""Parts of a pattern that are looked at for one text."""
_MORE = 3
"""Rounds of a repeat without an end, beyond its least."""

_GRAPHIC = range(0x20, 0x7F)
"""Without line breaks and tabs, which not every place can hold."""

_LIKE_ECMASCRIPT = (
    (re.compile(r"\(\?>"), "(?:"),
    (re.compile(r"\(\?\([^)]*\)"), "(?:"),
    (re.compile(r"\(\?P=(\w+)\)"), r"\\k<\1>"),
    (re.compile(r"([*+?}])\+"), r"\1"),
)
"""Atomic groups, conditions, references by name and possessive repeats, which ECMA-262 has not, as
the nearest that it has."""


def texts_for(pattern: str, least: int = 0) -> Iterator[str]:
    """Several texts, some of them of ``least`` characters or more where the pattern allows it.

    What it looks ahead or behind for is not heeded, so not every text matches; none comes for a
    pattern that cannot be read.
    """
    tree = _tree_of(pattern)
    if tree is None:
        return
    for seed in range(TRIES):
        random = Random(seed)  # noqa: S311  # the same every time is the point
        yield _Writer(random, min(least, LONGEST) if seed % 2 else 0).text(tree)


def _tree_of(pattern: str) -> Node | None:
    try:
        return read_pattern(pattern)
    except PatternError:
        for found, instead in _LIKE_ECMASCRIPT:
            pattern = found.sub(instead, pattern)
    try:
        return read_pattern(pattern)
    except PatternError:
        return None


class _Writer:
    """Writes one text that a pattern matches."""

    def __init__(self, random: Random, least: int) -> None:
        self._random = random
        self._least = least
        self._groups: dict[int, str] = {}
        self._steps = _MOST_STEPS
        self._left = LONGEST

    def text(self, node: Node) -> str:
        self._steps -= 1
        if self._steps < 0 or self._left <= 0:
            return ""
        match node:
            case Characters():
                self._left -= 1
                return self._character(node)
            case Chain():
                return "".join(map(self.text, node.parts))
            case Choice():
                return self.text(self._random.choice(node.alternatives))
            case Repeat():
                return "".join(self.text(node.part) for _ in range(self._rounds(node)))
            case Group():
                self._groups[node.number] = found = self.text(node.part)
                return found
            case BackReference():
                return self._groups.get(node.number, "")
        return ""  # places, and what stands before or behind

    def _rounds(self, node: Repeat) -> int:
        least = min(node.least, LONGEST)
        most = least + _MORE if node.most is None else node.most
        if self._least > least:
            return min(self._least, self._least if node.most is None else node.most)
        return self._random.randint(least, max(least, min(most, least + _MORE * 4)))

    def _character(self, node: Characters) -> str:
        if node.properties:
            return self._random.choice(characters_of(node) or "x")
        ranges = code_points(node)
        graphic = [
            code
            for low, high in ranges
            for code in range(max(low, _GRAPHIC.start), min(high + 1, _GRAPHIC.stop))
        ]
        if graphic:
            return chr(self._random.choice(graphic))
        printable = [(low, high) for low, high in ranges if not 0xD800 <= low <= 0xDFFF]
        if not printable:
            return ""
        low, high = self._random.choice(printable)
        return chr(self._random.randint(low, min(high, low + 50)))
