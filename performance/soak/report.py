"""Collects and prints the results of a run and the broken promises."""

from __future__ import annotations

from collections import defaultdict

SHOWN = 3
"""Number of cases that are printed for a broken promise; further ones are only counted."""


class Report:
    """A report that is printed line by line, because a run takes many minutes."""

    def __init__(self) -> None:
        self._broken: dict[str, list[str]] = defaultdict(list)

    def say(self, line: str) -> None:
        print(line, flush=True)

    def broken(self, promise: str, case: str) -> None:
        """Reports that a promise (a sentence) is broken, with the case that shows it."""
        cases = self._broken[promise]
        cases.append(case)
        if len(cases) == 1:
            self.say(f"  BROKEN: {promise} ({case})")

    @property
    def is_sound(self) -> bool:
        return not self._broken

    def conclude(self) -> int:
        """Prints all broken promises. Returns the exit status."""
        if self.is_sound:
            self.say("every promise was kept")
            return 0
        for promise, cases in self._broken.items():
            self.say(f"BROKEN, {len(cases)} times: {promise}")
            for case in cases[:SHOWN]:
                self.say(f"  {case}")
        return 1
