"""What a comparison found in each exchange, and in the whole recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mock_sei.comparison.calling import MockAnswer
from mock_sei.comparison.differences import AnswerDifference
from mock_sei.recordings.exchanges import RecordedExchange


class Outcome(StrEnum):
    """What became of one exchange."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_COMPARED = "not compared"
    SKIPPED = "skipped"
    """The recorder answered it, or it is a page of a log-in."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One exchange and what the comparison found."""

    exchange: RecordedExchange
    operation: str
    """Such as ``GET /v2/investors``."""
    outcome: Outcome
    differences: tuple[AnswerDifference, ...] = ()
    answer: MockAnswer | None = None
    reason: str = ""
    """Why it was not compared or skipped."""
    source: str = ""
    """Where in the mock its answer comes from."""


@dataclass(frozen=True, kw_only=True)
class ComparisonFinding:
    """A difference that no assumption covers."""

    operation: str
    difference: AnswerDifference
    source: str
    """Where in the mock our side comes from."""
    numbers: tuple[int, ...]
    """The first exchanges that show it."""
    count: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The result for a whole recording."""

    compared: Mapping[Outcome, int]
    findings: Sequence[ComparisonFinding]
    accepted: Sequence[ComparisonFinding] = ()
    """Findings that the user accepts."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Assumptions to change, with the values that the real platform shows."""
    accepted_changes: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    """The assumptions that were changed already."""
    evidence: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The first exchanges that show each change."""
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Rows that could not be seen, each with the row that hides it."""
    not_compared: Sequence[tuple[int, str, str]] = ()
    """Number, operation and reason of exchanges that were not compared."""
    operations: Mapping[str, Mapping[Outcome, int]] = field(default_factory=dict)
    players: Mapping[str, str] = field(default_factory=dict)
    """In words, who plays each AppKey of the recording."""
    unknown_keys: Sequence[str] = ()
    rounds: int = 0

    @property
    def is_same(self) -> bool:
        """True if something was compared, and nothing differs that the user did not accept."""
        return self.has_compared and not self.findings and not self.changes

    @property
    def has_compared(self) -> bool:
        """False if no exchange could be compared."""
        return bool({Outcome.SAME, Outcome.DIFFERENT} & self.compared.keys())
