"""The totals of a run of the mixed load."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from performance.soak.leaks import Sample
from performance.soak.report import Report
from performance.soak.wire import Ledger


@dataclass(kw_only=True)
class Totals:
    """Totals of all rounds."""

    answers: int = 0
    lost: int = 0
    killed: int = 0
    """Attempts of which the soak killed the server."""
    busy: float = 0
    """Seconds during which the callers ran."""
    statuses: Counter[int] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    def add(self, ledger: Ledger) -> None:
        """Adds a phase."""
        self.answers += ledger.answers
        self.lost += ledger.lost
        self.killed += ledger.killed
        self.statuses += ledger.statuses

    def say(self, report: Report) -> None:
        statuses = ", ".join(f"{each}: {count:,}" for each, count in sorted(self.statuses.items()))
        report.say(
            f"  {self.answers:,} answers in {self.busy:.0f} s, {self.answers / self.busy:,.0f} "
            f"a second; {self.lost:,} attempts without one; by status {statuses}"
        )
