"""A property that is computed once for each object, without a lock that a fork could leave held."""

from __future__ import annotations

import threading

from mock_sei.values.cached import cached_property
from tests.patience import PATIENCE


class Slow:
    def __init__(self) -> None:
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.computed = 0

    @cached_property
    def value(self) -> int:
        """The docstring."""
        self.computed += 1
        self.entered.set()
        assert self.go_on.wait(PATIENCE)
        return self.computed


def test_it_is_computed_once() -> None:
    slow = Slow()
    slow.go_on.set()
    assert (slow.value, slow.value, slow.computed) == (1, 1, 1)
    del slow.value
    assert slow.value == 2
    assert Slow.value.__doc__ == "The docstring."


def test_no_object_waits_for_another_one() -> None:
    """So a child that is forked while a thread computes one can compute another."""
    first, second = Slow(), Slow()
    second.go_on.set()
    thread = threading.Thread(target=lambda: first.value)
    thread.start()
    assert first.entered.wait(PATIENCE)
    other = threading.Thread(target=lambda: second.value, daemon=True)
    other.start()
    has_come = second.entered.wait(5)
    first.go_on.set()
    thread.join(PATIENCE)
    other.join(PATIENCE)
    assert has_come
