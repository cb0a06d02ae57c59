"""Renewal notices: those that are due by the platform's clock and were not sent yet.

Source: Security FAQ (a notice before the end). The number of days is assumed, and a setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Protocol


class Expiring(Protocol):
    """The fields of a certificate that a notice needs."""

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
    """The number of days from the notice to the end."""
    due_at: datetime


class RenewalNotices:
    """The sent and the future notices of one platform state.

    The cost of :meth:`take_due` grows with the notices that are due, not with all certificates.
    """

    def __init__(self, days_ahead: Sequence[int]) -> None:
        self._days_ahead = sorted(set(days_ahead), reverse=True)
        self._sent: dict[str, set[tuple[int, int]]] = {}
        """The sent notices of each account: the certificate's serial number, and the days before
        its end."""
        self._current: dict[str, Expiring] = {}
        """The certificate of each account for which notices are sent."""
        self._waiting: list[tuple[datetime, int, int, Expiring]] = []
        """A heap of future notices: the time when one is due, its number, the days before the end,
        the certificate. The certificate may have been replaced since."""
        self._number = 0

    def watch(self, account: str, certificate: Expiring | None) -> None:
        """Sets the certificate for which notices are sent to an account; None ends the notices."""
        former = self._current.pop(account, None)
        if certificate is None:
            return
        self._current[account] = certificate
        if former is not certificate:
            self._wait_for(certificate)
            if len(self._waiting) > 2 * len(self._days_ahead) * len(self._current) + _FEW:
                self._sweep()

    def take_due(self, now: datetime) -> list[Notice]:
        """The notices that became due since the last call, in the order of their time."""
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
        """The number of stored notices that are not due."""
        return len(self._waiting)

    def forget(self, account: str) -> None:
        """Forgets all notices of an account that was deleted."""
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
        """Removes the future notices of certificates that were replaced."""
        self._waiting.clear()
        for each in self._current.values():
            self._wait_for(each)


_FEW = 64
"""So many notices of replaced certificates may stay before they are removed."""
