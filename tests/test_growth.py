"""The measure of growth itself: what is linear or flat passes, what is not fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.growth import assert_flat, assert_linear


def summing(size: int) -> Callable[[], object]:
    return lambda: sum(range(size))


def pairs(size: int) -> Callable[[], object]:
    return lambda: sum(1 for _ in range(size) for _ in range(size))


def test_what_costs_its_size_is_linear() -> None:
    assert_linear(summing, 20_000)


def test_what_costs_the_square_of_its_size_is_not() -> None:
    with pytest.raises(AssertionError, match=r"times, at most 8\.0 allowed"):
        assert_linear(pairs, 60)


def test_looking_something_up_is_flat() -> None:
    def looking_up(size: int) -> Callable[[], object]:
        stored = dict.fromkeys(range(size))
        return lambda: 5 in stored

    assert_flat(looking_up)


def test_going_through_everything_is_not() -> None:
    with pytest.raises(AssertionError, match=r"times, at most 2\.0 allowed"):
        assert_flat(summing, few=100, many=1000)
