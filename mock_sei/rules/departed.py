"""The names of removed applications, each with the reason why it is gone.

The newest names are remembered, also after a reset. So if a reset of another test removed an
application, the error message of the test that asks for it can say so.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

MOST_REMEMBERED = 3000
"""So many names are remembered at most. An application has up to three."""


class Departed:
    """Why the newest removed names are gone. Any thread may read and write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: OrderedDict[str, tuple[str, str]] = OrderedDict()
        """By each name of an application: its main name, and why it is gone."""

    def note(self, names: Iterable[str | None], application: str, end: str) -> None:
        """Remembers that ``names`` belonged to an application that is gone.

        ``end`` is the reason, as it follows the words ``it was``: ``removed by the reset of …``.
        """
        with self._lock:
            for name in filter(None, names):
                self._ends.pop(name, None)
                self._ends[name] = (application, end)
            while len(self._ends) > MOST_REMEMBERED:
                self._ends.popitem(last=False)

    def find(self, name: str) -> str | None:
        """Why a name is gone: ``it was removed by the reset of test_two``. None if it is
        unknown."""
        found = self._ends.get(name)
        if found is None:
            return None
        application, end = found
        whose = "it was" if application == name else f"it belonged to {application}, which was"
        return f"{whose} {end}"
