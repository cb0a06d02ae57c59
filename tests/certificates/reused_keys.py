"""RSA keys for the certificates of the tests. Making a key is slow, so keys are used again."""

from __future__ import annotations

import sys
import threading
from collections import deque

from cryptography.hazmat.primitives.asymmetric import rsa

from mock_sei.certificates.profiles import new_identity_key

FEWEST_FREE = 8
"""At least so many keys are free before one is used again. A test may keep only the PEM of a
certificate, which holds no key object: its next certificates have other keys nevertheless."""


class ReusedKeys:
    """Keys of certificates that no object holds any more are given again, the oldest first."""

    def __init__(self) -> None:
        self._made: deque[rsa.RSAPrivateKey] = deque()
        self._giving = threading.Lock()

    def take(self) -> rsa.RSAPrivateKey:
        """A key that no living object has."""
        with self._giving:
            free = [at for at in range(len(self._made)) if _is_free(self._made, at)]
            if len(free) < FEWEST_FREE:
                self._made.append(new_identity_key())
            else:
                oldest = self._made[free[0]]
                del self._made[free[0]]
                self._made.append(oldest)
            return self._made[-1]


def _is_free(keys: deque[rsa.RSAPrivateKey], at: int) -> bool:
    """Whether only ``keys`` holds the key: the other reference is the call's own."""
    return sys.getrefcount(keys[at]) == 2
