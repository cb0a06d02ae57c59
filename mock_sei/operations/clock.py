"""The clock of the platform: tokens, codes, links and certificates follow it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field

from mock_sei.operations.kinds import Flag, Moment, Number
from mock_sei.operations.requests import Fields, Request

if TYPE_CHECKING:
    from mock_sei.platform import Platform

FARTHEST = timedelta(days=365_000)
"""What one call can advance the clock by, at most."""


class ClockState(Fields):
    """What the clock shows."""

    now: Annotated[AwareDatetime, Field(examples=["2026-01-31T09:00:00Z"])]
    """The platform's time."""
    frozen: Annotated[bool, Field(examples=[False])]
    """Whether the clock stands still."""
    is_machine: Annotated[bool, Field(examples=[True])]
    """Whether it is the machine's clock: nobody moved or stopped it since the reset."""


def state_of(platform: Platform) -> ClockState:
    clock = platform.clock
    return ClockState(now=clock.now(), frozen=clock.frozen, is_machine=clock.is_machine)


class ShowClock(Request[ClockState]):
    """The platform's time."""

    def perform(self, platform: Platform) -> ClockState:
        return state_of(platform)


class SetClock(Request[ClockState]):
    """Sets, stops or starts the clock."""

    now: Moment | None = None
    """The time that the clock is set to; left out, it stays where it is."""
    frozen: Annotated[Flag | None, Field(examples=[True])] = None
    """Whether the clock stands still from now on; left out, that stays as it is."""

    def perform(self, platform: Platform) -> ClockState:
        clock = platform.clock
        with platform.before_reset() as is_now:
            if is_now and self.now is not None:
                clock.set(self.now, frozen=self.frozen)
            elif is_now and self.frozen is not None:
                (clock.freeze if self.frozen else clock.unfreeze)()
        return state_of(platform)


class AdvanceClock(Request[ClockState]):
    """Moves the clock forward. Raises :class:`~mock_sei.errors.Rejected`."""

    seconds: Annotated[Number, Field(ge=0, le=FARTHEST.total_seconds(), examples=[1860])] = 0.0
    """How many seconds; with the other fields, the clock moves by their sum."""
    minutes: Annotated[Number, Field(ge=0, le=FARTHEST.total_seconds() / 60, examples=[31])] = 0.0
    """How many minutes."""
    hours: Annotated[Number, Field(ge=0, le=FARTHEST.total_seconds() / 3600, examples=[1])] = 0.0
    """How many hours."""
    days: Annotated[Number, Field(ge=0, le=FARTHEST.days, examples=[730])] = 0.0
    """How many days of 24 hours."""

    def perform(self, platform: Platform) -> ClockState:
        step = timedelta(self.days, self.seconds, 0, 0, self.minutes, self.hours)
        with platform.before_reset() as is_now:
            if is_now:
                platform.clock.move(step)
        return state_of(platform)


class ResetClock(Request[None]):
    """Sets the clock back to the machine's time."""

    def perform(self, platform: Platform) -> None:
        with platform.before_reset() as is_now:
            if is_now:
                platform.clock.reset()
