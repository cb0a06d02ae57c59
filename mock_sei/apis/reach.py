"""What a wrong spot of a document costs: the operations that read it, and no other.

A spot belongs to every operation and every target of a reference that it lies in; who refers to
such a target has the spot as well. Each reference is looked at once.
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
        into: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for start, end in links:
            into.setdefault(_texts(end), []).append(_texts(start))
        waiting = [(_texts(each.pointer), each.error) for each in wrong]
        reached: set[tuple[str, ...]] = set()
        while waiting:
            pointer, error = waiting.pop()
            self._reasons.setdefault(pointer, []).append(error)
            for target in _beginnings(pointer):
                if target in into and target not in reached:  # one reason is enough for a target
                    reached.add(target)
                    waiting += [(start, error) for start in into[target]]
        self._below: dict[tuple[str, ...], list[ConfigurationError]] = {}
        for pointer, errors in self._reasons.items():
            for each in _beginnings(pointer):
                self._below.setdefault(each, []).extend(errors)

    def reasons(self, item: Pointer, *keys: str) -> list[ConfigurationError]:
        """Why an object cannot be used: itself, or what is below these keys of it; each once."""
        if not self._reasons:
            return []
        found = list(self._reasons.get(_texts(item), ()))
        for key in keys:
            found += self._below.get(_texts((*item, key)), ())
        return list({id(each): each for each in found}.values())


def _texts(pointer: Pointer) -> tuple[str, ...]:
    return tuple(map(str, pointer))


def _beginnings(pointer: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (pointer[:length] for length in range(len(pointer) + 1))
