"""``mock_sei.clock``: the platform's clock, which tokens, codes, links and certificates follow."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mock_sei.operations.clock import (
    FARTHEST,
    AdvanceClock,
    ClockState,
    ResetClock,
    SetClock,
    ShowClock,
)
from mock_sei.operations.requests import Performer
from mock_sei.rules.arguments import named_plainly_throughout, require_flag
from mock_sei.rules.clock import forward_step, read_moment, too_far

if TYPE_CHECKING:
    from typing import Unpack

    from mock_sei.testing.inputs import ClockParts


@named_plainly_throughout
class Clock:
    """The platform's clock, until the next reset. Times are aware ``datetime`` values, UTC."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    def timestamp(self) -> float:
        """The platform's time, in seconds since 1970."""
        return self.now().timestamp()

    def now(self) -> datetime:
        """The platform's time."""
        return self._state().now

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._state().frozen

    @property
    def is_machine(self) -> bool:
        """Whether it is the machine's clock: nobody moved or stopped it since the reset."""
        return self._state().is_machine

    def advance(self, amount: timedelta | None = None, /, **parts: Unpack[ClockParts]) -> datetime:
        """Moves the clock forward and returns the new time: ``clock.advance(minutes=31)``.

        Takes a ``timedelta`` or its keywords. Raises :class:`~mock_sei.errors.Rejected` for
        another keyword, for a negative amount, and for a time after the year 2998.
        """
        step = forward_step(amount, parts)  # type: ignore[arg-type]  # its values are numbers
        if step > FARTHEST:
            raise too_far(step)
        return self._performer.perform(AdvanceClock(seconds=step.total_seconds())).now

    def set(self, moment: datetime, *, frozen: bool | None = None) -> datetime:
        """Moves the clock to a moment, forwards or backwards; stops or starts it if asked.

        Raises :class:`~mock_sei.errors.Rejected` for what is no ``datetime`` with a time zone, and
        for one outside the years 2001 to 2998.
        """
        there = read_moment(moment)
        if frozen is not None:
            require_flag("frozen", frozen)
        return self._performer.perform(SetClock(now=there, frozen=frozen)).now

    def freeze(self) -> datetime:
        """Stops the clock, and returns its time."""
        return self._performer.perform(SetClock(frozen=True)).now

    def unfreeze(self) -> datetime:
        """Lets a stopped clock run on from where it stands, and returns its time."""
        return self._performer.perform(SetClock(frozen=False)).now

    def reset(self) -> None:
        """Sets the clock back to the machine's time."""
        self._performer.perform(ResetClock())

    def _state(self) -> ClockState:
        return self._performer.perform(ShowClock())
