"""What one run through a recording shows: suggested assumptions, findings, counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mock_sei.apis.documents import Catalogue
from mock_sei.assumptions.table import ROWS, Assumptions
from mock_sei.comparison.calling import MockAnswer
from mock_sei.comparison.cases import TOO_LARGE, Case, Seen
from mock_sei.comparison.differences import AnswerDifference
from mock_sei.comparison.facts import is_accepted
from mock_sei.comparison.playing import Played
from mock_sei.comparison.refusal_words import RefusalVotes, kind_with, read_words
from mock_sei.comparison.results import ComparisonFinding, Outcome
from mock_sei.comparison.seen_records import find_operation
from mock_sei.comparison.suggesting import observed, suggestions
from mock_sei.errors import KINDS
from mock_sei.recordings.exchanges import RecordedResponse
from mock_sei.rules import checks

_FIRST_REFUSAL = 400
_SHOWN = 5
_BODY_TOO_LARGE = "body_too_large"
_MOST_NOT_COMPARED = 50
GATEWAY = frozenset({checks.APP_KEY, checks.ACCESS_TOKEN, checks.SCOPE, checks.CERTIFICATE_NAME})
"""The checks whose order is an assumption."""


@dataclass(kw_only=True)
class _Suggested:
    count: int = 0
    numbers: tuple[int, ...] = ()


class Evidence:
    """Takes in the exchanges of one run, and keeps what does not grow with the recording."""

    def __init__(self, catalogue: Catalogue, rules: Assumptions) -> None:
        self._catalogue, self._rules = catalogue, rules
        self._kinds = {
            name: replace(kind, **rules.refusal.changed.get(name, {}))
            for name, kind in KINDS.items()
        }
        self._words = RefusalVotes()
        self._seen = Seen()
        self._suggested: dict[str, dict[str, _Suggested]] = {}
        """By row, and by the value as JSON."""
        self._findings: dict[tuple[str, str, str, str], ComparisonFinding] = {}
        self._unknown: dict[str, bool] = {}
        """Parameters that no document names and that were accepted; whether the value is a number.
        """
        self.outcomes: Counter[Outcome] = Counter()
        self.operations: dict[str, Counter[Outcome]] = {}
        self.not_compared: list[tuple[int, str, str]] = []
        self.differing = 0
        """Differences in all exchanges."""
        self.observed = 0
        """Suggestions by pages of log-ins."""
        self.is_order_in_doubt = False
        """Whether the gateway and the real platform refused something by different checks."""

    def note(self, played: Played) -> None:
        compared = played.compared
        self.outcomes[compared.outcome] += 1
        self.operations.setdefault(compared.operation, Counter())[compared.outcome] += 1
        accepted = is_accepted(compared.exchange)
        if compared.outcome is Outcome.SKIPPED:
            for row, value in observed(played, self._rules):
                self.observed += 1
                self._suggest(row, value, compared.exchange.number)
        elif compared.outcome is Outcome.NOT_COMPARED:
            if len(self.not_compared) < _MOST_NOT_COMPARED:
                self.not_compared.append(
                    (compared.exchange.number, compared.operation, compared.reason)
                )
        else:
            self._note_answer(played)
        self._seen.note(played, accepted=accepted)

    def _note_answer(self, played: Played) -> None:
        compared, answer = played.compared, played.compared.answer
        response = compared.exchange.response
        number = compared.exchange.number
        statuses = (answer.status if answer else 0, response.status if response else 0)
        is_of_size = response is not None and self._is_of_size(response, answer)
        both_refused = min(statuses) >= _FIRST_REFUSAL and not is_of_size
        if answer is not None and response is not None and both_refused:
            self._words.note(number, response, answer)
        self.differing += len(compared.differences)
        parameters = self._odd_parameters(played) if compared.exchange.request.query else {}
        if is_accepted(compared.exchange):
            sent = dict(compared.exchange.request.query)
            unknown = (name for name, count in parameters.items() if not count)
            self._unknown |= {name: sent[name].isdecimal() for name in unknown}
        for each in compared.differences:
            case = Case(
                played=played,
                difference=each,
                rules=self._rules,
                seen=self._seen,
                parameters=parameters,
                is_of_size=is_of_size,
            )
            for row, value in suggestions(case):
                self._suggest(row, value, number)
            if answer is not None and answer.check in GATEWAY and not case.accepted:
                self.is_order_in_doubt = True
            self._note_finding(played, each)

    def _is_of_size(self, response: RecordedResponse, answer: MockAnswer | None) -> bool:
        """Whether the size of a body decides: then the words of the refusals say nothing."""
        if answer is None or answer.status < _FIRST_REFUSAL:
            return False
        ours = answer.kind == _BODY_TOO_LARGE
        theirs = kind_with(read_words(response), self._kinds)
        if ours:
            return theirs not in (None, _BODY_TOO_LARGE)
        return theirs == _BODY_TOO_LARGE or response.status == TOO_LARGE

    def _suggest(self, row: str, value: Any, number: int) -> None:
        try:
            kind = ROWS[row].kind
            plain = kind.plain(kind.read(value))
        except ValueError:  # no value that the mock could have: it stays a finding
            return
        found = self._suggested.setdefault(row, {}).setdefault(json.dumps(plain), _Suggested())
        found.count += 1
        if len(found.numbers) < _SHOWN and number not in found.numbers:
            found.numbers = (*found.numbers, number)

    def _note_finding(self, played: Played, difference: AnswerDifference) -> None:
        compared = played.compared
        key = (compared.operation, difference.kind, difference.where, compared.source)
        known = self._findings.get(key)
        number = compared.exchange.number
        if known is None:
            self._findings[key] = ComparisonFinding(
                operation=compared.operation,
                difference=difference,
                source=compared.source,
                numbers=(number,),
                count=1,
            )
            return
        numbers = known.numbers if len(known.numbers) >= _SHOWN else (*known.numbers, number)
        self._findings[key] = replace(known, numbers=numbers, count=known.count + 1)

    @property
    def findings(self) -> list[ComparisonFinding]:
        return list(self._findings.values())

    @property
    def seen_refusals(self) -> set[str]:
        """A row of each kind of refusal that both gave."""
        return {f"refusal.{kind}.status" for kind in self._words.kinds}

    def rows(self) -> Iterator[tuple[str, Any, int, tuple[int, ...]]]:
        """Rows that should change: name, value, how often it was seen, and where."""
        for row, value, numbers in self._words.rows(self._kinds):
            try:
                kind = ROWS[row].kind
                yield row, kind.plain(kind.read(value)), len(numbers), numbers
            except ValueError:
                continue
        if '"refuse"' in self._suggested.get("request.unknown_parameter", {}):
            # Where unknown parameters are refused, one that was accepted is known there.
            for name, is_number in self._unknown.items():
                self._suggest("paging.limit" if is_number else "paging.cursor", name, 0)
        for row, values in self._suggested.items():
            for text, found in sorted(values.items(), key=lambda each: -each[1].count):
                yield row, json.loads(text), found.count, found.numbers

    def _odd_parameters(self, played: Played) -> Mapping[str, int]:
        """Parameters of a query that repeat, or, with 0, that no document names."""
        exchange = played.compared.exchange
        found = find_operation(self._catalogue, exchange)
        if found is None:
            return {}
        paging = self._rules.paging
        known = {each.name for each in found[0].parameters.values()}
        if "cursor" in known or "limit" in known:
            known |= {paging.cursor, paging.limit}
        counts = Counter(name for name, _ in exchange.request.query)
        return {
            name: count if count > 1 else 0
            for name, count in counts.items()
            if count > 1 or name not in known
        }
