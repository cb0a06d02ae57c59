"""What a wrong spot of a document costs: the operations that read it, and no other.

A spot belongs to every operation and every target of a reference that it lies in; who refers to
such a target has the spot as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mock_sei.apis.grammar import Pointer
from mock_sei.errors import ConfigurationError


@dataclass(frozen=True)
class Wrong:
    """A wrong spot."""

    pointer: Pointer
    error: ConfigurationError


class Reach:
    """Which parts of a document read which wrong spots."""

    def __init__(self, wrong: Iterable[Wrong], links: Iterable[tuple[Pointer, Pointer]]) -> None:
        """``links`` lead from where a reference stands to where it leads."""
        self._reasons: dict[tuple[str, ...], list[ConfigurationError]] = {}
        self._into: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for start, end in links:
            self._into.setdefault(_texts(end), []).append(_texts(start))
        steps = _MOST_STEPS
        reached: set[tuple[str, ...]] = set()
        for each in wrong:
            if steps > 0:  # after so many, one reason is enough for what a reference leads to
                reached = set()
            steps -= self._spread(_texts(each.pointer), each.error, reached)
        self._below: dict[tuple[str, ...], list[ConfigurationError]] = {}
        for place, errors in self._reasons.items():
            for beginning in _beginnings(place):
                self._below.setdefault(beginning, []).extend(errors)

    def _spread(
        self, pointer: tuple[str, ...], error: ConfigurationError, reached: set[tuple[str, ...]]
    ) -> int:
        """Notes an error for all that it reaches, and says how much that was."""
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
        """Why an object cannot be used: itself, or what is below these keys of it; each once."""
        if not self._reasons:
            return []
        found = list(self._reasons.get(_texts(item), ()))
        for key in keys:
            found += self._below.get(_texts((*item, key)), ())
        return list({id(each): each for each in found}.values())


_MOST_STEPS = 20_000
"""Places that all wrong spots reach together, each spot for itself."""


def _texts(pointer: Pointer) -> tuple[str, ...]:
    return tuple(map(str, pointer))


def _beginnings(pointer: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (pointer[:length] for length in range(len(pointer) + 1))
