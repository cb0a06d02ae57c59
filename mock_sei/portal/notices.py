"""Renewal notices: which are due, by the platform's clock, and were not sent yet.

Source: Security FAQ (notified ahead of the end); how many days ahead is assumed, and a setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
        self._sent: dict[str, set[tuple[int, int]]] = {}
        """By account: serial number of the certificate, and days ahead."""
        self._quiet: dict[str, tuple[Expiring, datetime]] = {}
        """By account: the certificate, and until when nothing more of it is due."""

    def first_end(self, now: datetime) -> datetime | None:
        """What ends before this has a notice due; None where no notice is ever sent."""
        if not self._days_ahead:
            return None
        ahead = timedelta(days=self._days_ahead[0], microseconds=1)
        latest = datetime.max.replace(tzinfo=now.tzinfo)
        return latest if latest - now < ahead else now + ahead

    def take_due(self, certificates: Iterable[Expiring], now: datetime) -> list[Notice]:
        """The ones whose time came since the last call, in the order of their time."""
        due: list[Notice] = []
        for each in certificates:
            known, until = self._quiet.get(each.account, (None, now))
            if known is not each or until <= now:
                due += self._take(each, now)
        return sorted(due, key=lambda notice: notice.due_at)

    def _take(self, certificate: Expiring, now: datetime) -> Iterator[Notice]:
        account, end = certificate.account, certificate.not_after
        sent = self._sent.setdefault(account, set())
        until = datetime.max.replace(tzinfo=now.tzinfo)
        for days in self._days_ahead:
            at, key = end - timedelta(days=days), (certificate.serial_number, days)
            if at > now:
                until = min(until, at)
            elif key not in sent:
                sent.add(key)
                yield Notice(account=account, end=end, days=days, due_at=at)
        self._quiet[account] = (certificate, until)

    def forget(self, account: str) -> None:
        """What was sent about an account that is gone."""
        self._sent.pop(account, None)
        self._quiet.pop(account, None)
