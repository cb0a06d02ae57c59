"""Rows with samples and targets, and the Markdown table made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Protocol

RATE, SECONDS, MILLISECONDS, MEMORY = "{:,.0f}/s", "{:.2f} s", "{:.2f} ms", "{:.1f} MB"
PRECISE_MILLISECONDS = "{:.3f} ms"

OURS, BARE, BARE_UVLOOP = "mock-sei", "bare FastAPI", "bare FastAPI on uvloop"


class Target(Protocol):
    @property
    def words(self) -> str: ...

    def reached(self, row: Row) -> bool | None:
        """Whether the target is reached; None if the compared server was not measured."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit for our own value."""

    words: str
    at_most: float

    def reached(self, row: Row) -> bool:
        return row.middle(row.ours) <= self.at_most


@dataclass(frozen=True, kw_only=True)
class Against:
    """A limit for the ratio to others. It must hold for each of them that was measured."""

    words: str
    names: Sequence[str]
    at_least: float = 0
    at_most: float = float("inf")

    def reached(self, row: Row) -> bool | None:
        ratios = [row.ratio(name) for name in self.names if row.others.get(name)]
        return all(self.at_least <= ratio <= self.at_most for ratio in ratios) if ratios else None


@dataclass(frozen=True, kw_only=True)
class Added:
    """A limit for what our value is more than that of one other."""

    words: str
    name: str
    at_most: float

    def reached(self, row: Row) -> bool | None:
        theirs = row.others.get(self.name)
        return row.middle(row.ours) - row.middle(theirs) <= self.at_most if theirs else None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table. The samples of a round have the same index in each sequence."""

    measured: str
    form: str
    """The format of a value, such as ``{:.0f}/s``."""
    ours: Sequence[float]
    others: Mapping[str, Sequence[float]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    """Notes that are shown with the value of another server, by its name."""
    by_minimum: bool = False
    """Whether the smallest sample counts, instead of the median: for CPU time, to which other
    processes can only add."""
    targets: Sequence[Target] = ()

    @property
    def more_is_better(self) -> bool:
        return self.form == RATE

    def middle(self, values: Sequence[float]) -> float:
        """The value that counts."""
        return min(values) if self.by_minimum else median(values)

    def ratio(self, name: str) -> float:
        """Our value divided by another's, which was measured and is not zero."""
        theirs = self.others[name]
        if self.by_minimum:
            return min(self.ours) / min(theirs)
        return paired_ratio(self.ours, theirs)

    def ratio_range(self, name: str) -> tuple[float, float] | None:
        """The range of our ratio to another within this run; None if it was measured once.

        It is the middle half of the ratios of the rounds. Where the smallest sample counts, it is
        the ratio of every second round, and that of the other rounds.
        """
        theirs = self.others[name]
        if min(len(self.ours), len(theirs)) < 2:
            return None
        if self.by_minimum:
            halves = [min(self.ours[first::2]) / min(theirs[first::2]) for first in (0, 1)]
            return min(halves), max(halves)
        if len(self.ours) == len(theirs):
            ratios = [one / other for one, other in zip(self.ours, theirs, strict=True)]
        else:
            ratios = [one / median(theirs) for one in self.ours]
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return low, high

    def cells(self, names: Iterable[str]) -> Sequence[str]:
        """The cells of the row. ``names`` are the columns of the other servers."""
        results = {True: "yes", False: "**no**", None: "not measured"}
        return (
            self.measured,
            self._middle(self.ours),
            self._spread(),
            *map(self._compared, names),
            "; ".join(target.words for target in self.targets),
            "; ".join(results[target.reached(self)] for target in self.targets),
        )

    def _compared(self, name: str) -> str:
        theirs = self.others.get(name)
        if not theirs:
            return ""
        note = f", {self.notes[name]}" if name in self.notes else ""
        ratio = f" ({self.ratio(name):.2f})" if all(theirs) else ""
        return f"{self._middle(theirs)}{note}{ratio}"

    def _middle(self, values: Sequence[float]) -> str:
        return self.form.format(self.middle(values))

    def _spread(self) -> str:
        if len(self.ours) == 1:
            return "once"
        return f"{self.form.format(min(self.ours))} to {self.form.format(max(self.ours))}"


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of each round, which noise during a whole round does not change.

    If the numbers of rounds differ, it is the ratio of the medians.
    """
    if len(ours) != len(theirs):
        return median(ours) / median(theirs)
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def markdown(rows: Iterable[Row], names: Sequence[str]) -> str:
    headings = ("measured", OURS, "spread", *names, "to reach", "reached")
    lines = [headings, tuple("---" for _ in headings), *(row.cells(names) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
