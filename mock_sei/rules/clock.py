"""The platform's clock: tokens, idle limits, certificates and the journal all read it.

It starts with the machine's time and can be moved or stopped. Tools that freeze the time of a test
do not move it (:mod:`mock_sei.rules.machine`). Servers that share a state in Redis go by the clock
of the Redis server, so that all have one time. OpenSSL always reads the machine's clock, so
:attr:`PlatformClock.is_openssls` says when the TLS code must check dates itself. Times are aware
UTC ``datetime`` values; :meth:`PlatformClock.timestamp` gives the time in seconds.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mock_sei.errors import Rejected
from mock_sei.rules import machine
from mock_sei.rules.arguments import kind_of, named_plainly, refuse_unknown, require_flag
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import Codec

EARLIEST = datetime(2001, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 1, 1, tzinfo=UTC)
"""The clock stays between ``EARLIEST`` and ``LATEST``, while the certificate authority is valid."""

UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")
"""The keywords of :meth:`PlatformClock.advance`: those of a ``timedelta``."""


CLOCK_TOLERANCE = 1.0
"""Seconds by which the machine's clock may differ from the one that the platform goes by."""


class _Setting(NamedTuple):
    """The state of a clock. It is replaced as a whole, since other threads read it without a
    lock."""

    offset: float = 0.0
    """Seconds by which a running clock is ahead of the machine's clock."""
    frozen_at: float | None = None
    """The time of a stopped clock, in seconds since the epoch; None while the clock runs."""


_USUAL = _Setting()
_SETTING: Codec[_Setting] = Codec(write=json.dumps, read=lambda text: _Setting(*json.loads(text)))
_KEY = "setting"


class PlatformClock:
    """A clock that runs with the machine's clock, ahead of it or behind it, or that is stopped.

    Its setting is a record of the platform's state: the servers of a state move together.
    """

    def __init__(self, read_machine: Callable[[], float] = machine.timestamp) -> None:
        """``read_machine`` gives the time, in seconds since the epoch, that it shows until it is
        moved."""
        self._machine = read_machine
        self._lock = threading.Lock()
        self.keep_in(Stored())

    def keep_in(self, stored: Stored) -> None:
        """Shows the time of this state from now on, and changes no other."""
        with self._lock:
            self._setting = _USUAL
            self._kept = Table(stored, "clock", _SETTING, changed=self._follow)

    def _follow(self, _: str, __: _Setting | None, setting: _Setting | None) -> None:
        self._setting = _USUAL if setting is None else setting

    def timestamp(self) -> float:
        """The platform's time in seconds since the epoch."""
        offset, frozen_at = self._setting
        return self._machine() + offset if frozen_at is None else frozen_at

    def now(self) -> datetime:
        """The platform's time, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    @property
    def frozen(self) -> bool:
        """True while the clock is stopped."""
        return self._setting.frozen_at is not None

    @property
    def is_machine(self) -> bool:
        """True while the clock shows the machine's time: nobody has moved or stopped it."""
        return self._setting == _USUAL

    @property
    def is_openssls(self) -> bool:
        """True while OpenSSL judges dates as the platform does: nobody has moved the clock, and
        this machine's clock shows its time."""
        off = self._machine() - machine.timestamp()
        return self._setting == _USUAL and abs(off) < CLOCK_TOLERANCE

    @named_plainly
    def advance(self, amount: timedelta | None = None, /, **parts: float) -> datetime:
        """Moves the clock forward and returns its new time.

        Takes a ``timedelta`` or its keywords (``minutes=31``). Raises
        :class:`~mock_sei.errors.Rejected` if a keyword is unknown, if the amount is negative, and
        if the new time is outside the years 2001 to 2998.
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
        """Sets the clock to ``moment``, earlier or later, and returns its new time.

        ``frozen`` stops the clock (True) or lets it run (False); None leaves that as it is. Raises
        :class:`~mock_sei.errors.Rejected` if ``moment`` is not a ``datetime`` with a time zone, or
        is outside the years 2001 to 2998.
        """
        there = read_moment(moment)
        if frozen is not None:
            require_flag("frozen", frozen)
        with self._lock:
            return self._move_to(there, frozen=self.frozen if frozen is None else frozen)

    @named_plainly
    def freeze(self) -> datetime:
        """Stops the clock and returns its time."""
        with self._lock:
            self._kept[_KEY] = self._setting._replace(frozen_at=self.timestamp())
            return self.now()

    @named_plainly
    def unfreeze(self) -> datetime:
        """Lets a stopped clock run again, from the time that it shows. Returns that time."""
        with self._lock:
            frozen_at = self._setting.frozen_at
            if frozen_at is not None:
                self._kept[_KEY] = _Setting(offset=frozen_at - self._machine())
            return self.now()

    @named_plainly
    def reset(self) -> None:
        """Lets the clock run with the machine's time."""
        with self._lock:
            self._kept.pop(_KEY)

    def _move_to(self, moment: datetime, *, frozen: bool) -> datetime:
        check_years(moment)
        seconds = moment.timestamp()
        if frozen:
            self._kept[_KEY] = _Setting(frozen_at=seconds)
        else:
            self._kept[_KEY] = _Setting(offset=seconds - self._machine())
        return moment.astimezone(UTC)


def forward_step(amount: timedelta | None, parts: Mapping[str, float]) -> timedelta:
    """The duration that the arguments of :meth:`PlatformClock.advance` mean, not negative.

    Raises :class:`Rejected` if they do not fit.
    """
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
            {"advance": f"the clock only advances; {step} is negative, use set() to go back"}
        )
    return step


def _check_amount(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected({name: f"must be a number, not {kind_of(value)}"})
    if value != value:
        raise Rejected({name: "NaN is not an amount of time"})


def _number(value: object) -> str:
    """A number as a message shows it. Python cannot write a whole number of over 4,300 digits."""
    return "…" if isinstance(value, int) and abs(value) >= 10**15 else f"{value}"


def too_far(step: object) -> Rejected:
    """The error for a step that would move the clock past its last year."""
    reason = f"{str(step)[:100]} is further than the clock goes ({LATEST.year})"
    return Rejected({"advance": reason})


def read_moment(moment: object) -> datetime:
    """``moment`` in UTC. Raises :class:`Rejected` if the clock cannot be set to it."""
    if not isinstance(moment, datetime):
        wanted = "a datetime with a time zone, such as datetime(2027, 1, 1, tzinfo=UTC)"
        raise Rejected({"moment": f"must be {wanted}, not {kind_of(moment)}"})
    if moment.utcoffset() is None:
        reason = f"{moment.isoformat()} has no time zone; add one, such as tzinfo=UTC"
        raise Rejected({"moment": reason})
    check_years(moment)
    return moment.astimezone(UTC)


def check_years(moment: datetime) -> None:
    """Raises :class:`Rejected` if ``moment`` is outside the years 2001 to 2998."""
    if not EARLIEST <= moment < LATEST:
        years = f"{EARLIEST.year} to {LATEST.year - 1}"
        reason = f"{moment.isoformat()} is outside the years {years}, in which the clock works"
        raise Rejected({"moment": reason})
