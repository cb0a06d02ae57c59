"""What a run measured and which promises it saw broken."""

from __future__ import annotations

from collections import defaultdict

SHOWN = 3
"""Cases of one broken promise that are printed; the others are counted."""


class Report:
    """Printed as it comes; whoever waits ten minutes wants to see something."""

    def __init__(self) -> None:
        self._broken: dict[str, list[str]] = defaultdict(list)

    def say(self, line: str) -> None:
        print(line, flush=True)

    def broken(self, promise: str, case: str) -> None:
        """``promise`` is a clear sentence; ``case`` is what was seen instead."""
        cases = self._broken[promise]
        cases.append(case)
        if len(cases) == 1:
            self.say(f"  BROKEN: {promise} ({case})")

    @property
    def is_sound(self) -> bool:
        return not self._broken

    def conclude(self) -> int:
        """Prints every broken promise; returns the exit status."""
        if self.is_sound:
            self.say("every promise was kept")
            return 0
        for promise, cases in self._broken.items():
            self.say(f"BROKEN, {len(cases)} times: {promise}")
            for case in cases[:SHOWN]:
                self.say(f"  {case}")
        return 1
