"""Searches with users' regular expressions, in linear time or with a time limit.

Patterns have the meaning of ECMA-262 (``ecmascript.py``), as JSON Schema demands. RE2 searches in
time that is linear in the text. What RE2 refuses is searched by ``regex``, which can stop after a
time and lets other threads run meanwhile. All patterns of documents are searched by this module.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from mock_sei.apis.ecmascript import (
    Alternative,
    Anchor,
    Characters,
    Dialect,
    Group,
    Lookaround,
    Node,
    least_written_out,
    read_pattern,
    write_pattern,
)
from mock_sei.rules import machine
from mock_sei.values.cached import cached_property
from mock_sei.values.engines import (
    PatternError,
    compile_backtracking,
    compile_linear,
    most_repeats,
    refuse_if_large,
    searchable,
)
from mock_sei.values.texts import spelled

__all__ = ["Budget", "PatternError", "SearchPattern", "compile_pattern", "shortened"]

LONGEST_SEARCH = 0.05
"""The most seconds of one search in an engine that backtracks."""
_SHORTEST_LIMIT = 0.02
"""The least seconds that one search gets. They are wall-clock time, and on a busy machine a process
may wait during part of them."""
LONGEST_TEXT = 1024 * 1024
"""The most characters of a text for an engine that backtracks: inside one repeat of a single
character it does not check its time limit. A longer text counts as not matched."""

_FREE, _FREE_FOR_A_CHARACTER = 2e-5, 2e-8
"""The seconds that a normal search takes. They do not count against a budget."""

_OFTEN = 64
"""After this many searches a budget checks the time."""
_LONG = 0.001
"""After a search of this many seconds a budget checks the time at once."""

_REMEMBERED = 128
"""How many compiled patterns are remembered."""

LINEAR = Dialect(end="$", most_repeats=1000)
"""The syntax that RE2 and the schema engine's own expressions share."""
_BOUNDARIES = {
    r"\b": "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))",
    r"\B": "(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))",
}
_BACKTRACKING = Dialect(
    end=r"\Z", script="Script={}", back_references=True, boundary=_BOUNDARIES.__getitem__
)
"""The syntax of ``regex``. Deviation: a group keeps what it captured in an earlier repeat."""


@dataclass(kw_only=True)
class Budget:
    """The time that one call may spend on patterns that backtrack, for all its texts together.

    A search that exceeds the budget counts as not matched, and its pattern is added to
    :attr:`over`. The usual time of a search is free, so that harmless texts never use up the
    budget, however many they are.
    """

    seconds: float = 2 * LONGEST_SEARCH
    over: dict[str, None] = field(default_factory=dict)
    """The patterns that exceeded the limit, in their order."""
    _since: float | None = None
    """The CPU time at which the first uncounted search began."""
    _searches: int = 0
    _free: float = 0

    def begin(self) -> None:
        """Starts counting the time of searches."""
        if self._since is None:
            self._since = time.thread_time()

    def spend(self, text: str, seconds: float) -> None:
        """Counts a search that took this many seconds of wall-clock time."""
        self._searches += 1
        self._free += _FREE + _FREE_FOR_A_CHARACTER * len(text)
        if seconds > _LONG or self._searches % _OFTEN == 0:
            self.pause()
            self.begin()

    def pause(self) -> None:
        """Stops counting, because something other than a search follows."""
        if self._since is not None:
            self.seconds -= max(0, time.thread_time() - self._since - self._free)
            self._since, self._free = None, 0

    @property
    def problems(self) -> list[str]:
        """A sentence for each pattern that exceeded the limit."""
        return [
            f"the pattern {shortened(each)} counts as not matched: the patterns of one call may "
            f"take {LONGEST_SEARCH * 1000:.0f} ms, with texts of at most {LONGEST_TEXT} "
            "characters; write it without repeats within repeats"
            for each in self.over
        ]


def shortened(source: str) -> str:
    """A pattern in a message, shortened."""
    return spelled(source if len(source) <= 80 else f"{source[:77]}...")


