"""The machine's own time, which tools that change the time of a test cannot change.

A user's test may stop or move the time of its process. freezegun replaces the functions of ``time``
and ``datetime``, in every module that holds one. time-machine changes what these functions return,
so a reference that was taken earlier gives a false time too. OpenSSL, and so every client, still
uses the true time. Therefore the platform asks the operating system, and no other module of this
package reads the time (``tests/test_architecture.py``).

Windows has no ``clock_gettime``. There this module uses the functions of ``time``, as they were at
import.
"""

from __future__ import annotations

import datetime as dt
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _system_clock() -> Callable[[], float]:
    """A function that asks the C library: ``time.time`` and ``time.clock_gettime`` may be
    patched."""
    try:
        import ctypes

        ask = ctypes.PyDLL(None).clock_gettime
        number = time.CLOCK_REALTIME
    except (ImportError, OSError, TypeError, AttributeError):  # no libffi, no such function
        return time.time

    timespec = ctypes.c_long * 2  # a structure with names takes twice as long

    def timestamp() -> float:
        moment = timespec()
        ask(number, moment)
        seconds, nanoseconds = moment
        return float(seconds + nanoseconds / 1e9)

    return timestamp


def _running_clock() -> Callable[[], float]:
    """``time.clock_gettime`` of the monotonic clock, which neither tool patches."""
    ask, number = getattr(time, "clock_gettime", None), getattr(time, "CLOCK_MONOTONIC", None)
    if ask is None or number is None:
        return time.monotonic
    return lambda: float(ask(number))


timestamp = _system_clock()
"""The machine's time in seconds since the epoch."""

monotonic = _running_clock()
"""Seconds since some moment, for durations and deadlines. It never goes back and never stops."""


def now() -> dt.datetime:
    """The machine's time, in UTC."""
    return dt.datetime.fromtimestamp(timestamp(), dt.UTC)


@contextmanager
def real_dates() -> Iterator[None]:
    """Inside this context the module ``datetime`` has Python's own classes, whatever freezegun did.

    Some libraries keep the classes that they find there. pydantic makes subclasses of them when it
    is imported, which fails with freezegun's. cryptography remembers the class of the first date
    that it gets, and refuses all others.
    """
    _real.enter()
    try:
        yield
    finally:
        _real.leave()


class _RealDates:
    """Counts who is inside :func:`real_dates`, in all threads: the last one to leave puts
    freezegun's classes back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._replaced: tuple[type, type] | None = None

    def enter(self) -> None:
        with self._lock:
            if self._replaced is None and _is_frozen():
                self._replaced = dt.datetime, dt.date
                _set_classes(*map(_real_class, self._replaced))
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users or self._replaced is None:
                return
            # Another thread may have ended the frozen time meanwhile.
            is_frozen = _is_frozen()
            _set_classes(*(each if is_frozen else _real_class(each) for each in self._replaced))
            self._replaced = None


_real = _RealDates()


def _is_frozen() -> bool:
    """True while freezegun is active: it empties this list before it restores anything else."""
    return bool(getattr(sys.modules.get("freezegun.api"), "freeze_factories", ()))


def _real_class(found: type) -> type:
    return next(each for each in found.__mro__ if each.__module__ == "datetime")


def _set_classes(of_datetime: type, of_date: type) -> None:
    vars(dt).update(datetime=of_datetime, date=of_date)
