"""The current certificate of each account, by the end of its validity.

The portal follows each change of an account's certificates, so nothing looks at all of them.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mock_sei.portal.notices import Expiring


class Ending(Expiring, Protocol):
    """The fields of a certificate that its place in the order needs."""

    @property
    def not_before(self) -> datetime: ...


@dataclass(frozen=True, kw_only=True)
class NextEnds:
    """Certificates around a moment."""

    count: int
    """The number of all certificates."""
    ended: int
    """The number of certificates that ended before the moment."""
    just_ended: Sequence[Ending]
    """The last certificates that ended before the moment, in the order of their ends."""
    next: Sequence[Ending]
    """The first certificates that end at the moment or later, in the order of their ends."""


class CertificateEnds:
    """The order of the ends. It has no lock: its owner must use one."""

    def __init__(self) -> None:
        self._current: dict[str, Ending] = {}
        self._order: list[tuple[datetime, str]] = []
        """The end of each account's certificate, and the account."""

    def watch(self, account: str, certificate: Ending | None) -> None:
        """Sets the current certificate of an account; None if it has none."""
        former = self._current.pop(account, None)
        if former is not None:
            del self._order[bisect_left(self._order, (former.not_after, account))]
        if certificate is not None:
            self._current[account] = certificate
            insort(self._order, (certificate.not_after, account))

    def around(self, moment: datetime, *, before: int, after: int) -> NextEnds:
        """At most ``before`` certificates that ended, and ``after`` that end next."""
        place = bisect_left(self._order, (moment, ""))

        def found(start: int, end: int) -> list[Ending]:
            return [self._current[account] for _, account in self._order[start:end]]

        return NextEnds(
            count=len(self._order),
            ended=place,
            just_ended=found(max(0, place - before), place),
            next=found(place, place + after),
        )
