"""What a worker reports to the parent that started it."""

from __future__ import annotations

import os

from mock_sei.commands.worker import _report


def test_a_worker_whose_parent_was_killed_reports_to_nobody() -> None:
    """It ends soon, since its standard input has ended; a traceback would look like a bug."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        _report(writes, "ready")
    finally:
        os.close(writes)


def test_a_report_is_one_line() -> None:
    reads, writes = os.pipe()
    _report(writes, "it cannot start:\nthe disk is full")
    os.close(writes)
    with os.fdopen(reads) as reported:
        assert reported.read() == "it cannot start: the disk is full\n"
