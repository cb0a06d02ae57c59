"""A line of time on a page: where moments and periods are on it, and how the pages write them.

Places are percentages, so that a picture is as wide as its window.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

_MARGIN = 0.05
"""The part of the line before the first moment and after the last one."""
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_LEAST = timedelta(days=1)
_MOST_YEARS = 8
"""The largest number of years that a line names."""


class Period(Protocol):
    """The fields of a certificate that a line of time needs."""

    @property
    def not_before(self) -> datetime: ...
    @property
    def not_after(self) -> datetime: ...


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A period on a line: percentages of its width."""

    x: str
    width: str
    begins_before: bool
    """True if the period begins before the line does."""
    ends_after: bool


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A line from one moment to another, with the platform's time on it."""

    start: datetime
    end: datetime
    now: datetime

    @classmethod
    def around(cls, now: datetime, periods: Iterable[Period]) -> Axis:
        """A line on which the platform's time and all these periods have room."""
        moments = [now]
        for each in periods:
            moments += (each.not_before, each.not_after)
        first, last = min(moments), max(moments)
        length = max(last - first, _LEAST)
        margin = length * _MARGIN
        return cls(start=_moved(first, -margin), end=_moved(first, length + margin), now=now)

    def at(self, moment: datetime) -> str:
        """The place of a moment. One beside the line is at the line's end."""
        return f"{100 * self._share(moment):.2f}%"

    def bar(self, begin: datetime, end: datetime) -> Bar:
        """A period, cut where the line ends."""
        first, last = self._share(begin), self._share(end)
        return Bar(
            x=f"{100 * first:.2f}%",
            width=f"{100 * max(last - first, 0.003):.2f}%",
            begins_before=begin < self.start,
            ends_after=end > self.end,
        )

    @property
    def now_at(self) -> str:
        """The place of the platform's time."""
        return self.at(self.now)

    @property
    def years(self) -> list[tuple[str, str]]:
        """The first days of years that are on the line: the year and its place. Of many years only
        some are named."""
        years = range(self.start.year + 1, self.end.year + 1)
        step = -(-len(years) // _MOST_YEARS) or 1
        return [(str(each), self.at(datetime(each, 1, 1, tzinfo=UTC))) for each in years[::step]]

    def _share(self, moment: datetime) -> float:
        share = (moment - self.start) / (self.end - self.start)
        return min(1.0, max(0.0, share))


def _moved(moment: datetime, span: timedelta) -> datetime:
    """A certificate may end with the year 9999, the last one that there is."""
    try:
        return moment + span
    except OverflowError:
        return _LAST if span > timedelta() else _FIRST


def stamp(moment: datetime) -> str:
    """A time as the pages show it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
