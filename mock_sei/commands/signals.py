"""Handling of SIGINT and SIGTERM: the first signal ends the command, a second one at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

_ENDING = (signal.SIGINT, signal.SIGTERM)


def end_once(
    act: Callable[[], object],
    again: Callable[[], object] | None = None,
    *,
    ending: Sequence[signal.Signals] = _ENDING,
) -> None:
    """Calls ``act`` at the first signal, and ``again``, if there is one, at the second one. Later
    signals have no effect until the process ends. ``ending`` are those that end; the other one of
    the two has no effect.

    Later signals are blocked and not ignored by ``SIG_IGN``: with ``SIG_IGN``, a signal that has
    just arrived would be reported with a traceback. Also, Python restores the system's handlers at
    its end, and these would kill the process.
    """

    acts = [act] if again is None else [act, again]

    def handle(*_: object) -> None:
        now = acts.pop(0) if acts else _nothing
        if not acts:
            for number in _ENDING:
                signal.signal(number, _nothing)
            if hasattr(signal, "pthread_sigmask"):  # not on Windows
                signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        now()

    for number in _ENDING:
        signal.signal(number, handle if number in ending else _nothing)
    if hasattr(signal, "pthread_sigmask"):  # a worker begins with SIGINT blocked
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def interrupt() -> None:
    """Ends a command that has nothing to clean up."""
    raise KeyboardInterrupt


def _nothing(*_: object) -> None: ...
