"""Differences that the user accepts: a TOML file with a table for each.

For a finding, as a report prints it::

    [[accepted]]
    operation = "GET /v2/investors"
    what = "member added"
    where = "/data/*/nickname"
    reason = "we do not read it"

For an assumption that shall stay as it is::

    [[accepted]]
    assumption = "token.lifetime"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mock_sei.assumptions.table import ROWS
from mock_sei.assumptions.writing import toml_value
from mock_sei.comparison.differences import DifferenceKind
from mock_sei.comparison.mapping import read_toml
from mock_sei.comparison.results import ComparisonFinding
from mock_sei.errors import ConfigurationError
from mock_sei.rules.arguments import find_nearest, kind_of

TABLE = "accepted"
_KEYS = ("operation", "what", "where", "reason", "assumption")
_Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What the user accepts."""

    findings: frozenset[_Key] = field(default_factory=frozenset)
    """Operation, what, where. ``*`` as operation stands for every one."""
    rows: frozenset[str] = field(default_factory=frozenset)

    def has(self, finding: ComparisonFinding) -> bool:
        what, where = str(finding.difference.kind), finding.difference.where
        return bool({(finding.operation, what, where), ("*", what, where)} & self.findings)

    def has_row(self, row: str) -> bool:
        return row in self.rows


def read_accepted(path: Path) -> Accepted:
    """Reads a file of accepted differences. Raises :class:`ConfigurationError`."""
    values = read_toml(path)
    for name in values:
        if name != TABLE:
            raise ConfigurationError("each table is [[accepted]]", source=path, key=name)
    tables = values.get(TABLE, [])
    if not isinstance(tables, list):
        raise ConfigurationError("must be written [[accepted]]", source=path, key=TABLE)
    findings, rows = set(), set()
    for index, table in enumerate(tables):
        place = f"{TABLE}[{index}]"
        texts = _texts(table, path, place)
        if "assumption" in texts:
            rows.add(_row(texts["assumption"], path, place))
        else:
            findings.add(_finding(texts, path, place))
    return Accepted(findings=frozenset(findings), rows=frozenset(rows))


def _texts(table: object, path: Path, place: str) -> Mapping[str, str]:
    if not isinstance(table, dict):
        raise ConfigurationError(f"must be a table, not {kind_of(table)}", source=path, key=place)
    for name, value in table.items():
        if name not in _KEYS:
            near = find_nearest(name, _KEYS)
            hint = f"; did you mean {near}?" if near else f"; there are {', '.join(_KEYS)}"
            raise ConfigurationError(f"no such key{hint}", source=path, key=f"{place}.{name}")
        if not isinstance(value, str):
            raise ConfigurationError(
                "must be a text", source=path, key=f"{place}.{name}", value=value
            )
    return table


def _row(name: str, path: Path, place: str) -> str:
    if name not in ROWS:
        near = find_nearest(name, ROWS)
        hint = f"; did you mean {near}?" if near else "; `mock-sei assumptions` lists them all"
        raise ConfigurationError(
            f"no such assumption{hint}", source=path, key=f"{place}.assumption", value=name
        )
    return name


def _finding(texts: Mapping[str, str], path: Path, place: str) -> _Key:
    for name in ("operation", "what"):
        if name not in texts:
            raise ConfigurationError("this key is missing", source=path, key=f"{place}.{name}")
    what = texts["what"]
    kinds = [str(each) for each in DifferenceKind]
    if what not in kinds:
        raise ConfigurationError(
            f"must be one of {', '.join(kinds)}", source=path, key=f"{place}.what", value=what
        )
    return texts["operation"], what, texts.get("where", "")


def as_toml(findings: Iterable[ComparisonFinding]) -> str:
    """The tables that accept some findings."""
    return "\n".join(
        f"[[{TABLE}]]\noperation = {toml_value(each.operation)}\n"
        f"what = {toml_value(str(each.difference.kind))}\n"
        f"where = {toml_value(each.difference.where)}\n"
        for each in findings
    )
