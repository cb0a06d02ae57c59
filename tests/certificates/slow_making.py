"""Pauses the making of a certificate, so that a test can do something meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.patience import PATIENCE


class SlowMaking:
    """A gate in front of a slow function: its first call waits there."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._begun, self._go_on = threading.Event(), threading.Event()
        self.calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if not self._begun.is_set():
            self._begun.set()
            assert self._go_on.wait(PATIENCE)
        return self._function(*args, **kwargs)

    def during(self, make: Callable[[], Any], meanwhile: Callable[[], object]) -> Future[Any]:
        """The result of ``make``. ``meanwhile`` is called while ``make`` waits."""
        with ThreadPoolExecutor(1) as pool:
            made = pool.submit(make)
            assert self._begun.wait(PATIENCE)
            try:
                meanwhile()
            finally:
                self._go_on.set()
        return made


def slow(patch: pytest.MonkeyPatch, target: str, function: Callable[..., Any]) -> SlowMaking:
    """Puts a gate in front of a function, given by its dotted name."""
    making = SlowMaking(function)
    patch.setattr(target, making)
    return making
