"""The user's files: maps and accepted differences."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_sei.comparison.accepting import Accepted, as_toml, read_accepted
from mock_sei.comparison.differences import AnswerDifference, DifferenceKind
from mock_sei.comparison.mapping import read_map
from mock_sei.comparison.results import ComparisonFinding
from mock_sei.errors import ConfigurationError


def _finding(where: str) -> ComparisonFinding:
    difference = AnswerDifference(kind=DifferenceKind.ADDED, where=where, theirs=1)
    return ComparisonFinding(
        operation="GET /v2/investors", difference=difference, source="", numbers=(1,), count=1
    )


def test_what_is_printed_accepts_the_findings(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    findings = [_finding('/data/*/"quoted"'), _finding("/data/*/a\\b")]
    path.write_text(as_toml(findings))

    accepted = read_accepted(path)

    assert all(accepted.has(each) for each in findings)
    assert not accepted.has(_finding("/data/*/other"))


def test_a_finding_is_accepted_for_every_operation() -> None:
    accepted = Accepted(findings=frozenset({("*", "member added", "/x")}))

    assert accepted.has(_finding("/x"))
    assert not accepted.has(_finding("/y"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[acepted]]\n", "each table is"),
        ("[accepted]\n", "must be written"),
        ("accepted = [1]\n", r"accepted\[0\]: must be a table"),
        ("[[accepted]]\nwaht = 'x'\n", r"accepted\[0\]\.waht: no such key; did you mean what"),
        ("[[accepted]]\nwhat = 'status'\n", r"accepted\[0\]\.operation: this key is missing"),
        ("[[accepted]]\noperation = 'x'\nwhat = 'weather'\n", "'weather'.*must be one of status"),
        ("[[accepted]]\nassumption = 'token.lifetme'\n", "did you mean token.lifetime"),
        ("[[accepted]]\noperation = 7\n", "must be a text"),
        ("[[accepted]\n", "not valid TOML"),
    ],
)
def test_a_wrong_file_of_accepted_differences_is_explained(
    text: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match=told) as raised:
        read_accepted(path)

    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[aplications]\n", "did you mean applications"),
        ("[weather]\n", "the tables are applications and accounts"),
        ("applications = 1\n", "must be a table"),
        ("[applications]\nsomething = 'demo-server'\n", "an AppKey as the recording has it"),
        ("[accounts]\nx = 7\n", "must be a name"),
    ],
)
def test_a_wrong_map_is_explained(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match=told) as raised:
        read_map(path)

    assert str(path) in str(raised.value)
