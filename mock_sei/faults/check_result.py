"""The reasons why a test must fail: what was found since the last reset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mock_sei.errors import MockSeiBug

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
