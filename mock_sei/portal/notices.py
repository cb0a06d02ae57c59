"""Renewal notices: which are due, by the platform's clock, and were not sent yet.

Source: Security FAQ (notified ahead of the end); how many days ahead is assumed, and a setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


class Expiring(Protocol):
    """What a notice must know of a certificate."""

    @property
    def account(self) -> str: ...
    @property
    def serial_number(self) -> int: ...
    @property
    def not_after(self) -> datetime: ...


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice that is due."""

    account: str
    end: datetime
    days: int
    """Days ahead of the end."""
    due_at: datetime


class RenewalNotices:
    """Which notices were sent, in one platform state."""

    def __init__(self, days_ahead: Sequence[int]) -> None:
        self._days_ahead = sorted(set(days_ahead), reverse=True)
        self._sent: set[tuple[str, int, int]] = set()

    def take_due(self, certificates: Iterable[Expiring], now: datetime) -> list[Notice]:
        """The ones whose time came since the last call, in the order of their time."""
        due = []
        for each in certificates:
            for days in self._days_ahead:
                at = each.not_after - timedelta(days=days)
                key = (each.account, each.serial_number, days)
                if at <= now and key not in self._sent:
                    self._sent.add(key)
                    due.append(
                        Notice(account=each.account, end=each.not_after, days=days, due_at=at)
                    )
        return sorted(due, key=lambda notice: notice.due_at)
