"""The timeline of a journal's page: a row for each application, a mark for each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 12
"""The applications with the newest calls; the others share the last row."""
NOBODY = "no application"
OTHERS = "other applications"

STEP = 10
"""From one mark to the next, in units of the drawing."""
FEWEST_COLUMNS = 40
"""A row has room for so many marks at least, so that a few marks are not wide."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One call or handshake."""

    x: int
    address: str
    label: str
    is_refused: bool


@dataclass(frozen=True, kw_only=True)
class MarkRow:
    """The calls of one application, the oldest first."""

    name: str
    marks: Sequence[Mark]

    @property
    def label(self) -> str:
        """How many calls there are, and how many were refused."""
        count, refused = len(self.marks), sum(each.is_refused for each in self.marks)
        calls = f"{count} call" if count == 1 else f"{count} calls"
        return f"{self.name}: {calls}, {refused} refused" if refused else f"{self.name}: {calls}"


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The calls of a page. Each has a column of its own, so that calls of one moment stand side by
    side."""

    rows: Sequence[MarkRow]
    begin: str
    end: str
    width: int
    """Of a row, in units of the drawing."""


def timeline_of(entries: Sequence[Mapping[str, Any]]) -> Marks | None:
    """The timeline of the entries of a page, which are the newest first; None without entries."""
    if not entries:
        return None
    marks: dict[str, list[Mark]] = {}
    for each in entries:
        name = each["application"] or NOBODY
        if name not in marks and len(marks) >= MOST_ROWS:
            name = OTHERS
        marks.setdefault(name, [])
    for column, each in enumerate(reversed(entries)):
        name = each["application"] or NOBODY
        marks[name if name in marks else OTHERS].append(_mark(column, each))
    return Marks(
        rows=[MarkRow(name=name, marks=row) for name, row in marks.items()],
        begin=entries[-1]["time"],
        end=entries[0]["time"],
        width=max(len(entries), FEWEST_COLUMNS) * STEP,
    )


def _mark(column: int, entry: Mapping[str, Any]) -> Mark:
    refused = entry["refused_by"]
    why = f", refused by {refused}" if refused else ""
    label = f"{entry['number']}: {entry['what']}{why}, {entry['time']}"
    return Mark(
        x=column * STEP, address=entry["address"], label=label, is_refused=refused is not None
    )
