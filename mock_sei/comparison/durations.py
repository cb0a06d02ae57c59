"""Durations that fit what was seen: the limit lies between what was accepted and what was not."""

from __future__ import annotations

from math import ceil, floor

_STEPS = (86_400, 3_600, 300, 60, 10, 5, 1)
"""Limits are mostly whole days, hours, minutes or seconds."""


def limit_below(refused: float, accepted: float) -> int:
    """The roundest limit of at most ``refused`` seconds and more than ``accepted`` ones."""
    for step in _STEPS:
        found = floor(refused / step) * step
        if found > accepted and found > 0:
            return found
    return max(1, floor(refused))


def limit_above(accepted: float) -> int:
    """A limit of more than ``accepted`` seconds: the next whole minute, or the next second below a
    minute."""
    step = 60 if accepted >= 60 else 1
    return (floor(accepted / step) + 1) * step


def size_above(accepted: int) -> int:
    """A size in bytes that takes this one: the next whole mebibyte, or kibibyte below one."""
    unit = 1024 * 1024 if accepted >= 1024 * 1024 else 1024
    return ceil(accepted / unit) * unit


def size_below(refused: int, accepted: int) -> int:
    """A limit that refuses a size and takes an accepted one, best in whole mebibytes."""
    for unit in (1024 * 1024, 1024):
        found = (refused - 1) // unit * unit
        if found >= max(accepted, 1024):
            return found
    return max(1024, refused - 1)
