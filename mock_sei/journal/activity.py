"""When each application called last, and how often it was refused on each day.

The journal counts here while it keeps and drops entries, so that nobody has to look at all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mock_sei.journal.entries import Entry
from mock_sei.rules.records import Application

_DAY = 24 * 60 * 60
"""Seconds of a day."""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What the journal has of one application."""

    last: float | None
    """The time of its newest entry, in seconds since the epoch; None without entries."""
    refused: int
    """The number of its refused calls and handshakes on a day."""


@dataclass(kw_only=True)
class _Tally:
    since: int
    """The number of the first entry that is counted here."""
    entries: int = 0
    last: float = 0.0
    refused: Counter[int] = field(default_factory=Counter)
    """The refused entries of each day; a day is a number of days since the epoch."""


class Activities:
    """The activity of all names in the entries of one journal. Its owner has a lock for it."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}

    def add(self, number: int, entry: Entry) -> None:
        """Counts an entry that the journal keeps, with its number."""
        name = name_of(entry)
        if name is None:
            return
        tally = self._tallies.get(name)
        if tally is None:
            tally = self._tallies[name] = _Tally(since=number)
        tally.entries += 1
        tally.last = entry.timestamp
        if entry.refused_by:
            tally.refused[_day_of(entry.timestamp)] += 1

    def drop(self, number: int, entry: Entry) -> None:
        """Takes out an entry that the journal deletes."""
        name = name_of(entry)
        tally = self._tallies.get(name or "")
        if name is None or tally is None or number < tally.since:
            return
        tally.entries -= 1
        if tally.entries <= 0:
            del self._tallies[name]
        elif entry.refused_by:
            day = _day_of(entry.timestamp)
            tally.refused[day] -= 1
            if tally.refused[day] <= 0:
                del tally.refused[day]

    def forget(self, names: Iterable[str]) -> None:
        """Forgets names that nobody has any more."""
        for each in names:
            self._tallies.pop(each, None)

    def of(self, application: Application, now: float) -> Activity:
        """The activity of an application, with its refusals on the day of ``now``."""
        tallies = [self._tallies[each] for each in _names(application) if each in self._tallies]
        return Activity(
            last=max((each.last for each in tallies), default=None),
            refused=sum(each.refused[_day_of(now)] for each in tallies),
        )

    def __len__(self) -> int:
        """The number of names that have entries."""
        return len(self._tallies)


def name_of(entry: Entry) -> str | None:
    """Under which name an entry is counted: that of its application, else the CN of its client
    certificate. None without both."""
    if entry.application is not None:
        return f"application {entry.application}"
    return f"account {entry.certificate.common_name}" if entry.certificate else None


def _names(application: Application) -> Iterator[str]:
    yield f"application {application.name}"
    if application.service_account is not None:
        yield f"account {application.service_account}"


def _day_of(timestamp: float) -> int:
    return int(timestamp // _DAY)
