"""``mock-sei journal``: what a running server saw, one readable line each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from mock_sei.errors import one_line
from mock_sei.journal.entries import Entry
from mock_sei.operations.journal import ReadJournal
from mock_sei.testing.remote import Remote

PAUSE = 0.3
"""Seconds between two looks at the journal while it is followed."""


def lines(remote: Remote, wanted: Mapping[str, Any], *, follow: bool) -> Iterator[str]:
    """Entries that fit; with ``follow`` until interrupted. Raises
    :class:`~mock_sei.errors.MockSeiError`."""
    after = 0
    while True:
        found = remote.perform(ReadJournal(**wanted, after=after))
        if found.last < after:  # it was reset or cleared: its numbers begin again
            after = 0
            yield "-- the journal was cleared --"
            continue
        yield from (line(entry) for _, entry in found.entries)
        after = found.last
        if not follow:
            return
        time.sleep(PAUSE)


def line(entry: Entry) -> str:
    """One entry as a person reads it, refusals with their reason."""
    return one_line(f"{entry.time:%H:%M:%S.%f}"[:-3] + f" {entry}")
