"""Renewal notices: which are due, by the platform's clock, and were not sent yet.

Source: Security FAQ (notified ahead of the end); how many days ahead is assumed, and a setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
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
    """Which notices were sent, and which come next, in one platform state.

    To ask what is due costs what is due, however many certificates there are.
    """

    def __init__(self, days_ahead: Sequence[int]) -> None:
        self._days_ahead = sorted(set(days_ahead), reverse=True)
        self._sent: dict[str, set[tuple[int, int]]] = {}
        """What was sent about each account: serial number of the certificate, and days ahead."""
        self._current: dict[str, Expiring] = {}
        """The certificate of each account that notices are sent about."""
        self._waiting: list[tuple[datetime, int, int, Expiring]] = []
        """A heap: when a notice is due, its number, days ahead, the certificate. The certificate
        may not be its account's current one any more."""
        self._number = 0

    def watch(self, account: str, certificate: Expiring | None) -> None:
        """Makes an account's notices be about this certificate from now on; None ends them."""
        former = self._current.pop(account, None)
        if certificate is None:
            return
        self._current[account] = certificate
        if former is not certificate:
            self._wait_for(certificate)
            if len(self._waiting) > 2 * len(self._days_ahead) * len(self._current) + _FEW:
                self._sweep()

    def take_due(self, now: datetime) -> list[Notice]:
        """The ones whose time came since the last call, in the order of their time."""
        due: list[Notice] = []
        while self._waiting and self._waiting[0][0] <= now:
            at, _, days, certificate = heappop(self._waiting)
            account, key = certificate.account, (certificate.serial_number, days)
            sent = self._sent.setdefault(account, set())
            if self._current.get(account) is certificate and key not in sent:
                sent.add(key)
                end = certificate.not_after
                due.append(Notice(account=account, end=end, days=days, due_at=at))
        return due

    @property
    def waiting(self) -> int:
        """How many notices it keeps that are not due."""
        return len(self._waiting)

    def forget(self, account: str) -> None:
        """Drops what was sent about an account that is gone, and what waits for it."""
        self._sent.pop(account, None)
        self._current.pop(account, None)

    def _wait_for(self, certificate: Expiring) -> None:
        sent = self._sent.get(certificate.account, ())
        for days in self._days_ahead:
            if (certificate.serial_number, days) not in sent:
                self._number += 1
                at = certificate.not_after - timedelta(days=days)
                heappush(self._waiting, (at, self._number, days, certificate))

    def _sweep(self) -> None:
        """Leaves out what waits for certificates that were replaced."""
        self._waiting.clear()
        for each in self._current.values():
            self._wait_for(each)


_FEW = 64
"""Notices of replaced certificates that are not worth a sweep."""
