"""The ratios of recorded runs in ``history.csv``, and whether a run has fallen behind the last one.

Only ratios are recorded and compared: our value divided by another's in the same run. A clock says
nothing on another machine, or on another day.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

from performance.benchmarks.table import Row

HISTORY = Path(__file__).with_name("history.csv")
KEPT = 0.9
"""The share of the recorded ratio that a run must reach: at most a tenth may be lost."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A line of the history."""

    date: str
    commit: str
    python: str
    table: str
    row: str
    of: str
    """The server or the run with which ours is compared: a column of the table."""
    ratio: float

    @property
    def place(self) -> tuple[str, str, str]:
        return self.table, self.row, self.of


FIELDS = tuple(each.name for each in fields(Recorded))


@dataclass(frozen=True, kw_only=True)
class Run:
    """When and of what a run was."""

    date: str
    commit: str
    python: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a comparison with the history found, a line each."""

    failures: Sequence[str]
    """A ratio that fell, or a recorded row that the run does not have."""
    notes: Sequence[str]
    """What could not be compared, and why."""


def read_history(file: Path = HISTORY) -> list[Recorded]:
    """The recorded ratios, the oldest run first.

    Raises ``ValueError`` with file and line for a line that is no record.
    """
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        if tuple(reader.fieldnames or ()) != FIELDS:
            raise ValueError(f"{file}, line 1: the fields are not {', '.join(FIELDS)}")
        return [_recorded(file, reader.line_num, each) for each in reader]


def _recorded(file: Path, line: int, told: Mapping[str | None, str | None]) -> Recorded:
    texts = {name: told.get(name) or "" for name in FIELDS}
    if None in told or not all(texts.values()):
        raise ValueError(f"{file}, line {line}: not a value for each of {', '.join(FIELDS)}")
    try:
        ratio = float(texts.pop("ratio"))
    except ValueError:
        raise ValueError(f"{file}, line {line}: ratio {told['ratio']!r} is not a number") from None
    return Recorded(**texts, ratio=ratio)


def record(run: Run, tables: Mapping[str, Sequence[Row]], file: Path = HISTORY) -> int:
    """Appends all ratios of a run, and returns how many there are. ``tables`` are its rows."""
    found = [
        Recorded(**asdict(run), table=table, row=row.measured, of=of, ratio=round(row.ratio(of), 3))
        for table, rows in tables.items()
        for row in rows
        for of in _ratios(row)
    ]
    with file.open("a", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows(astuple(each) for each in found)
    return len(found)


def compare(history: Iterable[Recorded], tables: Mapping[str, Sequence[Row]]) -> Findings:
    """Compares a run with the last recorded ratio of each row of its tables.

    A ratio fell if it is worse than recorded by more than a tenth, and not only by chance: the
    better end of its range in this run is worse by more than a tenth, too.
    """
    last = {each.place: each for each in history if each.table in tables}
    here = {
        (table, row.measured, of): row
        for table, rows in tables.items()
        for row in rows
        for of in _ratios(row)
    }
    rows = {(table, row.measured) for table, found in tables.items() for row in found}
    failures: list[str] = []
    notes: list[str] = []
    for place, recorded in last.items():
        row = here.get(place)
        if place[:2] not in rows:
            failures.append(f"missing: {_named(recorded)}: this run has no such row")
        elif row is None:
            notes.append(f"not compared: {_named(recorded)}: not measured in this run")
        elif (limits := row.ratio_range(recorded.of)) is None:
            notes.append(f"not compared: {_named(recorded)}: measured once, without a range")
        elif _fell(row, recorded, limits):
            low, high = limits
            now = f"{row.ratio(recorded.of):.2f} ({low:.2f} to {high:.2f})"
            failures.append(
                f"fell: {_named(recorded)}: {now}, "
                f"recorded {recorded.ratio:.2f} on {recorded.date} at {recorded.commit}"
            )
    fresh = len(here.keys() - last.keys())
    if fresh:
        notes.append(f"ratios without a record, which `--record` writes: {fresh}")
    return Findings(failures=failures, notes=notes)


def _ratios(row: Row) -> list[str]:
    """The others of a row that were measured and are not zero."""
    return [of for of, theirs in row.others.items() if theirs and all(theirs)]


def _fell(row: Row, recorded: Recorded, limits: tuple[float, float]) -> bool:
    low, high = limits
    if row.more_is_better:
        return max(row.ratio(recorded.of), high) < KEPT * recorded.ratio
    return min(row.ratio(recorded.of), low) * KEPT > recorded.ratio


def _named(recorded: Recorded) -> str:
    return f"{recorded.table}, {recorded.row!r} of {recorded.of}"
