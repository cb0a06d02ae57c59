"""Handling of SIGINT and SIGTERM: the first signal ends the command."""

from __future__ import annotations

import signal
from collections.abc import Callable

_ENDING = (signal.SIGINT, signal.SIGTERM)


def end_once(act: Callable[[], object]) -> None:
    """Calls ``act`` at the first signal. Later signals have no effect until the process ends.

    Later signals are blocked and not ignored by ``SIG_IGN``: with ``SIG_IGN``, a signal that has
    just arrived would be reported with a traceback. Also, Python restores the system's handlers at
    its end, and these would kill the process.
    """

    def handle(*_: object) -> None:
        for number in _ENDING:
            signal.signal(number, _nothing)
        if hasattr(signal, "pthread_sigmask"):  # not on Windows
            signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        act()

    for number in _ENDING:
        signal.signal(number, handle)
    if hasattr(signal, "pthread_sigmask"):  # a worker begins with SIGINT blocked
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def interrupt() -> None:
    """Ends a command that has nothing to clean up."""
    raise KeyboardInterrupt


def _nothing(*_: object) -> None: ...
