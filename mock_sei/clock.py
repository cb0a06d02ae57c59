"""The one clock of the platform: tokens, idle limits, certificates and the journal all read it.

It starts as the machine's clock and can be moved or stopped; tools that freeze the time of a test
do not move it (:mod:`mock_sei.machine`). OpenSSL reads the machine's clock whatever this one says,
so :attr:`Clock.is_machine` tells the TLS side when it must judge dates itself. Times are aware UTC
``datetime`` values; :meth:`Clock.timestamp` is the same moment in seconds for the hot path.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mock_sei import machine

EARLIEST = datetime(2001, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 1, 1, tzinfo=UTC)
"""Beyond these the certificate authority itself would not be valid."""


class _Setting(NamedTuple):
    """How a clock is set. Replaced as a whole, since other threads read it without the lock."""

    offset: float = 0.0
    """Seconds by which it is ahead of the machine's clock while it runs."""
    frozen_at: float | None = None
    """Where it stands still, seconds since the epoch."""


class Clock:
    """Reads as the machine's clock plus an offset, or stands still."""

    def __init__(self, read_machine: Callable[[], float] = machine.timestamp) -> None:
        self._machine = read_machine
        self._lock = threading.Lock()
        self._setting = _Setting()

    def timestamp(self) -> float:
        """Seconds since the epoch."""
        offset, frozen_at = self._setting
        return self._machine() + offset if frozen_at is None else frozen_at

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp(), UTC)

    @property
    def frozen(self) -> bool:
        return self._setting.frozen_at is not None

    @property
    def is_machine(self) -> bool:
        """True while nobody has moved or stopped it."""
        return self._setting == _Setting()

    def advance(self, amount: timedelta | None = None, /, **parts: float) -> datetime:
        """Moves forward and returns the new time.

        Takes a ``timedelta`` or its keywords (``minutes=31``). Raises ``ValueError`` when the
        amount is negative or the clock would leave the years 2001 to 2998.
        """
        step = forward_step(amount, parts)
        with self._lock:
            try:
                return self._move_to(self.now() + step, frozen=self.frozen)
            except OverflowError:
                raise too_far(step) from None

    def set(self, moment: datetime, *, frozen: bool | None = None) -> datetime:
        """Moves to a moment, forwards or backwards, and stops or starts the clock if asked.

        Raises ``ValueError`` for a naive ``datetime`` or one outside the years 2001 to 2998.
        """
        check_time_zone(moment)
        with self._lock:
            return self._move_to(moment, frozen=self.frozen if frozen is None else frozen)

    def freeze(self) -> datetime:
        with self._lock:
            self._setting = self._setting._replace(frozen_at=self.timestamp())
            return self.now()

    def unfreeze(self) -> datetime:
        """Lets a stopped clock run on from where it stands."""
        with self._lock:
            frozen_at = self._setting.frozen_at
            if frozen_at is not None:
                self._setting = _Setting(offset=frozen_at - self._machine())
            return self.now()

    def reset(self) -> None:
        with self._lock:
            self._setting = _Setting()

    def _move_to(self, moment: datetime, *, frozen: bool) -> datetime:
        self._check(moment)
        seconds = moment.timestamp()
        if frozen:
            self._setting = _Setting(frozen_at=seconds)
        else:
            self._setting = _Setting(offset=seconds - self._machine())
        return moment.astimezone(UTC)

    @staticmethod
    def _check(moment: datetime) -> None:
        if not EARLIEST <= moment < LATEST:
            raise ValueError(
                f"{moment.isoformat()} is outside {EARLIEST.year} to {LATEST.year - 1}, "
                "the years this clock knows"
            )


def forward_step(amount: timedelta | None, parts: Mapping[str, float]) -> timedelta:
    """What :meth:`Clock.advance` was asked for. Raises ``ValueError`` or ``TypeError``."""
    if amount is not None and (parts or not isinstance(amount, timedelta)):
        raise TypeError("advance() takes one timedelta, or its keywords, such as minutes=31")
    if any(each != each for each in parts.values()):
        raise ValueError(f"{dict(parts)}: NaN is no amount of time")
    try:
        step = amount if amount is not None else timedelta(**parts)
    except OverflowError:
        raise too_far(dict(parts)) from None
    if step < timedelta(0):
        raise ValueError(f"the clock only advances; {step} is backwards, use set() for that")
    return step


def too_far(step: object) -> ValueError:
    return ValueError(f"{str(step)[:100]} is further than the clock goes ({LATEST.year})")


def check_time_zone(moment: datetime) -> None:
    """Raises ``ValueError`` for a naive ``datetime``, ``TypeError`` for what is none."""
    if not isinstance(moment, datetime):
        raise TypeError(f"a moment is a datetime with a time zone, not {type(moment).__name__}")
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; add one, such as Z")
