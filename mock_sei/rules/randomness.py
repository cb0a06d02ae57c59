"""Values nobody can guess, unless a seed was asked for."""

from __future__ import annotations

import base64
from random import Random, SystemRandom


def make_random(seed: int | None) -> Random:
    """The system's randomness; with a seed, values that repeat from run to run."""
    return SystemRandom() if seed is None else Random(seed)  # noqa: S311  # repeatable on purpose


SECRET_LENGTH = 43
"""Characters of :func:`new_secret`."""


def new_secret(random: Random) -> str:
    """256 bits, in characters that need no escaping anywhere."""
    return base64.urlsafe_b64encode(random.randbytes(32)).decode().rstrip("=")
