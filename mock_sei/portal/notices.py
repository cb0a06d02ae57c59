"""Renewal notices: those that are due by the platform's clock and were not sent yet.

Source: Security FAQ (a notice before the end). The number of days is assumed, and a setting.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import Codec


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


class _Sent(NamedTuple):
    """A notice that was sent."""

    account: str
    serial_number: int
    """Of the certificate."""
    days: int
    """The number of days before the certificate's end."""

    @classmethod
    def of(cls, certificate: Expiring, days: int) -> _Sent:
        return cls(certificate.account, certificate.serial_number, days)

    @property
    def key(self) -> str:
        return _CODEC.write(self)


_CODEC = Codec(write=json.dumps, read=lambda text: _Sent(*json.loads(text)))


class RenewalNotices:
    """The sent and the future notices of one platform state.

    The cost of :meth:`take_due` grows with the notices that are due, not with all certificates.
    """

    def __init__(self, days_ahead: Sequence[int], *, stored: Stored | None = None) -> None:
        self.days_ahead = sorted(set(days_ahead), reverse=True)
        """The days before a certificate's end on which notices are sent, the most days first."""
        self._sent: dict[str, set[_Sent]] = {}
        """The sent notices of each account."""
        self._kept: Table[_Sent] = Table(
            Stored() if stored is None else stored, "portal/notices", _CODEC, changed=self._follow
        )
        """All sent notices. Their keys have the same fields as they."""
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
            if len(self._waiting) > 2 * len(self.days_ahead) * len(self._current) + _FEW:
                self._sweep()

    def take_due(self, now: datetime) -> list[Notice]:
        """The notices that became due since the last call, in the order of their time."""
        due: list[Notice] = []
        while self._waiting and self._waiting[0][0] <= now:
            at, _, days, certificate = self._waiting[0]
            account, sent = certificate.account, _Sent.of(certificate, days)
            if self._current.get(account) is certificate and sent not in self._sent_to(account):
                # First, because the work begins again if another server changed something.
                self._kept[sent.key] = sent
                end = certificate.not_after
                due.append(Notice(account=account, end=end, days=days, due_at=at))
            heappop(self._waiting)
        return due

    def was_sent(self, certificate: Expiring, days: int) -> bool:
        """True if the notice so many days before the certificate's end was sent."""
        return _Sent.of(certificate, days) in self._sent_to(certificate.account)

    @property
    def waiting(self) -> int:
        """The number of stored notices that are not due."""
        return len(self._waiting)

    def forget(self, account: str) -> None:
        """Forgets all notices of an account that was deleted."""
        for each in list(self._sent_to(account)):
            self._kept.pop(each.key)
        self._current.pop(account, None)

    def _sent_to(self, account: str) -> Collection[_Sent]:
        return self._sent.get(account, ())

    def _follow(self, _: str, before: _Sent | None, after: _Sent | None) -> None:
        """A notice was sent or forgotten, here or by another server."""
        if after is not None:
            self._sent.setdefault(after.account, set()).add(after)
        elif before is not None:
            sent = self._sent[before.account]
            sent.discard(before)
            if not sent:
                del self._sent[before.account]

    def _wait_for(self, certificate: Expiring) -> None:
        sent = self._sent_to(certificate.account)
        for days in self.days_ahead:
            if _Sent.of(certificate, days) not in sent:
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
