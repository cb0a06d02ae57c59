"""Random values, which nobody can guess. With a seed they repeat from run to run."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha512
from random import Random, SystemRandom

from mock_sei.rules.stored import Stored


def make_random(seed: int | None, purpose: str = "", stored: Stored | None = None) -> Random:
    """A source of random values: the operating system's, or with a seed one that repeats itself.

    With another ``purpose`` the same seed gives other values. In a ``stored`` state that several
    servers share, they share the values too: each value is given once, by one of them.
    """
    if seed is None:
        return SystemRandom()
    if stored is not None and stored.is_shared:
        return SharedRandom(seed, purpose, stored)
    return Random(f"{purpose} {seed}" if purpose else seed)  # noqa: S311  # repeatable on purpose


class SharedRandom(Random):
    """Random values that several servers share: each is made of a number that their state counts.

    To take a value changes the state, so it needs a unit of work.
    """

    def __init__(self, seed: int, purpose: str, stored: Stored) -> None:
        super().__init__()
        self._key = f"{purpose} {seed}".encode()
        self._kind = f"random {purpose}".rstrip()
        self._stored = stored

    def getrandbits(self, k: int) -> int:
        number = self._stored.next_number(self._kind)
        found, size = b"", (k + 7) // 8
        while len(found) < size:
            found += hmac.digest(self._key, f"{number} {len(found)}".encode(), sha512)
        return int.from_bytes(found[:size]) >> (size * 8 - k)

    def random(self) -> float:
        return self.getrandbits(53) / (1 << 53)

    def randbytes(self, n: int) -> bytes:
        return self.getrandbits(n * 8).to_bytes(n)


SECRET_LENGTH = 43
"""The number of characters that :func:`new_secret` returns."""


def new_secret(random: Random) -> str:
    """256 random bits as URL-safe Base64, which needs no escaping anywhere."""
    return base64.urlsafe_b64encode(random.randbytes(32)).decode().rstrip("=")
