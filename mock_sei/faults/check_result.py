"""What speaks against the test that ran since the reset."""

from __future__ import annotations

from dataclasses import dataclass

from mock_sei.errors import MockSeiBug

KEPT = 50
"""Texts that are kept; the others are counted."""


class Kept(list[str]):
    """The first :data:`KEPT` texts of one kind, and how many more there were."""

    left_out = 0

    def add(self, text: str) -> None:
        if len(self) < KEPT:
            self.append(text)
        else:
            self.left_out += 1

    @property
    def told(self) -> list[str]:
        """The texts, and as the last one how many are left out."""
        return [*self, f"and {self.left_out} more"] if self.left_out else list(self)


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """Each list is empty where nothing of its kind speaks against the test."""

    bugs: list[str]
    """Tracebacks of mock-sei's own failures, and what the machine lacked, a sentence each."""
    unmet_faults: list[str]
    """Required faults that nobody met."""
    unscripted_calls: list[str]
    """Calls that wanted a script in strict mode."""

    def check(self) -> None:
        """Raises :class:`MockSeiBug` for a bug, ``AssertionError`` for the others."""
        if self.bugs:
            raise MockSeiBug("\n".join(self.bugs))
        if self.unmet_faults:
            raise AssertionError(f"required faults that nobody met: {'; '.join(self.unmet_faults)}")
        if self.unscripted_calls:
            raise AssertionError(f"calls without a script: {', '.join(self.unscripted_calls)}")
