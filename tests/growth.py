"""How the cost of an action grows with its input, or with what is stored: CPU time of this thread.

A limit is missed only where it is missed in most rounds, and by the least that each side cost, so
that a busy machine fails no test.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from statistics import median

Action = Callable[[], object]

LINEAR = 8.0
"""What four times the input may cost, in times of the single input; where the cost grows with the
square, it is sixteen times."""
FLAT = 2.0
"""What an action may cost where much is stored, in times of where little is; the benchmark's own
limit is 1.5."""

_ROUNDS = 12
_ENOUGH = 0.001
"""Seconds that one measurement lasts at least, by repeating the action."""


def assert_linear(make: Callable[[int], Action], size: int) -> None:
    """``make(n)`` gives the action for an input of n; four times the size costs at most 8 times.

    The largest input has twice ``size``. Where the cost has a part that grows with the square, that
    part is found where it is at least half of the whole.
    """
    _assert_ratio(make(size // 2), make(size // 2 * 4), LINEAR)


def assert_flat(make: Callable[[int], Action], few: int = 10, many: int = 2000) -> None:
    """``make(n)`` gives the action where n things are stored; their number must not matter."""
    _assert_ratio(make(few), make(many), FLAT)


def _assert_ratio(small: Action, large: Action, limit: float) -> None:
    """Fails where both the middle of the rounds' own ratios and the ratio of the least are above.

    The speed of a busy machine changes from one moment to the next: within a round hardly, and the
    least of one side may come from a better moment than that of the other.
    """
    small()  # what the first call alone costs; the large one has further rounds for that
    if sys.gettrace() is not None:  # coverage or a debugger costs more than what is measured
        large()
        return
    calls = _calls_for(small)
    ratios: list[float] = []
    least_small = least_large = float("inf")
    for _ in range(_ROUNDS):
        cost_small, cost_large = _cpu_seconds(small, calls), _cpu_seconds(large, calls)
        least_small, least_large = min(least_small, cost_small), min(least_large, cost_large)
        ratios.append(cost_large / cost_small)
        if min(median(ratios), least_large / least_small) <= limit:
            return
    raise AssertionError(
        f"{least_large / calls * 1000:.3f} ms instead of {least_small / calls * 1000:.3f} ms: "
        f"{least_large / least_small:.2f} times, at most {limit} allowed"
    )


def _calls_for(action: Action) -> int:
    calls = 1
    while _cpu_seconds(action, calls) < _ENOUGH and calls < 4096:
        calls *= 2
    return calls


def _cpu_seconds(action: Action, calls: int) -> float:
    collecting = gc.isenabled()
    gc.disable()
    try:
        began = time.thread_time()
        for _ in range(calls):
            action()
        return time.thread_time() - began
    finally:
        if collecting:
            gc.enable()
