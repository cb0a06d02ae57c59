"""The table of probes and the column ``seen_by`` of the assumptions are one list."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from mock_sei.assumptions.table import ROWS
from mock_sei.platform import Platform
from mock_sei.probe.asking import ProbeAnswer, ProbeAsk
from mock_sei.probe.table import PROBES, Probe, ProbeFlag
from tests.cases import every_case
from tests.probe.upstream import APPLICATIONS, subject_of

pytestmark = pytest.mark.long


def test_every_name_in_the_column_seen_by_is_a_probe() -> None:
    named = {row.seen_by for row in ROWS.values() if row.seen_by is not None}

    assert named - PROBES.keys() == set()


def test_each_row_has_a_probe_or_a_reason() -> None:
    assert [
        name for name, row in ROWS.items() if (row.seen_by is None) == (row.unseen is None)
    ] == []


def test_a_probe_shows_the_rows_that_name_it() -> None:
    assert "refusal.token_invalid.status" in PROBES["garbled-token"].shows
    assert "token.lifetime" in PROBES["token"].shows
    assert sum(len(each.shows) for each in PROBES.values()) == sum(
        row.seen_by is not None for row in ROWS.values()
    )


@every_case("probe", PROBES.values(), ids=PROBES)
def test_each_probe_says_in_one_sentence_what_it_asks(probe: Probe) -> None:
    assert re.fullmatch(r"[A-Z][^.]+\.", probe.sentence)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", probe.name)


def imagined_requests(probe: Probe, platform: Platform, grant: str) -> Iterator[ProbeAsk]:
    steps = probe.steps(subject_of(platform, grant, is_imagined=True))
    answer: ProbeAnswer | None = None
    while True:
        try:
            yield next(steps) if answer is None else steps.send(answer)
        except StopIteration:
            return
        answer = ProbeAnswer(status=200, is_imagined=True)


@every_case("probe", PROBES.values(), ids=PROBES)
def test_each_probe_asks_something_for_each_of_its_grants(probe: Probe, platform: Platform) -> None:
    for grant in APPLICATIONS:
        if grant in probe.grants:
            assert list(imagined_requests(probe, platform, grant))


WRITES = ("PUT", "PATCH", "DELETE")


@every_case("probe", PROBES.values(), ids=PROBES)
def test_without_the_flag_for_it_nothing_is_written(probe: Probe, platform: Platform) -> None:
    """A POST without a flag is a token request, which gives a token or is refused."""
    if ProbeFlag.WRITING in probe.flags:
        return
    for grant in APPLICATIONS:
        for ask in imagined_requests(probe, platform, grant):
            assert ask.method not in WRITES
            if ask.method == "POST" and not ask.path.startswith("/v2/oauth"):
                assert ask.body.strip() == b""  # blanks, which are no JSON
