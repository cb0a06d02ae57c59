"""Random values, which nobody can guess. With a seed they repeat from run to run."""

from __future__ import annotations

import base64
from random import Random, SystemRandom


def make_random(seed: int | None, purpose: str = "") -> Random:
    """A source of random values: the operating system's, or with a seed one that repeats itself.

    With another ``purpose`` the same seed gives other values.
    """
    if seed is None:
        return SystemRandom()
    return Random(f"{purpose} {seed}" if purpose else seed)  # noqa: S311  # repeatable on purpose


SECRET_LENGTH = 43
"""The number of characters that :func:`new_secret` returns."""


def new_secret(random: Random) -> str:
    """256 random bits as URL-safe Base64, which needs no escaping anywhere."""
    return base64.urlsafe_b64encode(random.randbytes(32)).decode().rstrip("=")
