"""When what has ended is looked for: now and then, or each new entry would pay for all old ones."""

from __future__ import annotations

EVERY = 256


class Sweeping:
    """Counts the new entries of one store."""

    def __init__(self) -> None:
        self._new = 0

    def is_due(self) -> bool:
        """Asked at each new entry."""
        self._new += 1
        if self._new < EVERY:
            return False
        self._new = 0
        return True
