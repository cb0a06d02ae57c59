"""``mock-sei journal``: prints the entries of a running server, one readable line each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from mock_sei.errors import one_line
from mock_sei.journal.entries import Entry
from mock_sei.operations.journal import SearchJournal
from mock_sei.testing.remote import Remote

PAUSE = 0.3
"""Seconds between two requests for new entries with ``--follow``."""


def lines(remote: Remote, wanted: Mapping[str, Any], *, follow: bool) -> Iterator[str]:
    """The lines of the entries that match ``wanted``.

    With ``follow``, it waits for further entries until it is interrupted. Raises
    :class:`~mock_sei.errors.MockSeiError`.
    """
    after = 0
    while True:
        found = remote.perform(SearchJournal(**wanted, after=after))
        if found.last < after:  # the journal was reset or cleared, so its numbers begin again
            after = 0
            yield "-- the journal was cleared --"
            continue
        yield from (line(entry) for _, entry in found.entries)
        after = found.last
        if not follow:
            return
        time.sleep(PAUSE)


def line(entry: Entry) -> str:
    """One entry as a readable line. A refused request is shown with the reason."""
    return one_line(f"{entry.time:%H:%M:%S.%f}"[:-3] + f" {entry}")