@dataclass(frozen=True, kw_only=True)
class SearchPattern:
    """One pattern. It is compiled for its engine when it is first searched."""

    source: str
    tree: Node | None = field(repr=False)
    """None for a pattern that only the backtracking engine can read, such as ``(?>a)``."""
    is_linear: bool
    """Whether RE2 searches it, so that no search needs a time limit."""
    _compiled: Any = field(repr=False)

    def matches(self, text: str, budget: Budget | None = None) -> bool:
        """Whether any part of the text matches, as ``pattern`` of JSON Schema demands."""
        if self.is_linear:
            return self._compiled.search(searchable(text)) is not None
        if self.conditions is not None:
            text = searchable(text)
            return all((each.search(text) is not None) is wanted for each, wanted in self._quick)
        return self._limited(self._compiled.search, text, budget)

    def matches_whole(self, text: str, budget: Budget | None = None) -> bool:
        """Whether the whole text matches."""
        if self.is_linear:
            return self._compiled.fullmatch(searchable(text)) is not None
        return self._limited(self._compiled.fullmatch, text, budget)

    def spans(self, text: str, budget: Budget | None = None) -> Iterator[tuple[int, int]]:
        """Start and end of each match, from left to right. Empty if the time limit is reached."""
        if self.is_linear:
            yield from (each.span() for each in self._compiled.finditer(searchable(text)))
            return
        budget = budget or Budget()
        limit = {"timeout": min(LONGEST_SEARCH, max(budget.seconds, 0.001)), "concurrent": True}
        began = time.thread_time()
        try:
            found = [each.span() for each in self._compiled.finditer(text, **limit)]
        except TimeoutError:
            budget.over[self.source] = None
            return
        finally:
            budget.seconds -= time.thread_time() - began
        yield from found

    def _limited(self, search: Any, text: str, budget: Budget | None) -> bool:
        budget = budget or Budget()
        if budget.seconds <= 0 or len(text) > LONGEST_TEXT:
            budget.over[self.source] = None
            return False
        budget.begin()
        began = machine.monotonic()
        most = min(LONGEST_SEARCH, max(budget.seconds, _SHORTEST_LIMIT))
        try:
            found = search(text, timeout=most, concurrent=len(text) > 1000)
        except TimeoutError:
            budget.over[self.source] = None
            budget.seconds = 0
            return False
        budget.spend(text, machine.monotonic() - began)
        return found is not None

    @cached_property
    def linear_source(self) -> str | None:
        """The pattern in the syntax that linear engines share, or None if it cannot be written
        so."""
        if self.tree is None or not self.is_linear:
            return None
        return write_pattern(self.tree, LINEAR)

    @cached_property
    def conditions(self) -> Sequence[tuple[str, bool]] | None:
        """Linear patterns that together mean the same as this one, and whether each must match.

        Most patterns with a lookahead can be written so: ``^(?=.*[0-9])(?!admin)[a-z0-9]{8,}$``.
        """
        if self.tree is None or not isinstance(self.tree, Alternative):
            return None
        start, *rest = self.tree.parts
        found: list[tuple[Node, bool]] = []
        while rest and isinstance(look := rest[0], Lookaround) and look.sign in ("?=", "?!"):
            rest = rest[1:]
            found.append((Alternative(parts=(start, Group(part=look.part))), look.sign == "?="))
        if start != Anchor(sign="^") or not found:
            return None
        found.append((Alternative(parts=(start, *rest)), True))
        try:
            sources = [(write_pattern(part, LINEAR), wanted) for part, wanted in found]
            for source, _ in sources:
                compile_linear(source)
        except PatternError:
            return None
        return sources

    @cached_property
    def _quick(self) -> Sequence[tuple[Any, bool]]:
        return [(compile_linear(text), wanted) for text, wanted in self.conditions or ()]


def characters_of(characters: Characters) -> str:
    """Some characters of a set that has Unicode properties.

    Empty if no engine knows the properties.
    """
    try:
        found = compile_backtracking(write_pattern(characters, _BACKTRACKING))
    except PatternError:
        return ""
    every = map(chr, range(0x20, 0x3100))
    return "".join(islice((each for each in every if found.match(each)), _SOME))


_SOME = 26


@lru_cache(maxsize=_REMEMBERED)
def compile_pattern(source: str) -> SearchPattern:
    """Compiles a pattern. Raises :class:`PatternError` if no engine can read it.

    The results are remembered: a document's schemas, its engines and the texts made for it use the
    same few patterns.
    """
    try:
        tree = read_pattern(source)
    except PatternError as error:
        # ECMA-262 has no atomic groups and similar constructs, but people write them.
        return SearchPattern(
            source=source, tree=None, is_linear=False, _compiled=_as_is(source, error)
        )
    try:
        linear = compile_linear(write_pattern(tree, LINEAR))
        return SearchPattern(source=source, tree=tree, is_linear=True, _compiled=linear)
    except PatternError:
        refuse_if_large(least_written_out(tree))
        slow = compile_backtracking(write_pattern(tree, _BACKTRACKING))
        return SearchPattern(source=source, tree=tree, is_linear=False, _compiled=slow)


def _as_is(source: str, error: PatternError) -> Any:
    try:
        refuse_if_large(most_repeats(source))
        return compile_backtracking(source, ascii_only=True)
    except PatternError:
        raise error from None
