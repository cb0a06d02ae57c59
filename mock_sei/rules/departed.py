"""Applications that are gone, and what became of each: for whoever asks for one by its name.

The newest are remembered, across resets, so that a test that lost its application to another test's
reset reads so.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

MOST_REMEMBERED = 3000
"""Names; an application has up to three."""


class Departed:
    """What became of the newest names that nobody has any more. Any thread may ask and note."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: OrderedDict[str, tuple[str, str]] = OrderedDict()
        """The application's name and what became of it, by each of its names."""

    def note(self, names: Iterable[str | None], application: str, end: str) -> None:
        """``names`` were an application's; ``end`` goes on after ``it was``."""
        with self._lock:
            for name in filter(None, names):
                self._ends.pop(name, None)
                self._ends[name] = (application, end)
            while len(self._ends) > MOST_REMEMBERED:
                self._ends.popitem(last=False)

    def find(self, name: str) -> str | None:
        """A clause such as ``it was removed by the reset of test_two``, None where nothing is
        known.
        """
        found = self._ends.get(name)
        if found is None:
            return None
        application, end = found
        whose = "it was" if application == name else f"it belonged to {application}, which was"
        return f"{whose} {end}"
