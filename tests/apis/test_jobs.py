"""Jobs of writes, and reports that are collected."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from mock_sei.apis.jobs import Jobs, Report
from tests.apis.engine import NOON


def report(polls: int = 2, seconds: float = 10) -> Report:
    return Report(
        name="r",
        collection="widgets",
        asked_at=NOON,
        polls_left=polls,
        ready_after=timedelta(seconds=seconds),
    )


def collect(jobs: Jobs, key: str, after: float = 0) -> bool:
    found = jobs.collect(key, NOON + timedelta(seconds=after))
    assert found is not None
    return found[1]


@pytest.mark.parametrize("polls", [0, 1, 3])
def test_a_report_is_ready_after_so_many_polls(polls: int) -> None:
    jobs = Jobs(Random(1))  # noqa: S311
    key = jobs.submit(report(polls))

    assert [collect(jobs, key) for _ in range(polls + 2)] == [False] * polls + [True, True]


def test_a_report_is_ready_after_its_time_however_often_it_was_asked_for() -> None:
    jobs = Jobs(Random(1))  # noqa: S311
    key = jobs.submit(report(polls=1000))

    assert not collect(jobs, key, after=9.999)
    assert collect(jobs, key, after=10)
    assert collect(jobs, key, after=0)  # it stays ready if the clock goes back


def test_the_oldest_jobs_and_reports_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_sei.apis.jobs.MOST_KEPT", 3)
    jobs = Jobs(Random(1))  # noqa: S311
    keys = [jobs.submit(report()) for _ in range(5)]
    for number in range(5):
        jobs.finish(str(number), {})

    assert [jobs.find(str(number)) is not None for number in range(5)] == [False] * 2 + [True] * 3
    assert [jobs.collect(key, NOON) is not None for key in keys] == [False] * 2 + [True] * 3


def test_two_reports_do_not_know_each_other() -> None:
    jobs = Jobs(Random(1))  # noqa: S311
    first, second = jobs.submit(report(1)), jobs.submit(report(1))

    assert first != second
    assert not collect(jobs, first)
    assert not collect(jobs, second)


def test_keys_are_uuids_and_the_same_for_a_seed() -> None:
    keys = [Jobs(Random(7)).new_key() for _ in range(2)]  # noqa: S311

    assert keys[0] == keys[1]
    assert UUID(keys[0]).version == 4


def test_polls_are_counted_once_each_under_threads() -> None:
    jobs = Jobs(Random(1))  # noqa: S311
    key = jobs.submit(report(polls=50, seconds=10**9))

    with ThreadPoolExecutor(8) as pool:
        ready = list(pool.map(lambda _: collect(jobs, key), range(80)))

    assert ready.count(False) == 50


def test_what_is_not_there_is_none() -> None:
    jobs = Jobs(Random(1))  # noqa: S311

    assert jobs.find("x") is None
    assert jobs.collect("x", NOON) is None
