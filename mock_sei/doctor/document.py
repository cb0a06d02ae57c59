"""Generates the parts of ``docs/doctor.md`` that come from tables.

``python -m mock_sei.doctor.document docs/doctor.md``; a test checks the document.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from mock_sei.doctor.clients import client_table
from mock_sei.doctor.findings import catalogue_table

PARTS: Mapping[str, Callable[[], str]] = {
    "clients": client_table,
    "findings": catalogue_table,
}
"""The parts, by the name in their markers."""


def with_parts(text: str) -> str:
    """The document with each part updated. Raises ``ValueError`` if a part has no markers."""
    for name, make in PARTS.items():
        begin, end = (f"<!-- {name}: {word} -->" for word in ("begin", "end"))
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"no {begin} and {end}")
        text = f"{before}{begin}\n{make()}\n{end}{after}"
    return text


def main(path: Path) -> None:
    """Updates the document at this path."""
    path.write_text(with_parts(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
