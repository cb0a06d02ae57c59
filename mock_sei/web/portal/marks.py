"""The timeline of the journal: a row for each application, a mark for each call or some in a row.

It covers all entries that fit the filter, so what is done for each of them must cost little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mock_sei.journal.entries import Entry
from mock_sei.web.portal.journal_filter import Filter
from mock_sei.web.portal.visit import JOURNAL

MOST_ROWS = 12
"""The applications with the newest calls; the others share the last row."""
NOBODY = "no application"
OTHERS = "other applications"

MOST_MARKS = 200
"""On all rows together, so that a keyboard gets through."""
SIZE = 56_000
"""The most characters of all marks."""
MARKUP = 210
"""Characters of a mark, besides the query in its address."""
LABEL = 100
"""The most characters of a call's name in its label, as they are escaped."""
MOST_COLUMNS = 100
STEP = 10
"""From one mark to the next, in units of the drawing."""
FEWEST_COLUMNS = 40
"""A row has room for so many marks at least, so that a few marks are not wide."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One call or handshake, or several in a row."""

    x: int
    address: str
    label: str
    is_refused: bool
    """True if one of them was refused."""


@dataclass(frozen=True, kw_only=True)
class MarkRow:
    """The calls of one application, the oldest first."""

    name: str
    marks: Sequence[Mark]
    count: int
    refused: int

    @property
    def label(self) -> str:
        """How many calls there are, and how many were refused."""
        return f"{self.name}: {_counted(self.count, 'call', self.refused)}"


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The calls of a journal. Those of one column follow one another in the journal, so that calls
    of one moment stand side by side."""

    rows: Sequence[MarkRow]
    begin: str
    end: str
    width: int
    """Of a row, in units of the drawing."""
    bundle: int
    """So many calls have one column."""
    told: str
    """What the timeline covers, in words."""


@dataclass(slots=True)
class _Cell:
    """The calls of one row in one column."""

    first: int
    last: int
    entry: Entry
    """The first one."""
    count: int = 0
    refused: int = 0


def timeline_of(
    fitting: Sequence[tuple[int, Entry]],
    wanted: Filter,
    what: Callable[[int, Entry], str],
    *,
    is_whole: bool,
) -> Marks | None:
    """The timeline of these entries, which are the newest first; None without entries.

    ``what`` names a call, such as ``GET /v2/investors 200``, in :data:`LABEL` characters.
    ``is_whole`` is False if there are older entries that may fit the filter, and were not looked
    at.
    """
    if not fitting:
        return None
    count = len(fitting)
    bundle, cells = _bundled(fitting, wanted)
    used = -(-count // bundle)
    return Marks(
        rows=[
            MarkRow(
                name=name,
                marks=[_mark(column, each, name, wanted, what) for column, each in row.items()],
                count=sum(each.count for each in row.values()),
                refused=sum(each.refused for each in row.values()),
            )
            for name, row in cells.items()
        ],
        begin=_time(fitting[-1][1]),
        end=_time(fitting[0][1]),
        width=(used if bundle > 1 else max(used, FEWEST_COLUMNS)) * STEP,
        bundle=bundle,
        told=_told(count, is_whole=is_whole),
    )


def _told(count: int, *, is_whole: bool) -> str:
    entries = "the only entry" if count == 1 else f"all {count:,} entries"
    if is_whole:
        return entries
    return "the newest entry" if count == 1 else f"the newest {count:,} entries"


def _names(entries: Iterable[Entry]) -> Mapping[str | None, str]:
    """The name of the row of each application. Those with the newest calls have one of their own.

    The order does not depend on the calls, so that rows stay in their places on a live page.
    """
    names: dict[str | None, str] = {}
    for each in entries:
        name = each.findings.application
        if name not in names:
            is_others = len(names) >= MOST_ROWS
            names[name] = OTHERS if is_others else name or NOBODY
    last = {NOBODY: 1, OTHERS: 2}
    return dict(sorted(names.items(), key=lambda each: (last.get(each[1], 0), each[1])))


def _bundled(
    fitting: Sequence[tuple[int, Entry]], wanted: Filter
) -> tuple[int, Mapping[str, dict[int, _Cell]]]:
    """How many calls share a column, and the marks of each row by their column.

    There are as many columns as the largest number of marks allows.
    """
    names = _names(entry for _, entry in fitting)
    rows = dict.fromkeys(names.values())
    longest = max(len(_filter_of(each, wanted).query()) for each in rows)
    most = min(MOST_MARKS, SIZE // (MARKUP + longest))
    columns = MOST_COLUMNS
    while True:
        bundle = -(-len(fitting) // columns)
        cells = _cells(fitting, names, bundle)
        marks = sum(map(len, cells.values()))
        if marks <= most or columns == 1:
            return bundle, cells
        # Fewer by a quarter at least, so that this ends soon.
        columns = max(1, min(columns * most // marks, columns * 3 // 4))


def _cells(
    fitting: Sequence[tuple[int, Entry]], names: Mapping[str | None, str], bundle: int
) -> Mapping[str, dict[int, _Cell]]:
    rows: dict[str, dict[int, _Cell]] = {name: {} for name in names.values()}
    for index, (number, entry) in enumerate(reversed(fitting)):
        row, column = rows[names[entry.findings.application]], index // bundle
        cell = row.get(column)
        if cell is None:
            cell = row[column] = _Cell(number, number, entry)
        cell.last = number
        cell.count += 1
        cell.refused += entry.refused_by is not None
    return rows


def _mark(
    column: int, cell: _Cell, name: str, wanted: Filter, what: Callable[[int, Entry], str]
) -> Mark:
    if cell.count == 1:
        entry = cell.entry
        why = f", refused by {entry.refused_by}" if entry.refused_by else ""
        label = f"{cell.first}: {what(cell.first, entry)}{why}, {_time(entry)}"
        address = f"{JOURNAL}/{cell.first}"
    else:
        calls = _counted(cell.count, "call", cell.refused)
        label = f"{cell.first} to {cell.last}: {calls}, {_time(cell.entry)}"
        address = JOURNAL + _filter_of(name, wanted).query(before=cell.last + 1, down_to=cell.first)
    return Mark(x=column * STEP, address=address, label=label, is_refused=cell.refused > 0)


def _filter_of(name: str, wanted: Filter) -> Filter:
    """The filter for the calls of a row."""
    if name == NOBODY:
        return replace(wanted, nobody="true")
    is_narrower = name != OTHERS and not wanted.application
    return replace(wanted, application=name) if is_narrower else wanted


def _counted(count: int, what: str, refused: int) -> str:
    told = f"{count} {what}" if count == 1 else f"{count:,} {what}s"
    return f"{told}, {refused:,} refused" if refused else told


def _time(entry: Entry) -> str:
    return f"{entry.time:%Y-%m-%d %H:%M:%S}"
