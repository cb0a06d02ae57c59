"""Work that is accepted now and finished later: jobs of writes, and reports that clients collect.

Sources: pending-transactions pages (``jobStatusQueryKey``), portfolio-management solution page
(``requestId``, ``In Progress``, exponential waits from one second). The names of the other states
are assumed.
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
"""The most jobs that are kept, and the most reports. Then the oldest is forgotten, as if its status
were too old (ours)."""


@dataclass(kw_only=True)
class Report:
    """A report that a client asked for."""

    name: str
    collection: str
    asked_at: datetime
    polls_left: int
    ready_after: timedelta


class Jobs:
    """The jobs and reports of one platform state."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._finished: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._reports: OrderedDict[str, Report] = OrderedDict()

    def new_key(self) -> str:
        """A new random key for a job or a report."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def finish(self, key: str, result: Mapping[str, Any]) -> None:
        """Stores the result of a write."""
        with self._lock:
            self._finished[key] = result
            _forget_oldest(self._finished)

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The stored result of a job, or None."""
        return self._finished.get(key)

    def submit(self, report: Report) -> str:
        """Stores a report for collection and returns its ``requestId``."""
        key = self.new_key()
        with self._lock:
            self._reports[key] = report
            _forget_oldest(self._reports)
        return key

    def collect(
        self, key: str, now: datetime, *, counts: bool = True
    ) -> tuple[Report, bool] | None:
        """A report and whether it is ready. None if there is no report with this key.

        Each call counts as a poll unless ``counts`` is False. After enough polls the report is
        ready.
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
