"""Writes the table of assumptions: for people, as a TOML file to edit, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any

from mock_sei.assumptions.kinds import shown
from mock_sei.assumptions.table import ROWS, Assumption, Changed

_WIDTH = 100


def as_text(changed: Changed, rows: Iterable[Assumption]) -> Iterator[str]:
    """The lines of a table for people. ``changed`` are the rows that differ from their defaults."""
    group = None
    for row in rows:
        if row.group != group:
            if group is not None:
                yield ""
            group = row.group
            yield f"[{group}]"
        if row.name in changed:
            yield f"{row.name} = {shown(changed[row.name])}  (changed; default: {_default(row)})"
        else:
            yield f"{row.name} = {_default(row)}"
        yield from _indented(f"{row.changes}. Values: {row.kind.allowed}.", "    ")
        yield from _indented(f"Why: {row.reason}; {row.shown_by}.", "    ")


def as_toml(changed: Changed, rows: Iterable[Assumption]) -> Iterator[str]:
    """The lines of a file to edit. Rows that have their default are commented out."""
    yield "# What mock-sei assumes of the real platform. Take the # away from the lines that you"
    yield "# change. mock-sei serve --assumptions FILE reads this file."
    yield "[assumptions]"
    for row in rows:
        yield ""
        yield from _indented(f"{row.changes}; {row.kind.allowed}", "# ")
        yield from _indented(f"{row.reason}; {row.shown_by}", "# ")
        if row.name in changed:
            yield f"{row.name} = {toml_value(changed[row.name])}"
        else:
            yield f"# {row.name} = {toml_value(row.default)}"


def as_json(changed: Changed, rows: Iterable[Assumption]) -> list[dict[str, Any]]:
    """The rows as JSON."""
    return [
        {
            "name": row.name,
            "value": changed.get(row.name, row.default),
            "default": row.default,
            "changed": row.name in changed,
            "allowed": row.kind.allowed,
            "changes": row.changes,
            "reason": row.reason,
            "seen_by": row.seen_by,
            "unseen": row.unseen,
        }
        for row in rows
    ]


def lines_of(changed: Changed) -> list[str]:
    """A line of TOML for each changed row, to put below ``[assumptions]``."""
    return [f"{name} = {toml_value(changed[name])}" for name in ROWS if name in changed]


def toml_value(value: Any) -> str:
    """A value as TOML has it. None becomes an empty text, which means the same in every row."""
    if value is None:
        return '""'
    if isinstance(value, Mapping):
        members = ", ".join(f"{_text(name)} = {toml_value(each)}" for name, each in value.items())
        return f"{{ {members} }}" if members else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """A basic string of TOML: like a text of JSON, but DEL is escaped, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _default(row: Assumption) -> str:
    return shown(row.default)


def _indented(text: str, before: str) -> list[str]:
    return wrap(
        text[:1].upper() + text[1:],
        _WIDTH,
        initial_indent=before,
        subsequent_indent=before,
        break_long_words=False,
        break_on_hyphens=False,
    )
