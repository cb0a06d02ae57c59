"""The rule by which the soak reports growth."""

from __future__ import annotations

from performance.soak.leaks import MEMORY, Sample, growth
from tests.cases import every_case

MB = 1_000_000


def samples(memory: list[float], files: int = 20, threads: int = 3) -> list[Sample]:
    return [Sample(memory=int(each * MB), files=files, threads=threads) for each in memory]


def test_a_warm_up_is_no_leak() -> None:
    assert growth(samples([80, 95, 100, 112, 115, 118, 120, 120, 121, 119, 120, 121])) == []


def test_steady_growth_is_one() -> None:
    (problem,) = growth(samples([100 + 3 * number for number in range(12)]))
    assert problem.startswith("memory grew from")


def test_a_file_a_round_is_one() -> None:
    grown = [Sample(memory=MB, files=20 + number, threads=3) for number in range(12)]
    (problem,) = growth(grown)
    assert problem.startswith("open files grew")


def test_threads_are_counted() -> None:
    grown = [Sample(memory=MB, files=20, threads=3 + number) for number in range(12)]
    (problem,) = growth(grown)
    assert problem.startswith("threads grew")


@every_case("count", range(MEMORY.fewest))
def test_of_few_samples_nothing_is_said(count: int) -> None:
    assert growth(samples([100.0 * (number + 1) for number in range(count)])) == []
