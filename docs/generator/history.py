"""The page of the benchmark's history: a table of all recorded ratios, and a drawing of the main ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from docs.generator.markdown import table
from performance.benchmarks.history import Recorded, read_history
from performance.benchmarks.table import BARE

DRAWN = "speed"
"""The table of which the drawing shows the ratios to the baseline."""

OPENING = f"""# The benchmark's history

This page is made of `performance/benchmarks/history.csv` by `make tables`. Each number is a ratio: the value of mock-sei divided by the value of
the server that the second column names, both measured in one run. For rates (a row with "a second", "GET" or "under two filters") a larger ratio
is better; for times and memory a smaller one is better. What is measured, and how:
[performance/benchmarks/README.md](../performance/benchmarks/README.md).

`make nightly` fails if a ratio is worse by more than a tenth than its last record here.

The drawing shows the ratios to {BARE}, one line for each measurement, from the first recorded run to the last:

![Lines of the ratios to {BARE} over the recorded runs; the table of the section below has the same numbers](history.svg)
"""

STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #18242f; }
  .line { fill: none; stroke: #0b5a7a; stroke-width: 2; } .dot { fill: #0b5a7a; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4ebf1; } .line { stroke: #79c7ea; } .dot { fill: #79c7ea; }
  }
"""
WIDTH, LANE = 760, 44
LEFT, RIGHT = 330, 690
"""The first and the last run of a line, in pixels."""

Runs = Sequence[tuple[str, str]]
"""Date and commit of each run, the oldest first."""


def history_page() -> str:
    """The page in Markdown, with a section for each table of the benchmark."""
    parts = [OPENING]
    history = read_history()
    for name in dict.fromkeys(each.table for each in history):
        recorded = [each for each in history if each.table == name]
        runs = _runs(recorded)
        head = ("measured", "of", *(f"{date}, `{commit}`" for date, commit in runs))
        parts.append(f"## {name.capitalize()}\n\n{table(head, _rows(recorded, runs))}\n")
    return "\n".join(parts)


def history_drawing() -> str:
    """The ratios to the baseline as an SVG document: a lane for each row, a point for each run."""
    recorded = [each for each in read_history() if each.table == DRAWN and each.of == BARE]
    runs = _runs(recorded)
    lanes = [
        "\n".join(_lane(number, row, ratios, runs))
        for number, ((row, _), ratios) in enumerate(_ratios(recorded).items())
    ]
    height = LANE * len(lanes)
    title = f"Ratios to {BARE}"
    box = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    place = f'{box} role="img" aria-labelledby="title"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {place}>',
            f'<title id="title">{title}</title>',
            f"<style>{STYLE}</style>",
            *lanes,
            "</svg>\n",
        ]
    )


def _runs(recorded: Iterable[Recorded]) -> Runs:
    return list(dict.fromkeys((each.date, each.commit) for each in recorded))


def _ratios(
    recorded: Iterable[Recorded],
) -> Mapping[tuple[str, str], Mapping[tuple[str, str], float]]:
    """By row and what it is compared with: the ratio of each run; all of one row together."""
    lines = list(recorded)
    order = list(dict.fromkeys(each.row for each in lines))
    found: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for each in sorted(lines, key=lambda each: order.index(each.row)):
        found.setdefault((each.row, each.of), {})[each.date, each.commit] = each.ratio
    return found


def _rows(recorded: Iterable[Recorded], runs: Runs) -> Iterator[Sequence[str]]:
    for (row, of), ratios in _ratios(recorded).items():
        yield row, of, *(f"{ratios[run]:.2f}" if run in ratios else "" for run in runs)


def _lane(
    number: int, row: str, ratios: Mapping[tuple[str, str], float], runs: Runs
) -> Iterator[str]:
    """A line from the first ratio to the last; its height is the range of its own ratios."""
    top, bottom = LANE * number + 10, LANE * (number + 1) - 10
    low, high = min(ratios.values()), max(ratios.values())
    step = (RIGHT - LEFT) / max(len(runs) - 1, 1)
    points = [
        (
            LEFT + step * place,
            bottom - (bottom - top) * ((ratios[run] - low) / (high - low) if high > low else 0.5),
        )
        for place, run in enumerate(runs)
        if run in ratios
    ]
    middle = (top + bottom) / 2 + 5
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    values = list(ratios.values())
    yield f'<text x="0" y="{middle:g}">{escape(row)}</text>'
    yield f'<polyline class="line" points="{path}"/>'
    yield from (f'<circle class="dot" cx="{x:.0f}" cy="{y:.0f}" r="3"/>' for x, y in points)
    first, _ = points[0]
    yield f'<text x="{first - 8:.0f}" y="{middle:g}" text-anchor="end">{values[0]:.2f}</text>'
    yield f'<text x="{RIGHT + 12}" y="{middle:g}">{values[-1]:.2f}</text>'
