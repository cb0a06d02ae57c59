"""The whole comparison: reads a recording, casts it, plays it, and sums up what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mock_sei.apis.documents import Catalogue
from mock_sei.comparison.accepting import Accepted
from mock_sei.comparison.calling import Application
from mock_sei.comparison.cast import Cast, Casting
from mock_sei.comparison.hidden import hidden_rows
from mock_sei.comparison.mapping import RecordingMap
from mock_sei.comparison.reading import Recording
from mock_sei.comparison.results import Comparison, ComparisonFinding
from mock_sei.comparison.rounds import Rounds, Settled
from mock_sei.comparison.seen_records import SeenRecords
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import Fixtures
from mock_sei.platform import Platform


@dataclass(frozen=True, kw_only=True)
class ComparedMock:
    """The mock that is compared with a recording."""

    fixtures: Fixtures
    assumptions: Mapping[str, Any]
    """Rows that are changed already."""
    make: Callable[[Fixtures], Platform]
    """Makes its platform, with the people and records of a recording."""
    app: Application
    """The application of the platform's listeners."""


Progress = Callable[[int, int], None]
"""Called after each exchange with the number of the run, from 1, and the number of exchanges."""


def compare(
    recording: Recording,
    mock: ComparedMock,
    *,
    chosen: RecordingMap | None = None,
    accepted: Accepted | None = None,
    progress: Progress = lambda *_: None,
) -> Comparison:
    """Compares. Raises :class:`ConfigurationError` for a recording or a map that cannot be used."""
    fixtures = mock.fixtures
    casting = Casting()
    records = SeenRecords(Catalogue(fixtures.documents, fixtures.brought), fixtures.collections)
    for each in recording:
        casting.note(each)
        records.note(each)
    if not recording.count:
        raise ConfigurationError("the recording has no exchange", source=recording.path)
    if not casting.seen:
        raise ConfigurationError(
            "the real platform answered none of its exchanges", source=recording.path
        )
    cast = Cast(casting, chosen or RecordingMap(), fixtures.registry)
    collections = {**fixtures.collections, **records.collections()}
    platform = mock.make(replace(fixtures, registry=cast.registry, collections=collections))
    settled = Rounds(
        recording=recording,
        platform=platform,
        app=mock.app,
        cast=cast,
        base=mock.assumptions,
        progress=lambda run: progress(run, recording.count),
    ).settle()
    return _summed_up(settled, cast, mock.assumptions, accepted or Accepted())


def _summed_up(
    settled: Settled, cast: Cast, base: Mapping[str, Any], accepted: Accepted
) -> Comparison:
    evidence = settled.evidence
    findings = sorted(evidence.findings, key=lambda each: each.numbers)
    changes = {row: each for row, each in settled.changes.items() if not accepted.has_row(row)}
    taken = {row: each for row, each in settled.changes.items() if accepted.has_row(row)}
    return Comparison(
        compared=dict(evidence.outcomes),
        findings=list(_of(findings, accepted, is_accepted=False)),
        accepted=list(_of(findings, accepted, is_accepted=True)),
        changes=changes,
        accepted_changes=taken,
        before=base,
        evidence=settled.numbers,
        hidden=hidden_rows(
            {**base, **settled.changes}, {*base, *settled.changes, *evidence.seen_refusals}
        ),
        not_compared=evidence.not_compared,
        operations=evidence.operations,
        players={
            app_key: f"{player.application.type}, {player.application.standard.grant_label}"
            for app_key, player in cast.players.items()
        },
        unknown_keys=cast.unknown,
        rounds=settled.rounds,
    )


def _of(
    findings: Sequence[ComparisonFinding], accepted: Accepted, *, is_accepted: bool
) -> Iterator[ComparisonFinding]:
    return (each for each in findings if accepted.has(each) is is_accepted)
