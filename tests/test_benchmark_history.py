"""The history of the benchmark's ratios, and the check that none of them falls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from platform import python_version

import pytest

from performance.benchmarks import __main__ as benchmark
from performance.benchmarks.history import (
    HISTORY,
    Findings,
    Recorded,
    Run,
    compare,
    read_history,
    record,
)
from performance.benchmarks.measurements import Size
from performance.benchmarks.processes import Runner
from performance.benchmarks.table import BARE, MILLISECONDS, RATE, Added, Row, markdown
from tests.benchmark_rows import benchmark_rows

ROUNDS = (100.0, 102.0, 98.0, 101.0, 99.0)
"""What the baseline did in each round."""


def recorded(row: str, ratio: float, *, day: str = "2026-01-01", of: str = BARE) -> Recorded:
    return Recorded(
        date=day, commit="0abc", python="3.11.7", table="speed", row=row, of=of, ratio=ratio
    )


def measured(name: str, ratios: Sequence[float], *, form: str = RATE, minimum: bool = False) -> Row:
    """A row whose rounds have these ratios to the baseline."""
    return Row(
        measured=name,
        form=form,
        ours=[ratio * bare for ratio, bare in zip(ratios, ROUNDS, strict=False)],
        others={BARE: ROUNDS[: len(ratios)]},
        by_minimum=minimum,
    )


def found(history: Sequence[Recorded], *rows: Row) -> Findings:
    return compare(history, {"speed": rows})


def test_each_recorded_name_is_a_row_of_the_benchmark() -> None:
    names = benchmark_rows(Size())
    history = read_history()
    assert history
    assert {each.table for each in history} <= set(names)
    unknown = {each.row for each in history if each.row not in names[each.table]}
    assert not unknown, "rename these in history.csv too"
    assert [each.date for each in history] == sorted(each.date for each in history)


def test_a_rate_that_fell_by_more_than_a_tenth_fails_with_both_ratios() -> None:
    row = measured("tokens", [0.70, 0.71, 0.69, 0.70, 0.72])
    (line,) = found([recorded("tokens", 0.80)], row).failures
    assert line == (
        "fell: speed, 'tokens' of bare FastAPI: 0.70 (0.70 to 0.71), "
        "recorded 0.80 on 2026-01-01 at 0abc"
    )


def test_a_rate_within_a_tenth_passes() -> None:
    row = measured("tokens", [0.73, 0.74, 0.72, 0.73, 0.75])
    assert found([recorded("tokens", 0.80)], row) == Findings(failures=[], notes=[])


@pytest.mark.parametrize("minimum", [False, True])
def test_a_time_falls_behind_when_its_ratio_grows(minimum: bool) -> None:
    slow = measured("start", [1.30] * 5, form=MILLISECONDS, minimum=minimum)
    good = measured("start", [1.15] * 5, form=MILLISECONDS, minimum=minimum)
    quick = measured("start", [0.50] * 5, form=MILLISECONDS, minimum=minimum)
    history = [recorded("start", 1.10)]
    assert len(found(history, slow).failures) == 1
    assert not found(history, good).failures
    assert not found(history, quick).failures


def test_a_noisy_ratio_whose_range_reaches_the_limit_passes() -> None:
    noisy = measured("tokens", [0.60, 0.80, 0.62, 0.75, 0.65])
    steady = measured("tokens", [0.65, 0.66, 0.64, 0.65, 0.66])
    assert not found([recorded("tokens", 0.80)], noisy).failures
    assert found([recorded("tokens", 0.80)], steady).failures


def test_one_lucky_round_does_not_hide_a_fall() -> None:
    lucky = measured("tokens", [0.60, 0.90, 0.62, 0.61, 0.60])
    assert found([recorded("tokens", 0.80)], lucky).failures


def test_a_slower_clock_for_both_is_no_fall() -> None:
    slow_day = Row(
        measured="tokens", form=RATE, ours=[8.0, 8.1, 7.9], others={BARE: [10.0, 10.0, 10.0]}
    )
    assert not found([recorded("tokens", 0.80)], slow_day).failures


def test_only_the_last_record_counts() -> None:
    row = measured("tokens", [0.80] * 5)
    history = [recorded("tokens", 0.95), recorded("tokens", 0.80, day="2026-02-01")]
    assert not found(history, row).failures
    assert found(history[:1], row).failures


def test_a_recorded_row_that_the_run_lacks_is_named_and_fails() -> None:
    history = [recorded("tokens", 0.80), recorded("start", 1.10)]
    (line,) = found(history, measured("tokens", [0.80] * 5)).failures
    assert line == "missing: speed, 'start' of bare FastAPI: this run has no such row"


def test_an_absent_peer_a_ratio_measured_once_and_a_new_ratio_are_notes() -> None:
    history = [recorded("tokens", 3.0, of="a peer"), recorded("start", 1.10)]
    once = measured("start", [2.0], form=MILLISECONDS)
    findings = found(history, measured("tokens", [0.80] * 5), once)
    assert findings.failures == []
    assert findings.notes == [
        "not compared: speed, 'tokens' of a peer: not measured in this run",
        "not compared: speed, 'start' of bare FastAPI: measured once, without a range",
        "ratios without a record, which `--record` writes: 1",
    ]


def test_a_table_that_was_not_run_is_not_compared() -> None:
    assert compare([recorded("tokens", 0.80)], {"states": []}) == Findings(failures=[], notes=[])


def test_a_run_is_recorded_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text(HISTORY.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    run = Run(date="2026-01-01", commit="0abc", python="3.11.7")
    without = Row(measured="doctor", form=MILLISECONDS, ours=[1.0])
    named = 'a "row", with commas'
    assert record(run, {"speed": [measured(named, [0.8] * 5), without]}, file) == 1
    assert read_history(file) == [recorded(named, 0.8)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2026-01-01,0abc,3.11.7,speed,tokens,bare,fast", "line 2: ratio 'fast' is not a number"),
        ("2026-01-01,0abc,3.11.7,speed,tokens,bare", "line 2: not a value for each of date, "),
        ("2026-01-01,0abc,3.11.7,speed,a,b,0.8,more", "line 2: not a value for each of date, "),
    ],
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str, reason: str) -> None:
    file = tmp_path / "history.csv"
    head = HISTORY.read_text(encoding="utf-8").splitlines()[0]
    file.write_text(f"{head}\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=reason) as refused:
        read_history(file)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(("ratio", "status"), [(0.70, 1), (0.80, 0)])
def test_the_check_ends_with_status_1_and_a_line_for_each_fall(
    ratio: float,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    row = measured("tokens", [ratio] * 5)
    table = benchmark.Table(shown=markdown([row], [BARE]), rows=[row])
    monkeypatch.setattr(benchmark, "TABLES", {"speed": lambda _: table})
    monkeypatch.setattr(benchmark, "read_history", lambda: [recorded("tokens", 0.80)])
    monkeypatch.setattr(Runner, "new_certs", lambda _: tmp_path)
    with pytest.raises(SystemExit) as ended:
        benchmark.main(["--check"])
    assert ended.value.code == status
    printed = capsys.readouterr().out
    assert f"check: ratios that fell or are missing: {status}" in printed
    assert printed.count("\nfell: ") == status


def test_a_recorded_run_has_the_day_the_commit_and_the_version_of_python(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    row = measured("tokens", [0.80] * 5)
    kept: list[tuple[Run, Mapping[str, Sequence[Row]]]] = []

    def keep(run: Run, tables: Mapping[str, Sequence[Row]]) -> int:
        kept.append((run, tables))
        return 1

    monkeypatch.setattr(
        benchmark, "TABLES", {"speed": lambda _: benchmark.Table(shown="", rows=[row])}
    )
    monkeypatch.setattr(benchmark, "record", keep)
    monkeypatch.setattr(benchmark, "_commit", lambda: "0abc-dirty")
    monkeypatch.setattr(Runner, "new_certs", lambda _: tmp_path)
    benchmark.main(["--record"])
    ((run, tables),) = kept
    assert (run.commit, run.python, tables) == ("0abc-dirty", python_version(), {"speed": [row]})
    assert date.fromisoformat(run.date)
    assert "recorded: 1 ratios" in capsys.readouterr().out


def test_a_record_outside_a_repository_is_refused_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(benchmark, "CHECKOUT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SystemExit, match="--record: git cannot name the commit of this checkout"):
        benchmark.main(["--record"])


@pytest.mark.parametrize("option", ["--check", "--record"])
def test_a_quick_run_is_neither_compared_nor_recorded(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        benchmark.main(["--quick", option])
    assert "--check and --record need a whole run: leave out --quick" in capsys.readouterr().err


def test_where_the_smallest_counts_targets_and_ratio_go_by_it() -> None:
    row = Row(
        measured="suite",
        form=MILLISECONDS,
        ours=[300.0, 109.0, 500.0],
        others={"without": [100.0, 200.0, 400.0]},
        by_minimum=True,
        targets=[
            Added(words="10 ms more", name="without", at_most=10),
            Added(words="8 ms more", name="without", at_most=8),
            Added(words="of absent", name="absent", at_most=8),
        ],
    )
    assert row.ratio("without") == pytest.approx(1.09)
    assert markdown([row], ["without"]).endswith(
        "| 109.00 ms | 109.00 ms to 500.00 ms | 100.00 ms (1.09) "
        "| 10 ms more; 8 ms more; of absent | yes; **no**; not measured |"
    )
