"""What is taken in now and finished later: jobs of writes, and reports that are collected.

Sources: pending-transactions pages (``jobStatusQueryKey``), portfolio-management solution page
(``requestId``, ``In Progress``, exponential waits from one second). Names of the other states are
assumed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

IN_PROGRESS = "In Progress"
COMPLETED = "Completed"

MOST_KEPT = 10_000
"""Jobs, and reports likewise; the oldest is then forgotten, as a status that is too old (ours)."""


@dataclass(kw_only=True)
class Report:
    """A report that was asked for."""

    name: str
    collection: str
    asked_at: datetime
    polls_left: int
    ready_after: timedelta


class Jobs:
    """Those of a platform state."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._finished: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._reports: OrderedDict[str, Report] = OrderedDict()

    def new_key(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def finish(self, key: str, result: Mapping[str, Any]) -> None:
        """Keeps what a write came to."""
        with self._lock:
            self._finished[key] = result
            _forget_oldest(self._finished)

    def find(self, key: str) -> Mapping[str, Any] | None:
        return self._finished.get(key)

    def submit(self, report: Report) -> str:
        """Keeps a report to be collected; returns its ``requestId``."""
        key = self.new_key()
        with self._lock:
            self._reports[key] = report
            _forget_oldest(self._reports)
        return key

    def collect(
        self, key: str, now: datetime, *, counts: bool = True
    ) -> tuple[Report, bool] | None:
        """A report and whether it is ready. None where there is no such one.

        Who asks often enough finds it ready, unless asking does not count.
        """
        with self._lock:
            report = self._reports.get(key)
            if report is None:
                return None
            is_old = now - report.asked_at >= report.ready_after
            ready = is_old or report.polls_left <= 0
            if counts:
                report.polls_left = 0 if ready else report.polls_left - 1
            return report, ready


def _forget_oldest(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
