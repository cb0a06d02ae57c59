"""Plays a recording again and again, with the assumptions that the differences suggest.

A change stays if it lessens the differences. The result is a fixed point, after a bounded number of
rounds: what then differs is a finding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

from mock_sei.assumptions.groups import APP_KEY, CERTIFICATE_NAME, SCOPE, TOKEN
from mock_sei.assumptions.reading import merged, require_consistent
from mock_sei.assumptions.table import ROWS
from mock_sei.comparison.calling import Application, ClientCertificates, InProcessCaller
from mock_sei.comparison.cast import Cast
from mock_sei.comparison.evidence import Evidence
from mock_sei.comparison.hidden import hidden_rows
from mock_sei.comparison.naming import OperationNames
from mock_sei.comparison.playing import Play
from mock_sei.comparison.reading import Recording
from mock_sei.comparison.results import Outcome
from mock_sei.errors import ConfigurationError
from mock_sei.platform import Platform

MOST_ROUNDS = 8
"""Runs with further changes, for one order of the gateway's checks."""
ORDER = "gateway.order"
_IDLE, _LIFETIME = "token.idle_limit", "token.lifetime"

Progress = Callable[[int], None]
"""Called after each exchange with the number of the run, from 1."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The fixed point."""

    changes: Mapping[str, Any]
    """The rows to change, on top of those that were changed before."""
    numbers: Mapping[str, tuple[int, ...]]
    """Exchanges that show each of them."""
    evidence: Evidence
    """Of the last run."""
    rounds: int


@dataclass(frozen=True, kw_only=True)
class _Try:
    """A run with some changes."""

    changes: Mapping[str, Any]
    numbers: Mapping[str, tuple[int, ...]]
    evidence: Evidence

    counts: Mapping[str, int] = field(default_factory=dict)
    """How often each change was suggested."""

    @property
    def cost(self) -> tuple[int, int, int]:
        """Exchanges that differ or could not be compared, all differences, and what pages of
        log-ins ask for, which are not compared."""
        outcomes = self.evidence.outcomes
        waiting = outcomes[Outcome.DIFFERENT] + outcomes[Outcome.NOT_COMPARED]
        return waiting, self.evidence.differing, self.evidence.observed


