"""The names of removed applications, each with the reason why it is gone.

The newest names are remembered, also after a reset. So if a reset of another test removed an
application, the error message of the test that asks for it can say so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NamedTuple

from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import codec_of

MOST_REMEMBERED = 3000
"""So many names are remembered at most. An application has up to three."""


class End(NamedTuple):
    """Why one name of an application is gone."""

    name: str
    application: str
    """The main name of the application."""
    reason: str
    """As it follows the words ``it was``."""


class Departed:
    """Why the newest removed names are gone. Any thread may read and write."""

    def __init__(self, stored: Stored | None = None) -> None:
        """``stored`` has the tables that no reset empties."""
        self._lock = threading.Lock()
        self._by_name: dict[str, tuple[str, End]] = {}
        """Number and end, by name."""
        self._last = 0
        self._ends: Table[End] = Table(
            Stored() if stored is None else stored,
            "lasting/departed",
            codec_of(End),
            changed=self._changed,
        )
        """By a number that grows with each end, the oldest first."""

    def note(self, names: Iterable[str | None], application: str, end: str) -> None:
        """Remembers that ``names`` belonged to an application that is gone.

        ``end`` is the reason, as it follows the words ``it was``: ``removed by the reset of …``.
        """
        with self._lock:
            for name in filter(None, names):
                former = self._by_name.get(name)
                self._ends[str(self._last + 1)] = End(name, application, end)
                if former is not None:
                    del self._ends[former[0]]
            while len(self._ends) > MOST_REMEMBERED:
                del self._ends[next(iter(self._ends.keys()))]

    def _changed(self, number: str, before: End | None, after: End | None) -> None:
        if after is not None:
            self._last = max(self._last, int(number))
            self._by_name[after.name] = number, after
        elif before is not None and self._by_name.get(before.name, ("",))[0] == number:
            del self._by_name[before.name]

    def find(self, name: str) -> str | None:
        """Why a name is gone: ``it was removed by the reset of test_two``. None if it is
        unknown."""
        found = self._by_name.get(name)
        if found is None:
            return None
        _, end = found
        is_main = end.application == name
        whose = "it was" if is_main else f"it belonged to {end.application}, which was"
        return f"{whose} {end.reason}"
