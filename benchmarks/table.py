"""Samples, rows, and the one Markdown table they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

RATE, SECONDS, MILLISECONDS, MEMORY = "{:,.0f}/s", "{:.2f} s", "{:.2f} ms", "{:.1f} MB"

HEADINGS = (
    "measured",
    "mock-sei",
    "spread",
    "bare FastAPI",
    "ratio to bare",
    "to reach",
    "reached",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table, ready to print."""

    measured: str
    ours: str
    spread: str = "once"
    bare: str = ""
    ratio: str = ""
    target: str = ""
    reached: bool | None = None

    @property
    def cells(self) -> Sequence[str]:
        verdict = {True: "yes", False: "**no**", None: ""}[self.reached]
        return (
            self.measured,
            self.ours,
            self.spread,
            self.bare,
            self.ratio,
            self.target,
            verdict,
        )


def middle(values: Sequence[float], form: str) -> str:
    """The median, as a format such as ``{:.0f}/s`` writes it."""
    return form.format(median(values))


def spread(values: Sequence[float], form: str) -> str:
    """Smallest and largest value."""
    if len(values) == 1:
        return "once"
    return f"{form.format(min(values))} to {form.format(max(values))}"


def paired_ratio(ours: Sequence[float], bare: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what slows a whole round down leaves it alone."""
    return median(one / other for one, other in zip(ours, bare, strict=True))


def markdown(rows: Iterable[Row]) -> str:
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *(row.cells for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
