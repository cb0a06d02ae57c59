"""The measure of growth itself: what is linear or flat passes, what is not fails."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests import growth
from tests.growth import assert_flat, assert_linear


class Work:
    """Work whose cost is counted in steps of a microsecond; no machine is too busy for it."""

    def __init__(self) -> None:
        self._steps = 0

    def thread_time(self) -> float:
        return self._steps / 1_000_000

    def of(self, steps: int) -> Callable[[], None]:
        def do() -> None:
            self._steps += steps

        return do


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    monkeypatch.setattr(growth, "time", SimpleNamespace(thread_time=work.thread_time))
    return work


def test_what_costs_its_size_is_linear(work: Work) -> None:
    assert_linear(work.of, 60)


def test_what_costs_the_square_of_its_size_is_not(work: Work) -> None:
    with pytest.raises(AssertionError, match=r"16\.00 times, at most 8\.0 allowed"):
        assert_linear(lambda size: work.of(size * size), 60)


def test_looking_something_up_is_flat(work: Work) -> None:
    assert_flat(lambda _: work.of(3))


def test_going_through_everything_is_not(work: Work) -> None:
    with pytest.raises(AssertionError, match=r"10\.00 times, at most 2\.0 allowed"):
        assert_flat(work.of, few=100, many=1000)


def test_the_time_of_this_thread_is_measured() -> None:
    assert_linear(lambda size: lambda: sum(range(size)), 20_000)
