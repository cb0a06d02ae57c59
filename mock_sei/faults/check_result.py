"""The reasons why a test must fail: what was found since the last reset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mock_sei.errors import MockSeiBug
from mock_sei.rules.stored import Stored, Table

KEPT = 50
"""So many texts of one kind are kept; the others are only counted."""


class Kept(list[str]):
    """The first :data:`KEPT` texts of one kind, and the number of further ones."""

    left_out = 0

    @classmethod
    def of(cls, texts: Iterable[str]) -> Kept:
        """The first of these texts."""
        kept = cls()
        for each in texts:
            kept.add(each)
        return kept

    def add(self, text: str) -> None:
        """Keeps a text, or counts it if there are enough."""
        if len(self) < KEPT:
            self.append(text)
        else:
            self.left_out += 1

    @property
    def told(self) -> list[str]:
        """The kept texts, and at the end the number of those that were left out."""
        return [*self, f"and {self.left_out} more"] if self.left_out else list(self)


_LEFT_OUT = "left out"


class StoredKept(Kept):
    """Texts that the servers of a state keep together. The list follows a table."""

    def __init__(self, stored: Stored, name: str) -> None:
        super().__init__()
        self._texts: Table[str | int] = Table(stored, name, changed=self._follow)
        """The texts by their numbers, and how many were left out."""

    def add(self, text: str) -> None:
        if len(self) < KEPT:
            self._texts[str(len(self))] = text
        else:
            self._texts[_LEFT_OUT] = self.left_out + 1

    def _follow(self, _: str, __: str | int | None, after: str | int | None) -> None:
        if isinstance(after, int):
            self.left_out = after
        elif after is not None:
            self.append(after)


class Reported:
    """How many failures a check has reported, whichever server it asked."""

    def __init__(self, stored: Stored) -> None:
        self._counts: Table[int] = Table(stored, "reported")

    @property
    def bugs(self) -> int:
        """How many of the failures of mock-sei itself."""
        return self._counts.get(_BUGS, 0)

    def note(self, bugs: int) -> None:
        """Notes that a check reported the first ``bugs`` failures."""
        if bugs > self.bugs:
            self._counts[_BUGS] = bugs


_BUGS = "bugs"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The reasons why a test must fail, by kind. If all lists are empty, there are none."""

    bugs: list[str]
    """The tracebacks of mock-sei's own failures, and a sentence about each lack of resources."""
    unmet_faults: list[str]
    """The faults with ``required=True`` that no call met."""
    unscripted_calls: list[str]
    """The calls in strict mode for which there was no scripted answer."""
    unused_answers: list[str] = field(default_factory=list)
    """The scripted answers with ``required=True`` that calls did not get as often as they say."""

    def check(self) -> None:
        """Raises :class:`MockSeiBug` for a bug, ``AssertionError`` for anything else."""
        if self.bugs:
            raise MockSeiBug("\n".join(self.bugs))
        if self.unmet_faults:
            raise AssertionError(f"required faults that nobody met: {'; '.join(self.unmet_faults)}")
        if self.unscripted_calls:
            raise AssertionError(f"calls without a script: {', '.join(self.unscripted_calls)}")
        if self.unused_answers:
            raise AssertionError(
                f"required answers that were not used: {'; '.join(self.unused_answers)}"
            )