@dataclass(kw_only=True)
class Rounds:
    """Runs through one recording."""

    recording: Recording
    platform: Platform
    app: Application
    cast: Cast
    base: Mapping[str, Any]
    """Rows that were changed before."""
    progress: Progress = lambda _: None
    _played: int = 0
    _certificates: ClientCertificates = field(init=False)
    _names: OperationNames = field(init=False)

    def __post_init__(self) -> None:
        self._certificates = ClientCertificates(self.platform.authority)
        self._names = OperationNames(self.platform.catalogue)

    def settle(self) -> Settled:
        """Plays until nothing more changes. Raises :class:`ConfigurationError`."""
        best = self._settle(_Try(changes={}, numbers={}, evidence=self._play({})))
        if best.evidence.is_order_in_doubt:
            best = self._settle(self._in_best_order(best))
        best = self._without_needless(self._without_hidden(best))
        return Settled(
            changes=best.changes,
            numbers=best.numbers,
            evidence=best.evidence,
            rounds=self._played,
        )

    def _in_best_order(self, best: _Try) -> _Try:
        """The run with the order of the gateway's checks that leaves the fewest differences."""
        found = best
        for order in _orders(self.base):
            changes = {**best.changes, ORDER: order}
            other = replace(best, changes=changes, evidence=self._play(changes))
            if other.cost < found.cost:
                found = other
            if not found.evidence.is_order_in_doubt:
                break
        return found

    def _settle(self, best: _Try) -> _Try:
        """The fixed point that begins with a run."""
        tried: set[tuple[str, str]] = set()
        for _ in range(MOST_ROUNDS):
            new = self._suggested(best, tried)
            rows = self._possible(best, new.changes)
            if not rows:
                break
            found = self._try(best, new, rows)
            if found is not None and found.cost < best.cost:
                best = found
                continue
            better, rejected = best, []
            for row in rows if len(rows) > 1 else ():  # together they do harm
                found = self._try(better, new, [row])
                if found is not None and found.cost < better.cost:
                    better = found
                else:
                    rejected.append((row, repr(new.changes[row])))
            if better is not best:  # what mended nothing before may do so now
                tried.difference_update(rejected)
            best = better
        return best

    def _possible(self, best: _Try, new: Mapping[str, Any]) -> list[str]:
        """The rows that contradict neither the changes before nor one another."""
        rows: list[str] = []
        for row in new:
            changes = {**best.changes, **{each: new[each] for each in (*rows, row)}}
            try:
                require_consistent(merged(self.base, changes), source="compare")
            except ConfigurationError:
                continue
            rows.append(row)
        return rows

    def _suggested(self, best: _Try, tried: set[tuple[str, str]]) -> _Suggestions:
        """The most seen value of each row, of those that were not tried before."""
        changes: dict[str, Any] = {}
        numbers: dict[str, tuple[int, ...]] = {}
        counts: dict[str, int] = {}
        for row, value, count, where in best.evidence.rows():
            known = (row, repr(value))
            if row not in changes and known not in tried and row != ORDER:
                tried.add(known)
                changes[row], numbers[row], counts[row] = value, where, count
        return _Suggestions(changes=changes, numbers=numbers, counts=counts)

    def _try(self, best: _Try, new: _Suggestions, rows: list[str]) -> _Try | None:
        """A run with some further changes; None if they contradict one another."""
        changes = {**best.changes, **{row: new.changes[row] for row in rows}}
        try:
            evidence = self._play(changes)
        except ConfigurationError:
            return None
        return _Try(
            changes=changes,
            numbers={**best.numbers, **{row: new.numbers[row] for row in rows}},
            counts={**best.counts, **{row: new.counts[row] for row in rows}},
            evidence=evidence,
        )

    def _without_hidden(self, best: _Try) -> _Try:
        """Drops rows that another row hides, if the recording does not ask for them."""
        hidden = hidden_rows({**self.base, **best.changes}, ()).keys() & best.changes.keys()
        for row in sorted(hidden):
            changes = {name: each for name, each in best.changes.items() if name != row}
            other = replace(best, changes=changes, evidence=self._play(changes))
            if other.cost <= best.cost:
                best = other
        return best

    def _without_needless(self, best: _Try) -> _Try:
        """Drops rows that are what they were, and those that the recording still asks for as often
        as before: they mended nothing."""
        still = {(row, repr(value)): count for row, value, count, _ in best.evidence.rows()}
        changes = {
            row: value
            for row, value in best.changes.items()
            if value != self.base.get(row, ROWS[row].default)
            and still.get((row, repr(value)), 0) <= max(0, best.counts.get(row, 1) - 1)
        }
        if len(changes) != len(best.changes):
            best = self._with(best, changes)
        if changes.keys() >= {_IDLE, _LIFETIME}:
            # A token that is refused after its lifetime may look as if it had been left idle.
            without = {row: value for row, value in changes.items() if row != _IDLE}
            found = self._with(best, without)
            if found.cost <= best.cost:
                return found
        return best

    def _with(self, best: _Try, changes: Mapping[str, Any]) -> _Try:
        """A run with some of the changes."""
        evidence = self._play(changes)
        return _Try(changes=changes, numbers=best.numbers, counts=best.counts, evidence=evidence)

    def _play(self, changes: Mapping[str, Any]) -> Evidence:
        rows = merged(self.base, changes)
        require_consistent(rows, source="compare")
        every = {row: ROWS[row].default for row in self.base} | dict(rows)
        self.platform.reset({"assumptions": every})
        self._played += 1
        return asyncio.run(self._run())

    async def _run(self) -> Evidence:
        platform = self.platform
        caller = InProcessCaller(platform, self.app, self._certificates)
        evidence = Evidence(platform.catalogue, platform.state.assumptions)
        play = Play(platform, self.cast, caller, self._names)
        async for each in play.run(self.recording):
            evidence.note(each)
            self.progress(self._played)
        return evidence


@dataclass(frozen=True, kw_only=True)
class _Suggestions:
    changes: Mapping[str, Any]
    numbers: Mapping[str, tuple[int, ...]]
    counts: Mapping[str, int]


def _orders(base: Mapping[str, Any]) -> Iterator[list[str]]:
    """All other orders of the gateway's checks that are possible."""
    now = list(base.get(ORDER, ROWS[ORDER].default))
    for order in permutations((APP_KEY, TOKEN, SCOPE, CERTIFICATE_NAME)):
        places = {name: place for place, name in enumerate(order)}
        possible = places[TOKEN] < min(places[SCOPE], places[CERTIFICATE_NAME])
        if possible and list(order) != now:
            yield list(order)
