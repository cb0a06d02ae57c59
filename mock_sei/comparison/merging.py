"""Merges changed assumptions into a TOML file, and keeps everything else that stands there.

Lines of rows that are there get the new value; comments and order stay. The file is read again
before it is replaced: what cannot be merged is an error, and then nothing is written.
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mock_sei.assumptions.reading import KEY, read_assumptions
from mock_sei.assumptions.table import ROWS
from mock_sei.assumptions.writing import toml_value
from mock_sei.comparison.mapping import read_toml
from mock_sei.errors import ConfigurationError
from mock_sei.values.paths import find_path_problem

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_ANY_HEADER = re.compile(r"\s*\[")
_PAIR = re.compile(r"(\s*)([A-Za-z0-9_.\"' -]+?)(\s*=\s*)(.*)$")
_MARK = re.compile(r"""#|"(?:\\.|[^"\\])*+"|'[^']*+'""")
"""What begins a comment, and texts, in which it does not begin one."""
_MODE = 0o644


def merge_into(path: Path, changes: Mapping[str, Any]) -> None:
    """Writes rows into a file of assumptions or of settings, which is made if it is not there.

    Raises :class:`ConfigurationError` if the file cannot be read, merged or written.
    """
    problem = find_path_problem(path)
    if problem is not None:
        raise ConfigurationError(problem, source=path)
    before = read_toml(path) if path.exists() else {}
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    merged = merged_text(text, changes, before)
    _check(path, merged, before, changes)
    write_text(path, merged)


def merged_text(text: str, changes: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """The text of a file with these rows. ``before`` is its content."""
    lines = text.splitlines()
    prefix = _prefix(before)
    if prefix is None:
        prefix = f"{KEY}."
        lines += ["", f"[{KEY}]"] if lines else [f"[{KEY}]"]
    for row, value in reversed(list(changes.items())):  # each is put at the beginning of its table
        name = f"{prefix}{row}"
        if not _replace(lines, name, toml_value(value)):
            _insert(lines, name, toml_value(value))
    return "\n".join(lines) + "\n"


def _prefix(values: Mapping[str, Any]) -> str | None:
    """What stands before the name of a row in a file: the table, or nothing if the file has only
    rows. None if the table must be made."""
    if KEY in values:
        return f"{KEY}."
    groups = {each.partition(".")[0] for each in ROWS}
    names = {each.partition(".")[0] for each in values}
    return "" if names and names <= groups else None


def _replace(lines: list[str], name: str, value: str) -> bool:
    """Puts another value into the line of a name; False if there is none."""
    table = ""
    for index, line in enumerate(lines):
        header = _HEADER.match(line)
        if header is not None:
            table = f"{_plain(header[1])}."
            continue
        pair = _PAIR.match(line)
        if pair is not None and f"{table}{_plain(pair[2])}" == name:
            lines[index] = f"{pair[1]}{pair[2]}{pair[3]}{value}{_comment(pair[4])}"
            return True
    return False


def _comment(text: str) -> str:
    """The comment behind a value, with the space before it."""
    marks = (each.start() for each in _MARK.finditer(text) if each[0] == "#")
    begin = next(marks, len(text))
    return text[len(text[:begin].rstrip()) :].rstrip()


def _insert(lines: list[str], name: str, value: str) -> None:
    """Adds a line for a name behind the nearest table that it belongs to."""
    best, place = "", _first_table(lines)
    for index, line in enumerate(lines):
        header = _HEADER.match(line)
        table = f"{_plain(header[1])}." if header is not None else ""
        if table and name.startswith(table) and len(table) > len(best):
            best, place = table, index + 1
    lines.insert(place, f"{name.removeprefix(best)} = {value}")


def _first_table(lines: list[str]) -> int:
    found = (index for index, line in enumerate(lines) if _ANY_HEADER.match(line))
    return next(found, len(lines))


def _plain(name: str) -> str:
    """A dotted name without quotes and spaces."""
    return ".".join(each.strip().strip("\"'") for each in name.split("."))


def _check(path: Path, text: str, before: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Raises :class:`ConfigurationError` if the new text does not say what it should."""
    try:
        after = tomllib.loads(text)
        prefix = _prefix(after) or ""
        rows = read_assumptions(after[KEY] if prefix else after, source=path)
        was = before.get(KEY, {}) if prefix else before
        expected = {**read_assumptions(was, source=path), **_plain_values(changes)}
        others = {name: each for name, each in after.items() if name != KEY}
        kept = {name: each for name, each in before.items() if name != KEY}
        is_right = rows == expected and (not prefix or others == kept)
    except (ValueError, ConfigurationError):
        is_right = False
    if not is_right:
        raise ConfigurationError(
            "the rows cannot be merged into this file as it is written; write them to a new file, "
            "and put them in by hand",
            source=path,
        )


def _plain_values(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {row: ROWS[row].kind.plain(ROWS[row].kind.read(each)) for row, each in changes.items()}


def write_text(path: Path, text: str) -> None:
    """Writes a file by rename. Raises :class:`ConfigurationError`."""
    part = path.with_name(f".{path.name}.part")
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else _MODE
        with os.fdopen(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8"
        ) as out:
            out.write(text)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise ConfigurationError(error.strerror or str(error), source=path) from None
