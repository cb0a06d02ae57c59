"""The machine's own time, which tools that change the time of a test do not reach.

A user's test may stop or move the time of its process. freezegun puts functions of its own in the
place of those of ``time`` and ``datetime``, in every module that holds one. time-machine changes
what these functions themselves do, so a reference that was taken earlier lies too. OpenSSL, and
so every client, goes on with the true time. So the platform asks the system itself, and nothing
else in this package reads a time of its own (``tests/test_architecture.py``).

Where a system has no ``clock_gettime`` (Windows) the functions of ``time`` must do, as they were at
import.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _system_clock() -> Callable[[], float]:
    """Asks the C library: ``time.time``, and ``time.clock_gettime`` of this clock, may be false."""
    try:
        import ctypes

        ask = ctypes.PyDLL(None).clock_gettime
        number = time.CLOCK_REALTIME
    except (ImportError, OSError, TypeError, AttributeError):  # no libffi, no such function
        return time.time

    class Timespec(ctypes.Structure):
        _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))

    ask.argtypes = (ctypes.c_int, ctypes.POINTER(Timespec))
    by_reference = ctypes.byref

    def timestamp() -> float:
        moment = Timespec()
        ask(number, by_reference(moment))
        return float(moment.seconds + moment.nanoseconds / 1e9)

    return timestamp


def _running_clock() -> Callable[[], float]:
    """``time.monotonic`` by its other name, which neither tool changes for this clock."""
    ask, number = getattr(time, "clock_gettime", None), getattr(time, "CLOCK_MONOTONIC", None)
    if ask is None or number is None:
        return time.monotonic
    return lambda: float(ask(number))


timestamp = _system_clock()
"""Seconds since the epoch."""

monotonic = _running_clock()
"""Seconds since some moment, for durations and deadlines: it never goes back or stands still."""


def now() -> dt.datetime:
    return dt.datetime.fromtimestamp(timestamp(), dt.UTC)


@contextmanager
def real_dates() -> Iterator[None]:
    """Within it the module ``datetime`` has Python's own classes, also while freezegun is at work.

    For what keeps a class that it finds there: pydantic, when it is imported, makes subclasses, and
    cannot of freezegun's; cryptography takes the class of its first date for the only one.
    """
    classes = dt.datetime, dt.date
    if not _is_frozen():
        yield
        return
    _set_classes(*map(_real_class, classes))
    try:
        yield
    finally:
        _set_classes(*classes)
        if not _is_frozen():  # its end came meanwhile, in another thread
            _set_classes(*map(_real_class, classes))


def _is_frozen() -> bool:
    """By freezegun, which empties this list before it puts back anything else."""
    return bool(getattr(sys.modules.get("freezegun.api"), "freeze_factories", ()))


def _real_class(found: type) -> type:
    return next(each for each in found.__mro__ if each.__module__ == "datetime")


def _set_classes(of_datetime: type, of_date: type) -> None:
    vars(dt).update(datetime=of_datetime, date=of_date)
