"""Who left a socket open: the warning about a socket of a pair names the test that made it.

Each event loop has such a pair. What is not closed is found by a collection of garbage, often in
a later test, which has done nothing wrong.
"""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest


class MadeInATest(socket.socket):
    """A socket whose representation, which a ``ResourceWarning`` shows, names its test."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._test = os.environ.get("PYTEST_CURRENT_TEST", "no test")

    def __repr__(self) -> str:
        return f"{super().__repr__()} made in {self._test}"


def name_the_tests_of_pairs(patch: pytest.MonkeyPatch) -> None:
    """From now on ``socket.socketpair`` makes sockets that name their test."""
    make = socket.socketpair

    def made(*args: Any, **options: Any) -> tuple[socket.socket, socket.socket]:
        left, right = make(*args, **options)
        return _named(left), _named(right)

    patch.setattr(socket, "socketpair", made)


def _named(plain: socket.socket) -> MadeInATest:
    family, kind, protocol = plain.family, plain.type, plain.proto
    return MadeInATest(family, kind, protocol, fileno=plain.detach())
