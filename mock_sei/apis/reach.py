"""Decides which operations a fault in a document affects: only those that use the faulty part.

A faulty part belongs to all operations and reference targets that contain it. It also belongs to
everything that refers to such a target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mock_sei.apis.grammar import Pointer
from mock_sei.errors import ConfigurationError


@dataclass(frozen=True)
class Wrong:
    """A faulty part of a document."""

    pointer: Pointer
    error: ConfigurationError


class Reach:
    """Which parts of a document use which faulty parts."""

    def __init__(self, wrong: Iterable[Wrong], links: Iterable[tuple[Pointer, Pointer]]) -> None:
        """Each of ``links`` is a pair: the place of a reference, and the place of its target."""
        self._reasons: dict[tuple[str, ...], list[ConfigurationError]] = {}
        self._into: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for start, end in links:
            self._into.setdefault(_texts(end), []).append(_texts(start))
        steps = _MOST_STEPS
        reached: set[tuple[str, ...]] = set()
        for each in wrong:
            if steps > 0:  # after so many steps, a place gets only one reason
                reached = set()
            steps -= self._spread(_texts(each.pointer), each.error, reached)
        self._below: dict[tuple[str, ...], list[ConfigurationError]] = {}
        for place, errors in self._reasons.items():
            for beginning in _beginnings(place):
                self._below.setdefault(beginning, []).extend(errors)

    def _spread(
        self, pointer: tuple[str, ...], error: ConfigurationError, reached: set[tuple[str, ...]]
    ) -> int:
        """Records an error for all places that it affects. Returns how many these are."""
        waiting, steps = [pointer], 0
        while waiting:
            each = waiting.pop()
            steps += 1
            self._reasons.setdefault(each, []).append(error)
            for target in _beginnings(each):
                if target in self._into and target not in reached:
                    reached.add(target)
                    waiting += self._into[target]
        return steps

    def reasons(self, item: Pointer, *keys: str) -> list[ConfigurationError]:
        """The errors of an object itself and of everything below these keys of it, each once."""
        if not self._reasons:
            return []
        found = list(self._reasons.get(_texts(item), ()))
        for key in keys:
            found += self._below.get(_texts((*item, key)), ())
        return list({id(each): each for each in found}.values())


_MOST_STEPS = 20_000
"""The most places that all faults together affect, counted separately for each fault."""


def _texts(pointer: Pointer) -> tuple[str, ...]:
    return tuple(map(str, pointer))


def _beginnings(pointer: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (pointer[:length] for length in range(len(pointer) + 1))
