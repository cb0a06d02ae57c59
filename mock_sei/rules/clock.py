"""The one clock of the platform: tokens, idle limits, certificates and the journal all read it.

It starts as the machine's clock and can be moved or stopped; tools that freeze the time of a test
do not move it (:mod:`mock_sei.rules.machine`). OpenSSL reads the machine's clock whatever this one
says, so :attr:`Clock.is_machine` tells the TLS side when it must judge dates itself. Times are
aware UTC ``datetime`` values; :meth:`Clock.timestamp` is the same moment in seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mock_sei.errors import Rejected
from mock_sei.rules import machine
from mock_sei.rules.arguments import kind_of, named_plainly, refuse_unknown, require_flag

EARLIEST = datetime(2001, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 1, 1, tzinfo=UTC)
"""Beyond these the certificate authority itself would not be valid."""

UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")
"""What a clock is advanced by: the keywords of a ``timedelta``."""


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

    @named_plainly
    def advance(self, amount: timedelta | None = None, /, **parts: float) -> datetime:
        """Moves forward and returns the new time.

        Takes a ``timedelta`` or its keywords (``minutes=31``). Raises
        :class:`~mock_sei.errors.Rejected` for another keyword, when the amount is negative, and
        when the clock would leave the years 2001 to 2998.
        """
        return self.move(forward_step(amount, parts))

    def move(self, step: timedelta) -> datetime:
        """Moves forward by what :func:`forward_step` gave, and returns the new time."""
        with self._lock:
            try:
                moment = self.now() + step
            except OverflowError:
                raise too_far(step) from None
            return self._move_to(moment, frozen=self.frozen)

    @named_plainly
    def set(self, moment: datetime, *, frozen: bool | None = None) -> datetime:
        """Moves to a moment, forwards or backwards, and stops or starts the clock if asked.

        Raises :class:`~mock_sei.errors.Rejected` for what is no ``datetime`` with a time zone, and
        for one outside the years 2001 to 2998.
        """
        there = read_moment(moment)
        if frozen is not None:
            require_flag("frozen", frozen)
        with self._lock:
            return self._move_to(there, frozen=self.frozen if frozen is None else frozen)

    @named_plainly
    def freeze(self) -> datetime:
        with self._lock:
            self._setting = self._setting._replace(frozen_at=self.timestamp())
            return self.now()

    @named_plainly
    def unfreeze(self) -> datetime:
        """Lets a stopped clock run on from where it stands."""
        with self._lock:
            frozen_at = self._setting.frozen_at
            if frozen_at is not None:
                self._setting = _Setting(offset=frozen_at - self._machine())
            return self.now()

    @named_plainly
    def reset(self) -> None:
        with self._lock:
            self._setting = _Setting()

    def _move_to(self, moment: datetime, *, frozen: bool) -> datetime:
        check_years(moment)
        seconds = moment.timestamp()
        if frozen:
            self._setting = _Setting(frozen_at=seconds)
        else:
            self._setting = _Setting(offset=seconds - self._machine())
        return moment.astimezone(UTC)


def forward_step(amount: timedelta | None, parts: Mapping[str, float]) -> timedelta:
    """What :meth:`Clock.advance` was asked for. Raises :class:`Rejected`."""
    if amount is not None and (parts or not isinstance(amount, timedelta)):
        came = "both" if isinstance(amount, timedelta) else kind_of(amount)
        raise Rejected(
            {"advance": f"takes one timedelta or its keywords, such as minutes=31, not {came}"}
        )
    refuse_unknown(parts, UNITS, what="unit of time")
    for name, value in parts.items():
        _check_amount(name, value)
    try:
        step = amount if amount is not None else timedelta(**parts)
    except OverflowError:
        raise too_far(
            ", ".join(f"{name}={_number(each)}" for name, each in parts.items())
        ) from None
    if step < timedelta(0):
        raise Rejected(
            {"advance": f"the clock only advances; {step} is backwards, use set() for that"}
        )
    return step


def _check_amount(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected({name: f"must be a number, not {kind_of(value)}"})
    if value != value:
        raise Rejected({name: "NaN is no amount of time"})


def _number(value: object) -> str:
    """Python writes a whole number of 4,300 digits at most."""
    return "…" if isinstance(value, int) and abs(value) >= 10**15 else f"{value}"


def too_far(step: object) -> Rejected:
    reason = f"{str(step)[:100]} is further than the clock goes ({LATEST.year})"
    return Rejected({"advance": reason})


def read_moment(moment: object) -> datetime:
    """The moment in UTC. Raises :class:`Rejected` for one that the clock cannot be set to."""
    if not isinstance(moment, datetime):
        wanted = "a datetime with a time zone, such as datetime(2027, 1, 1, tzinfo=UTC)"
        raise Rejected({"moment": f"must be {wanted}, not {kind_of(moment)}"})
    if moment.utcoffset() is None:
        reason = f"{moment.isoformat()} has no time zone; add one, such as tzinfo=UTC"
        raise Rejected({"moment": reason})
    check_years(moment)
    return moment.astimezone(UTC)


def check_years(moment: datetime) -> None:
    """Raises :class:`Rejected` for a moment in a year that the clock does not know."""
    if not EARLIEST <= moment < LATEST:
        years = f"{EARLIEST.year} to {LATEST.year - 1}"
        reason = f"{moment.isoformat()} is outside {years}, the years this clock knows"
        raise Rejected({"moment": reason})
