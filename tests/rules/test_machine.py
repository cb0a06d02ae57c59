"""The machine's time: a user's test that changes the time of its process does not change it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import time_machine
from freezegun import freeze_time
from freezegun.api import FakeDatetime

from mock_sei.rules import machine
from mock_sei.rules.clock import PlatformClock
from mock_sei.runtime.loops import new_thread_loop
from tests.patience import PATIENCE

Tool = Callable[[], AbstractContextManager[Any]]

TOOLS: dict[str, Tool] = {
    "freezegun, past": lambda: freeze_time("2015-05-05"),
    "freezegun, future": lambda: freeze_time("2035-05-05"),
    "freezegun that ticks": lambda: freeze_time("2035-05-05", tick=True),
    "freezegun with real asyncio": lambda: freeze_time("2035-05-05", real_asyncio=True),
    "time-machine, past": lambda: time_machine.travel("2015-05-05 00:00 +0000"),
    "time-machine, future": lambda: time_machine.travel("2035-05-05 00:00 +0000"),
    "time-machine that stands": lambda: time_machine.travel("2035-05-05 00:00 +0000", tick=False),
}


@pytest.fixture(params=list(TOOLS.values()), ids=list(TOOLS))
def tool(request: pytest.FixtureRequest) -> Tool:
    found: Tool = request.param
    return found


def test_it_is_the_time_that_every_program_of_the_machine_reads() -> None:
    before = time.time()
    read = machine.timestamp()

    assert before - 0.1 <= read <= time.time() + 0.1
    assert machine.now().utcoffset() == dt.timedelta(0)
    assert abs(machine.now().timestamp() - read) < PATIENCE


@pytest.mark.long
def test_no_tool_reaches_it(tool: Tool) -> None:
    true = time.time()
    with tool():
        assert abs(time.time() - true) > 10**7  # or the tool did nothing
        assert 0 <= machine.timestamp() - true + 0.1 < PATIENCE
        assert 0 <= machine.now().timestamp() - true + 0.1 < PATIENCE
        assert 0 <= PlatformClock().timestamp() - true + 0.1 < PATIENCE


def test_what_measures_durations_goes_on(tool: Tool) -> None:
    before = machine.monotonic()
    with tool():
        within = machine.monotonic()
        while machine.monotonic() == within:
            assert machine.monotonic() - within < PATIENCE

        assert 0 < machine.monotonic() - before < PATIENCE


@pytest.mark.long
def test_the_loop_of_a_server_in_a_thread_goes_on(tool: Tool) -> None:
    loop = new_thread_loop()
    fired: list[float] = []
    try:
        with tool():
            loop.call_later(0.001, fired.append, 1)
            loop.call_later(0.002, loop.stop)
            loop.run_forever()
        loop.call_later(0.001, loop.stop)
        loop.run_forever()
    finally:
        loop.close()

    assert fired == [1]


IMPORTED_LATE = """
import time
from {tool}
true = time.time()
with {start}:
    from mock_sei.rules import machine
    within = machine.timestamp(), machine.monotonic()
after = machine.timestamp(), machine.monotonic()
assert abs(within[0] - true) < 100, within
assert 0 <= after[0] - within[0] < 100 and 0 <= after[1] - within[1] < 100
with {start}:
    assert 0 <= machine.timestamp() - after[0] < 100
    assert 0 <= machine.monotonic() - after[1] < 100
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "start"),
    [
        ("freezegun import freeze_time", "freeze_time('2035-05-05')"),
        ("time_machine import travel", "travel('2035-05-05', tick=False)"),
    ],
)
def test_a_first_import_under_a_tool_makes_no_difference(tool: str, start: str) -> None:
    program = IMPORTED_LATE.format(tool=tool, start=start)

    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=PATIENCE)


def test_libraries_that_are_loaded_under_freezegun_find_python_s_own_classes() -> None:
    own = dt.datetime, dt.date
    with freeze_time("2035-05-05"):
        with machine.real_dates():
            assert (dt.datetime, dt.date) == own
            assert dt.datetime is own[0]
        assert dt.datetime is FakeDatetime
        assert dt.datetime.now(dt.UTC).year == 2035
    assert dt.datetime is own[0]


def test_the_classes_stay_python_s_own_where_freezegun_ends_meanwhile() -> None:
    """Another thread may load a library while the test ends."""
    own = dt.datetime, dt.date
    frozen = freeze_time("2035-05-05")
    frozen.start()
    with machine.real_dates():
        frozen.stop()

    assert dt.datetime is own[0]
    assert dt.date is own[1]


def test_without_freezegun_the_classes_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Another(dt.datetime):
        """A class of dates from another tool."""

    monkeypatch.setattr(dt, "datetime", Another)
    with machine.real_dates():
        assert dt.datetime is Another


def test_the_last_thread_that_loads_libraries_puts_the_classes_of_freezegun_back() -> None:
    own = dt.datetime, dt.date
    with freeze_time("2035-05-05"):
        false = dt.datetime, dt.date
        first, second = machine.real_dates(), machine.real_dates()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert (dt.datetime, dt.date) == own
        second.__exit__(None, None, None)
        assert (dt.datetime, dt.date) == false
    assert (dt.datetime, dt.date) == own
