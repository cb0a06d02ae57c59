"""Measures memory, open files and threads of the server, and reports growth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from performance.benchmarks.memory import MEGABYTE, resident

WARM_UP = 1 / 3
"""The first part of the samples, which is ignored: caches and journal fill, documents are read."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sample between two rounds, just after a reset."""

    memory: int
    """Resident memory in bytes."""
    files: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Sample:
        return cls(
            memory=resident(pid),
            files=open_files(pid),
            threads=sum(1 for _ in Path(f"/proc/{pid}/task").iterdir()),
        )


def open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


@dataclass(frozen=True, kw_only=True)
class Bound:
    """How much the median of the last third may exceed the median of the second third."""

    name: str
    unit: str
    share: float
    """Allowed growth as a share of the earlier value."""
    least: float
    """Growth that is always allowed, in the unit of the value."""
    fewest: int
    """Fewest samples needed to distinguish growth from a warm-up."""

    def problem(self, values: Sequence[float]) -> str | None:
        """A sentence about the growth; None without growth, or with too few samples."""
        if len(values) < self.fewest:
            return None
        judged = values[int(len(values) * WARM_UP) :]
        half = len(judged) // 2
        before, after = median(judged[:half]), median(judged[-half:])
        allowed = max(self.least, self.share * before)
        if after - before <= allowed:
            return None
        return (
            f"{self.name} grew from {before:,.1f} to {after:,.1f} {self.unit}; "
            f"{allowed:,.1f} are allowed"
        )


MEMORY = Bound(name="memory", unit="MB", share=0.05, least=6, fewest=12)
FILES = Bound(name="open files", unit="", share=0, least=1, fewest=6)
THREADS = Bound(name="threads", unit="", share=0, least=2, fewest=6)


def growth(samples: Sequence[Sample]) -> list[str]:
    """One sentence for each value that grew."""
    series = {
        MEMORY: [each.memory / MEGABYTE for each in samples],
        FILES: [float(each.files) for each in samples],
        THREADS: [float(each.threads) for each in samples],
    }
    return [problem for bound, values in series.items() if (problem := bound.problem(values))]
