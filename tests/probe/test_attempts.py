"""The count of wrong passwords, whatever its file holds."""

from __future__ import annotations

import datetime as dt
import json
import stat
from pathlib import Path

import pytest

from mock_sei.errors import ConfigurationError
from mock_sei.probe.attempts import FILE_NAME, Attempts, UnknownAttempts

TODAY = dt.date(2026, 3, 10)
DAY = dt.timedelta(days=1)


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    return Attempts(tmp_path)


def take(attempts: Attempts, account: str = "svc", day: dt.date = TODAY) -> bool:
    return attempts.take("password", "test.example.com", account, day)


def test_one_a_day_and_account(attempts: Attempts) -> None:
    assert take(attempts)
    assert not take(attempts)
    assert take(attempts, "other")
    assert take(attempts, day=TODAY + DAY)
    assert not take(attempts, day=TODAY + DAY)


def test_hosts_and_kinds_are_counted_apart(attempts: Attempts) -> None:
    assert take(attempts)
    assert attempts.take("AppSecret", "test.example.com", "svc", TODAY)
    assert attempts.take("password", "build.example.com", "svc", TODAY)


def test_a_clock_that_goes_back_gives_no_second_one(attempts: Attempts) -> None:
    assert take(attempts)
    assert not take(attempts, day=TODAY - DAY)


def test_another_object_reads_the_same_file(attempts: Attempts, tmp_path: Path) -> None:
    assert take(attempts)
    assert not take(Attempts(tmp_path))


def test_old_days_are_forgotten(attempts: Attempts) -> None:
    for number in range(20):
        assert take(attempts, day=TODAY + number * DAY)
    assert len(json.loads(attempts.file.read_text())["sent"]) <= 4


def test_only_the_owner_reads_it_and_no_part_is_left(attempts: Attempts, tmp_path: Path) -> None:
    take(attempts)
    assert stat.S_IMODE(attempts.file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [FILE_NAME]


BAD = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "another object": "{}",
    "a number": '{"sent": 7}',
    "numbers": '{"sent": [7]}',
    "a member is missing": '{"sent": [{"what": "password", "host": "h", "day": "2026-03-10"}]}',
    "no day": '{"sent": [{"what": "p", "host": "h", "account": "a", "day": "soon"}]}',
    "nested": "[" * 100_000,
    "too large": " " * 2_000_000,
    "no text": "\udcff",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_bad_content_counts_as_unknown_and_stays(attempts: Attempts, content: str) -> None:
    attempts.file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UnknownAttempts, match="does not say when"):
        take(attempts)
    assert attempts.file.read_bytes() == content.encode("utf-8", "surrogateescape")


def test_a_folder_in_its_place_counts_as_unknown(attempts: Attempts) -> None:
    attempts.file.mkdir()
    with pytest.raises(UnknownAttempts):
        take(attempts)


def test_what_cannot_be_noted_is_not_sent(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="No such file"):
        take(attempts)
