"""The benchmarks still run and report every row; how fast is not a test's business."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]

ROWS = [
    "tokens a second, kept-alive two-way TLS",
    "new connection plus token",
    "functional GET of 50 records",
    "50 of 200 records under two filters",
    "documents: their paths, at a start",
    "documents: all read whole",
    "cold start to ready, empty certs/",
    "cold start to ready, full certs/",
    "fixture: import, once a process",
    "fixture: start, once imported",
    "fixture: reset",
    "fixture: stop, a client still connected",
    "resident memory, idle",
    "resident memory, added by 300 unused tokens",
]


def test_a_quick_run_prints_a_row_for_every_measurement() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--machine", "the machine's name"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "- machine: the machine's name\n" in ended.stdout
    table = [line.strip("|").split("|") for line in ended.stdout.splitlines() if line[:1] == "|"]
    assert [cells[0].strip() for cells in table[2:]] == ROWS
    assert all(cells[1].strip() for cells in table), "a row without a figure"
