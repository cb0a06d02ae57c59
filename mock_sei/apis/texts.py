"""Makes texts that match a pattern: the same in each run, with limited time and size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from mock_sei.apis.ecmascript import (
    Alternative,
    BackReference,
    Characters,
    Disjunction,
    Group,
    Node,
    Repeat,
    code_points,
    read_pattern,
)
from mock_sei.apis.patterns import characters_of
from mock_sei.values.engines import PatternError

TRIES = 40
LONGEST = 10_000
"""The most characters of a text."""
_MOST_STEPS = 20_000
"""The most parts of a pattern that are visited for one text, and for all texts but the last."""
_MORE = 3
"""How many rounds beyond the minimum a repeat without an upper limit gets."""

_GRAPHIC = range(0x20, 0x7F)
"""Printable characters, without line breaks and tabs, which some places cannot hold."""

_LIKE_ECMASCRIPT = (
    (re.compile(r"\(\?>"), "(?:"),
    (re.compile(r"\(\?\([^)]*\)"), "(?:"),
    (re.compile(r"\(\?P=(\w+)\)"), r"\\k<\1>"),
    (re.compile(r"([*+?}])\+"), r"\1"),
)
"""Constructs that ECMA-262 does not have (atomic groups, conditions, references by name, possessive
repeats), each with the nearest construct that it has."""


def texts_for(
    pattern: str, least: int = 0, most: int | None = None, *, tries: int = TRIES
) -> Iterator[str]:
    """Several texts that may match a pattern, with ``least`` to ``most`` characters if possible.

    Lookahead and lookbehind are ignored, so not every text matches. A pattern that cannot be read
    gives no texts.
    """
    tree = _tree_of(pattern)
    if tree is None:
        return
    shortest, alphabets = _Shortest(), _Alphabets()
    left = _MOST_STEPS
    least, most = min(least, LONGEST), LONGEST if most is None else min(most, LONGEST)
    for seed in range(tries):
        random = Random(seed)  # noqa: S311  # the results must be the same each time
        wanted = _wanted_length(seed, least, most)
        extra = None if wanted is None else max(0, wanted - shortest.length(tree))
        writer = _TextWriter(random, shortest, alphabets, extra)
        yield writer.text(tree)
        left -= writer.steps
        if left < 0:
            return


_LENGTHS = (0, 8, 12, 24, 48, 96)
"""How many characters longer than the least some texts are. A pattern may look ahead for a
length."""


def _wanted_length(seed: int, least: int, most: int) -> int | None:
    """The length for a text, or None for every second text, which gets its natural length."""
    if seed % 2 == 0 and (least == 0 or seed > len(_LENGTHS)):
        return None
    return min(most, least + _LENGTHS[seed // 2 % len(_LENGTHS)])


class _Shortest:
    """The length of the shortest text for each part of a pattern."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def length(self, node: Node) -> int:
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = min(self._length(node), LONGEST)
        return found

    def _length(self, node: Node) -> int:
        match node:
            case Characters():
                return 1
            case Alternative():
                return sum(map(self.length, node.parts))
            case Disjunction():
                return min(map(self.length, node.alternatives))
            case Repeat():
                return node.least * self.length(node.part)
            case Group():
                return self.length(node.part)
        return 0


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


class _Alphabets:
    """The characters that texts use for each set of a pattern."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def of(self, node: Characters) -> str:
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = self._some_of(node)
        return found

    def _some_of(self, node: Characters) -> str:
        if node.properties:
            return characters_of(node) or "x"
        ranges = code_points(node)
        graphic = [
            chr(code)
            for low, high in ranges
            for code in range(max(low, _GRAPHIC.start), min(high + 1, _GRAPHIC.stop))
        ]
        if graphic:
            return "".join(graphic)
        printable = [(low, high) for low, high in ranges if not 0xD800 <= low <= 0xDFFF]
        return "".join(
            chr(code)
            for low, high in printable[:_MOST_RANGES]
            for code in range(low, min(high, low + _MOST_OF_A_RANGE) + 1)
        )


_MOST_RANGES, _MOST_OF_A_RANGE = 50, 50


class _TextWriter:
    """Writes one text that a pattern matches."""

    def __init__(
        self, random: Random, shortest: _Shortest, alphabets: _Alphabets, extra: int | None
    ) -> None:
        """``extra`` is how many characters more than the shortest text has, if the pattern allows
        them."""
        self._random = random
        self._shortest = shortest
        self._alphabets = alphabets
        self._extra = extra
        self._groups: dict[int, str] = {}
        self.steps = 0
        self._left = LONGEST

    def text(self, node: Node) -> str:
        self.steps += 1
        if self.steps > _MOST_STEPS or self._left <= 0:
            return ""
        match node:
            case Characters():
                self._left -= 1
                characters = self._alphabets.of(node)
                return self._random.choice(characters) if characters else ""
            case Alternative():
                return "".join(map(self.text, node.parts))
            case Disjunction():
                return self.text(self._random.choice(node.alternatives))
            case Repeat():
                return "".join(self.text(node.part) for _ in range(self._rounds(node)))
            case Group():
                self._groups[node.number] = found = self.text(node.part)
                return found
            case BackReference():
                return self._groups.get(node.number, "")
        return ""  # assertions, which match no characters

    def _rounds(self, node: Repeat) -> int:
        least = min(node.least, LONGEST)
        if self._extra is None:
            more = least + _MORE if node.most is None else node.most
            return self._random.randint(least, max(least, min(more, least + _MORE * 4)))
        length = self._shortest.length(node.part) or 1
        rounds = self._extra // length
        if node.most is not None:
            rounds = min(rounds, max(0, node.most - least))
        self._extra -= rounds * length
        return least + min(rounds, LONGEST)
