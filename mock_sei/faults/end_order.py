"""Faults and answers that are over, in the order of their ends: the oldest are forgotten first."""

from __future__ import annotations


class EndOrder:
    """The identifiers of what is over. Each end has a number, and later ends have larger ones.

    They come in their order, except from a store. It has no lock: its owner must use one.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._last = 0
        self._is_sorted = True

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def next_number(self) -> int:
        """The number for the next end, at least 1."""
        return self._last + 1

    def add(self, identifier: int, number: int) -> None:
        """Adds what ended with this number."""
        self._numbers[identifier] = number
        self._is_sorted = self._is_sorted and number >= self._last
        self._last = max(self._last, number)

    def discard(self, identifier: int) -> None:
        """Forgets an identifier, if it is there."""
        self._numbers.pop(identifier, None)

    def oldest(self, count: int) -> list[int]:
        """The identifiers of what ended first, at most so many."""
        if count <= 0:
            return []
        if not self._is_sorted:
            self._numbers = dict(sorted(self._numbers.items(), key=lambda each: each[1]))
            self._is_sorted = True
        return [identifier for identifier, _ in zip(self._numbers, range(count), strict=False)]
