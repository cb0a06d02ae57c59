"""Waiting for entries of the journal: each new entry ends the waits that it completes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future

from mock_sei.errors import Rejected
from mock_sei.journal.entries import Entry

MOST_WATCHES = 100
"""So many waits at once: each new entry is compared with all of them."""


class Watch:
    """One wait, for a number of entries that fit."""

    def __init__(self, fits: Callable[[Entry], bool], times: int) -> None:
        self._fits, self._times = fits, times
        self.after = 0
        """The number of the newest entry that was compared."""
        self.found: list[Entry] = []
        self.done: Future[None] = Future()
        """Has a result as soon as there are enough entries."""

    def see(self, entries: Iterable[tuple[int, Entry]]) -> None:
        """Compares entries, each with its number. One that was compared is left out."""
        for number, entry in entries:
            if number > self.after and not self.done.done():
                self.after = number
                if self._fits(entry):
                    self.found.append(entry)
                if len(self.found) >= self._times:
                    self.done.set_result(None)


class Watches:
    """All waits for a journal. Its owner must use a lock."""

    def __init__(self) -> None:
        self._open: list[Watch] = []

    def __len__(self) -> int:
        """How many waits are open."""
        return len(self._open)

    def add(self, watch: Watch) -> None:
        """Raises :class:`Rejected` if too many waits are open."""
        if len(self._open) >= MOST_WATCHES:
            raise Rejected({"wait": f"{MOST_WATCHES} waits are open already, which is the most"})
        self._open.append(watch)

    def remove(self, watch: Watch) -> None:
        if watch in self._open:
            self._open.remove(watch)

    def see(self, number: int, entry: Entry) -> None:
        """Compares a new entry with each open wait."""
        for watch in self._open:
            watch.see([(number, entry)])

    def forget(self) -> None:
        """The journal was cleared, and its numbers begin again: nothing was found yet."""
        for watch in self._open:
            watch.after = 0
            watch.found.clear()
