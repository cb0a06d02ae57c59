"""The log of a journal that several servers share: each entry is one JSON text in it.

It does not know in which store the log is. A server writes its entries there, and copies those of
all servers from there when somebody reads its journal.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mock_sei.journal.entries import Entry
from mock_sei.journal.recorded import ShownRequest, read_entry

logger = logging.getLogger("mock_sei")

LOOKS_EVERY = 0.05
"""Seconds between two looks for entries of other servers, while somebody waits for some."""


class EntryLog(Protocol):
    """What a journal needs of its log. Entries have numbers, from 1 on, without a gap."""

    def add_entry(self, text: str) -> None:
        """Writes an entry, at the latest when the request has its answer. It raises nothing: what
        cannot be written waits for the store, and the server's log reports it."""

    def journal_head(self) -> tuple[int, int]:
        """The number of the newest entry, and the generation of the log: a number that grows
        whenever the log is emptied, and the entries begin again with 1."""

    def entries_after(self, number: int, most: int) -> Sequence[tuple[int, str]]:
        """The newest entries after a number, at most so many, the oldest first."""

    def clear_journal(self) -> None:
        """Empties the log."""

    def look(self) -> object | None:
        """What differs from the one before if something may have been written since. None while the
        log cannot be read. It costs little."""


_write = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def written(entry: Entry) -> str:
    """An entry as JSON text, with secrets hidden."""
    told = {**entry.to_json(), "timestamp": entry.timestamp, "releases": entry.releases}
    if entry.request is not None and (repeated := entry.request.repeated_headers):
        told["repeated_headers"] = repeated
    return _write(told)


def read_written(text: str) -> Entry:
    """The entry that was written as this text."""
    told = json.loads(text)
    entry = read_entry(told)
    entry.timestamp, entry.releases = float(told["timestamp"]), told["releases"]
    if isinstance(entry.request, ShownRequest):
        entry.request.all_headers = told.get("repeated_headers", ())
    entry.size = entry.measure()
    return entry


@dataclass(frozen=True, kw_only=True)
class News:
    """What a log has that its reader has not."""

    generation: int
    after: int
    """The number that the reader had, 0 if it had another generation."""
    recorded: int
    """The number of the newest entry."""
    entries: Sequence[tuple[int, Entry]]
    """Numbers and entries, the oldest first."""


def news_of(log: EntryLog, *, generation: int, after: int, most: int) -> News:
    """The newest entries after the number ``after`` of a generation, at most so many; after a
    newer generation began, those of that one."""
    while True:
        recorded, found = log.journal_head()
        number = after if found == generation else 0
        texts = log.entries_after(number, most) if recorded > number else ()
        if not texts or log.journal_head()[1] == found:
            # No other generation began meanwhile, so the texts are of this one.
            entries = [(number, read_written(text)) for number, text in texts]
            return News(generation=found, after=number, recorded=recorded, entries=entries)


class Looking:
    """A thread that looks for entries of other servers, as long as somebody waits for some."""

    def __init__(
        self, log: EntryLog, bring: Callable[[], None], is_wanted: Callable[[], bool]
    ) -> None:
        """``bring`` is called when there may be new entries; the thread ends when nothing
        ``is_wanted`` any more."""
        self._log, self._bring, self._is_wanted = log, bring, is_wanted
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Looks from now on."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="mock-sei journal", daemon=True
                )
                self._thread.start()

    def wake(self) -> None:
        """Looks at once: this server wrote an entry, or nobody waits any more."""
        self._woken.set()

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        before: object | None = None
        while not self._is_over():
            self._woken.clear()
            now = self._log.look()
            if now is not None and now != before:
                now = now if self._try_to_bring() else None
            before = now
            self._woken.wait(LOOKS_EVERY)

    def _is_over(self) -> bool:
        with self._lock:
            if self._is_wanted():
                return False
            self._thread = None
            return True

    def _try_to_bring(self) -> bool:
        try:
            self._bring()
        except Exception as error:  # the log may be away: the next look tries again
            logger.warning("the journal cannot be read now: %s", error)
            return False
        return True
