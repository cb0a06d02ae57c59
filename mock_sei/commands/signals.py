"""What SIGINT and SIGTERM do: the first one ends the command, whatever it is at."""

from __future__ import annotations

import signal
from collections.abc import Callable

_ENDING = (signal.SIGINT, signal.SIGTERM)


def end_once(act: Callable[[], object]) -> None:
    """The first signal calls ``act``. Later ones change nothing, to the very end.

    They are not ignored by ``SIG_IGN``: one that had just come would be reported with a traceback.
    They are blocked, since the interpreter restores the system's handlers at its end, and those
    kill.
    """

    def handle(*_: object) -> None:
        for number in _ENDING:
            signal.signal(number, _nothing)
        if hasattr(signal, "pthread_sigmask"):  # not on Windows
            signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        act()

    for number in _ENDING:
        signal.signal(number, handle)


def interrupt() -> None:
    """What a command does that has nothing to end but itself."""
    raise KeyboardInterrupt


def _nothing(*_: object) -> None: ...
