"""Samples, targets, rows, and the one Markdown table they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

RATE, SECONDS, MILLISECONDS, MEMORY = "{:,.0f}/s", "{:.2f} s", "{:.2f} ms", "{:.1f} MB"
PRECISE_MILLISECONDS = "{:.3f} ms"

OURS, BARE = "mock-sei", "bare FastAPI"


class Target(Protocol):
    @property
    def words(self) -> str: ...

    def reached(self, row: Row) -> bool | None:
        """None: what it is compared with was not there."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A figure of our own."""

    words: str
    at_most: float

    def reached(self, row: Row) -> bool:
        return median(row.ours) <= self.at_most


@dataclass(frozen=True, kw_only=True)
class Against:
    """A ratio to others, which has to hold for each of them that was there."""

    words: str
    names: Sequence[str]
    at_least: float = 0
    at_most: float = float("inf")

    def reached(self, row: Row) -> bool | None:
        ratios = [
            paired_ratio(row.ours, row.others[name]) for name in self.names if row.others.get(name)
        ]
        return all(self.at_least <= ratio <= self.at_most for ratio in ratios) if ratios else None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: the samples of a round stand at the same place of each sequence."""

    measured: str
    form: str
    """How a figure is written, such as ``{:.0f}/s``."""
    ours: Sequence[float]
    others: Mapping[str, Sequence[float]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    """What is to be said beside another's figure."""
    targets: Sequence[Target] = ()

    def cells(self, names: Iterable[str]) -> Sequence[str]:
        """``names`` are the columns of the others."""
        verdicts = {True: "yes", False: "**no**", None: "not measured"}
        return (
            self.measured,
            self._middle(self.ours),
            self._spread(),
            *map(self._compared, names),
            "; ".join(target.words for target in self.targets),
            "; ".join(verdicts[target.reached(self)] for target in self.targets),
        )

    def _compared(self, name: str) -> str:
        theirs = self.others.get(name)
        if not theirs:
            return ""
        note = f", {self.notes[name]}" if name in self.notes else ""
        ratio = f" ({paired_ratio(self.ours, theirs):.2f})" if all(theirs) else ""
        return f"{self._middle(theirs)}{note}{ratio}"

    def _middle(self, values: Sequence[float]) -> str:
        return self.form.format(median(values))

    def _spread(self) -> str:
        if len(self.ours) == 1:
            return "once"
        return f"{self.form.format(min(self.ours))} to {self.form.format(max(self.ours))}"


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what slows a whole round down leaves it alone.

    Where the rounds are not the same ones, the ratio of the medians.
    """
    if len(ours) != len(theirs):
        return median(ours) / median(theirs)
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def markdown(rows: Iterable[Row], names: Sequence[str]) -> str:
    headings = ("measured", OURS, "spread", *names, "to reach", "reached")
    lines = [headings, tuple("---" for _ in headings), *(row.cells(names) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
