"""Rows that a recording cannot show, since another row of the real platform hides them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mock_sei.assumptions.table import ROWS

Rows = Mapping[str, Any]
_HIDES: tuple[tuple[str, str, Callable[[Rows], bool]], ...] = (
    (
        "token.idle_limit",
        "token.lifetime",
        lambda rows: rows["token.lifetime"] <= rows["token.idle_limit"],
    ),
    (
        "refresh_token.reuse_ends_family",
        "refresh_token.rotates",
        lambda rows: not rows["refresh_token.rotates"],
    ),
    (
        "paging.default",
        "paging.maximum",
        lambda rows: rows["paging.default"] >= rows["paging.maximum"],
    ),
    ("paging.maximum", "paging.limit", lambda rows: rows["paging.limit"] != "limit"),
    (
        "refusal.token_expired.*",
        "token.idle_limit",
        lambda rows: rows["token.idle_limit"] > ROWS["token.idle_limit"].default,
    ),
    (
        "refusal.body_too_large.*",
        "request.body_limit",
        lambda rows: rows["request.body_limit"] > ROWS["request.body_limit"].default,
    ),
    (
        "refusal.parameter_invalid.*",
        "paging.cursor",
        lambda rows: _is_changed(rows, "paging.cursor"),
    ),
)
"""A hidden row or group, the row that hides it, and whether it does with these values."""


def hidden_rows(changed: Rows, seen: Iterable[str]) -> dict[str, str]:
    """Rows that the real platform cannot have shown, each with the row that hides it.

    ``changed`` are all rows that differ from their defaults, ``seen`` are those that the recording
    showed.
    """
    rows = {name: row.default for name, row in ROWS.items()} | dict(changed)
    shown = set(seen)
    found = {}
    for name, by, hides in _HIDES:
        is_seen = any(_fits(each, name) for each in shown)
        if by in changed and not is_seen and hides(rows):
            found[name] = by
    return found


def _fits(row: str, name: str) -> bool:
    return row == name or (name.endswith(".*") and row.startswith(name[:-1]))


def _is_changed(rows: Rows, name: str) -> bool:
    return bool(rows[name] != ROWS[name].default)
