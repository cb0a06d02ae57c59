"""Which applications the portal makes a call for at this moment: one call at a time for each.

Servers on one store share this. A server that was killed in the middle of a call leaves a note
behind, which counts no longer after some seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from mock_sei.errors import CONFLICT, Refusal
from mock_sei.rules import checks, machine
from mock_sei.rules.stored import Stored, Table

LONGEST = 10.0
"""Seconds that a call may take, with the requests for its token."""
FORGOTTEN = 3 * LONGEST
"""Seconds after which a note of a call does not count any more."""
MOST_AT_ONCE = 16
"""Calls at the same time, of all applications together."""


class Tries:
    """The calls that are being made, by the AppKey of their application."""

    def __init__(self, stored: Stored, now: Callable[[], float] = machine.timestamp) -> None:
        """``now`` returns the time of the machine, in seconds since the epoch: a call takes as long
        as it takes, whatever the platform's clock shows."""
        self._now = now
        self._lock = threading.Lock()
        self._begun: Table[float] = Table(stored, "portal/tries")

    def begin(self, app_key: str, name: str) -> float:
        """Notes that a call begins, and returns when.

        Raises :class:`Refusal` if another one has not ended.
        """
        with self._lock:
            return self._begin(app_key, name)

    def _begin(self, app_key: str, name: str) -> float:
        now = self._now()
        for key, begun in list(self._begun.items()):
            if abs(now - begun) > FORGOTTEN:
                del self._begun[key]
        if app_key in self._begun:
            raise _under_way(
                f"The portal makes one call at a time for each application, and a call with the "
                f"application {name} has not ended yet.",
                actual=f"a call with {name} that has not ended",
            )
        if len(self._begun) >= MOST_AT_ONCE:
            raise _under_way(
                f"The portal makes {MOST_AT_ONCE} calls at a time, and as many have not ended yet.",
                actual=f"{MOST_AT_ONCE} calls that have not ended",
            )
        self._begun[app_key] = now
        return now

    def end(self, app_key: str, begun: float) -> None:
        """Notes that the call that began then has ended."""
        with self._lock:
            if self._begun.get(app_key) == begun:
                del self._begun[app_key]

    def __len__(self) -> int:
        return len(self._begun)


def _under_way(because: str, *, actual: str) -> Refusal:
    advice = (
        f"Wait until it has its answer, {LONGEST:.0f} seconds at most, and send the form again."
    )
    return Refusal(
        CONFLICT,
        check=checks.PORTAL_CONTROLS,
        because=f"{because} {advice}",
        expected="no other call",
        actual=actual,
    )
