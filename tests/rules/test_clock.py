"""The platform's clock: moving, stopping and resetting it, with a machine's clock made here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mock_sei.rules.clock import EARLIEST, LATEST, PlatformClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Machine:
    """A machine's clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = NOON.timestamp()

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine: Machine) -> PlatformClock:
    return PlatformClock(machine)


def test_it_starts_as_the_machines_clock_and_runs_with_it(
    clock: PlatformClock, machine: Machine
) -> None:
    assert clock.now() == NOON
    assert clock.timestamp() == NOON.timestamp()
    assert clock.is_machine

    machine.seconds += 60

    assert clock.now() == NOON + MINUTE


def test_the_machines_own_clock_is_the_default() -> None:
    before = datetime.now(UTC)

    assert before <= PlatformClock().now() <= datetime.now(UTC)


def test_advancing_moves_it_and_it_runs_on(clock: PlatformClock, machine: Machine) -> None:
    assert clock.advance(minutes=31) == NOON + 31 * MINUTE
    machine.seconds += 60

    assert clock.now() == NOON + 32 * MINUTE
    assert not clock.is_machine


def test_advancing_takes_a_timedelta_too(clock: PlatformClock) -> None:
    clock.advance(timedelta(days=1))
    clock.advance(timedelta(days=1))

    assert clock.now() == NOON + timedelta(days=2)


def test_advancing_backwards_is_refused_and_moves_nothing(clock: PlatformClock) -> None:
    with pytest.raises(ValueError, match=r"negative, use set\(\) to go back"):
        clock.advance(minutes=-1)

    assert clock.is_machine


@pytest.mark.parametrize("step", [{"days": 400_000}, {"days": 3_000_000}, {"days": 10**12}])
def test_advancing_past_the_last_year_is_refused_and_moves_nothing(
    clock: PlatformClock, step: dict[str, float]
) -> None:
    """The limits of the clock, of ``datetime`` and of ``timedelta``."""
    with pytest.raises(ValueError, match=r"the clock goes|outside the years 2001 to 2998"):
        clock.advance(**step)

    assert clock.now() == NOON
    assert clock.is_machine


@pytest.mark.parametrize("moment", [NOON - timedelta(days=400), NOON + timedelta(days=400)])
def test_setting_goes_both_ways_and_it_runs_on(
    clock: PlatformClock, machine: Machine, moment: datetime
) -> None:
    assert clock.set(moment) == moment
    machine.seconds += 60

    assert clock.now() == moment + MINUTE


def test_setting_answers_in_utc(clock: PlatformClock) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5)))

    assert clock.set(there).utcoffset() == timedelta(0)
    assert clock.now() == NOON


def test_a_time_without_zone_is_refused(clock: PlatformClock) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        clock.set(NOON.replace(tzinfo=None))


@pytest.mark.parametrize("moment", [EARLIEST - timedelta(seconds=1), LATEST])
@pytest.mark.parametrize("frozen", [None, True])
def test_years_the_certificates_do_not_reach_are_refused(
    clock: PlatformClock, moment: datetime, frozen: bool | None
) -> None:
    with pytest.raises(ValueError, match="2001 to 2998"):
        clock.set(moment, frozen=frozen)

    assert clock.is_machine


@pytest.mark.parametrize("moment", [EARLIEST, LATEST - timedelta(seconds=1)])
def test_the_first_and_last_moment_are_taken(clock: PlatformClock, moment: datetime) -> None:
    clock.set(moment)

    assert clock.now() == moment


def test_a_stopped_clock_stands_still_and_can_be_moved(
    clock: PlatformClock, machine: Machine
) -> None:
    assert clock.freeze() == NOON
    machine.seconds += 60
    assert clock.now() == NOON
    assert clock.frozen

    clock.advance(minutes=5)
    machine.seconds += 60

    assert clock.now() == NOON + 5 * MINUTE
    assert not clock.is_machine


def test_a_stopped_clock_runs_on_from_where_it_stands(
    clock: PlatformClock, machine: Machine
) -> None:
    clock.freeze()
    machine.seconds += 3600
    assert clock.unfreeze() == NOON
    machine.seconds += 60

    assert clock.now() == NOON + MINUTE
    assert not clock.frozen
    assert not clock.is_machine


def test_letting_a_running_clock_run_changes_nothing(clock: PlatformClock) -> None:
    clock.unfreeze()

    assert clock.is_machine


@pytest.mark.parametrize("stopped_before", [True, False])
@pytest.mark.parametrize("frozen", [True, False, None])
def test_setting_can_stop_and_start_it(
    clock: PlatformClock, machine: Machine, *, stopped_before: bool, frozen: bool | None
) -> None:
    moment = NOON + timedelta(days=7)
    if stopped_before:
        clock.freeze()
    clock.set(moment, frozen=frozen)
    assert clock.now() == moment
    machine.seconds += 60

    stands = stopped_before if frozen is None else frozen
    assert clock.frozen is stands
    assert clock.now() == (moment if stands else moment + MINUTE)


def test_a_reset_brings_the_machines_clock_back(clock: PlatformClock, machine: Machine) -> None:
    clock.advance(minutes=5)
    clock.freeze()
    machine.seconds += 60
    clock.reset()

    assert clock.now() == NOON + MINUTE
    assert clock.is_machine
    assert not clock.frozen


def test_who_reads_a_clock_that_is_set_running_sees_no_third_time() -> None:
    """Another thread may read the clock at any moment."""
    seen: list[datetime] = []

    def machine() -> float:
        if moved.frozen:
            seen.append(moved.now())
        return NOON.timestamp() - 3600

    moved = PlatformClock(machine)
    moved.set(NOON, frozen=True)

    moved.unfreeze()

    assert seen == [NOON]
    assert moved.now() == NOON
