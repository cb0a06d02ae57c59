"""Work that is accepted now and finished later: jobs of writes, and reports that clients collect.

Sources: pending-transactions pages (``jobStatusQueryKey``), portfolio-management solution page
(``requestId``, ``In Progress``, exponential waits from one second). The names of the other states
are assumed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Generic, TypeVar
from uuid import UUID

from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import PLAIN, Codec, codec_of

IN_PROGRESS = "In Progress"
COMPLETED = "Completed"

MOST_KEPT = 10_000
"""The most jobs that are kept, and the most reports. Then the oldest is forgotten, as if its status
were too old (ours)."""


R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report that a client asked for."""

    name: str
    collection: str
    asked_at: datetime
    polls_left: int
    ready_after: timedelta


class _Newest(Generic[R]):
    """The newest records of a kind by their keys, at most :data:`MOST_KEPT`."""

    def __init__(self, stored: Stored, name: str, codec: Codec[R] = PLAIN) -> None:
        self._ages: OrderedDict[str, None] = OrderedDict()
        """The keys, the oldest first. Unlike a dictionary, it finds its first key at once."""
        self.by_key: Table[R] = Table(stored, name, codec, changed=self._follow)

    @property
    def newest(self) -> str | None:
        """The key of the newest record, None if there is none."""
        return next(reversed(self._ages), None)

    def add(self, key: str, record: R) -> None:
        """Adds a record, and forgets the oldest ones above the limit."""
        self.by_key[key] = record
        while len(self._ages) > MOST_KEPT:
            self.by_key.pop(next(iter(self._ages)))

    def _follow(self, key: str, before: R | None, after: R | None) -> None:
        if after is None:
            del self._ages[key]
        elif before is None:
            self._ages[key] = None


class Jobs:
    """The jobs and reports of one platform state."""

    def __init__(self, random: Random, *, stored: Stored | None = None, name: str = "apis") -> None:
        """The names of the tables of the store begin with ``name``."""
        self._random = random
        self._lock = threading.Lock()
        stored = Stored() if stored is None else stored
        self._finished: _Newest[Mapping[str, Any]] = _Newest(stored, f"{name}/jobs")
        self._reports: _Newest[Report] = _Newest(stored, f"{name}/reports", codec_of(Report))

    @property
    def tables(self) -> tuple[Table[Any], Table[Any]]:
        """The tables of the store."""
        return self._finished.by_key, self._reports.by_key

    @property
    def newest_job(self) -> str | None:
        """The key of the newest job, None if there is none."""
        return self._finished.newest

    @property
    def newest_report(self) -> str | None:
        """The key of the newest report, None if there is none."""
        return self._reports.newest

    def new_key(self) -> str:
        """A new random key for a job or a report."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def finish(self, key: str, result: Mapping[str, Any]) -> None:
        """Stores the result of a write."""
        with self._lock:
            self._finished.add(key, result)

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The stored result of a job, or None."""
        return self._finished.by_key.get(key)

    def submit(self, report: Report) -> str:
        """Stores a report for collection and returns its ``requestId``."""
        key = self.new_key()
        with self._lock:
            self._reports.add(key, report)
        return key

    def collect(
        self, key: str, now: datetime, *, counts: bool = True
    ) -> tuple[Report, bool] | None:
        """A report and whether it is ready. None if there is no report with this key.

        Each call counts as a poll unless ``counts`` is False. After enough polls the report is
        ready.
        """
        with self._lock:
            report = self._reports.by_key.get(key)
            if report is None:
                return None
            # Times of one zone would be subtracted as its clocks show them.
            is_old = now.astimezone(UTC) - report.asked_at.astimezone(UTC) >= report.ready_after
            ready = is_old or report.polls_left <= 0
            left = 0 if ready else report.polls_left - 1
            if counts and left != report.polls_left:
                report = replace(report, polls_left=left)
                self._reports.by_key[key] = report
            return report, ready
