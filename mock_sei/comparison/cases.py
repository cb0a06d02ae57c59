"""One difference with what says which assumption covers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_sei.assumptions.table import Assumptions
from mock_sei.comparison.differences import AnswerDifference
from mock_sei.comparison.playing import Played

Suggestion = tuple[str, Any]
"""The name of a row, and the value that the real platform shows."""
FIRST_REFUSAL = 400
TOO_LARGE = 413


@dataclass(kw_only=True)
class Seen:
    """What the recording showed so far: the longest times and sizes that were accepted."""

    idle: float = 0
    token: float = 0
    code: float = 0
    refresh_token: float = 0
    body: int = 0
    reused: bool = False
    """Whether a refresh token was used twice."""

    def note(self, played: Played, *, accepted: bool) -> None:
        ages = played.ages
        exchange = played.compared.exchange
        self.reused = self.reused or ages.is_used_refresh_token
        if accepted:
            self.idle = max(self.idle, ages.idle or 0)
            self.token = max(self.token, ages.token or 0)
            self.code = max(self.code, ages.code or 0)
            self.refresh_token = max(self.refresh_token, ages.refresh_token or 0)
        if exchange.response is not None and exchange.response.status != TOO_LARGE:
            self.body = max(self.body, exchange.request.body.size)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One difference with everything that says which assumption covers it."""

    played: Played
    difference: AnswerDifference
    rules: Assumptions
    """The mock's assumptions in this run."""
    seen: Seen
    parameters: Mapping[str, int]
    """By name, how often the query has each parameter that it repeats or that no document names;
    0 for an unknown one."""

    is_of_size: bool
    """Whether only one of the two refused the size of the body."""

    @property
    def accepted(self) -> bool:
        response = self.played.compared.exchange.response
        return response is not None and response.status < FIRST_REFUSAL

    @property
    def ours_accepted(self) -> bool:
        answer = self.played.compared.answer
        return answer is not None and 0 < answer.status < FIRST_REFUSAL

    @property
    def theirs_status(self) -> int:
        response = self.played.compared.exchange.response
        return 0 if response is None else response.status

    @property
    def check(self) -> str | None:
        answer = self.played.compared.answer
        return None if answer is None else answer.check

    @property
    def kind(self) -> str | None:
        answer = self.played.compared.answer
        return None if answer is None else answer.kind
