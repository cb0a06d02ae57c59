"""``mock-sei assumptions``: prints the table of what is assumed of the real platform."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mock_sei.assumptions.table import ROWS
from mock_sei.assumptions.writing import as_json, as_text, as_toml
from mock_sei.commands.server import server_at
from mock_sei.operations.server import ShowConnection
from mock_sei.settings import ASSUMPTIONS, load_settings


def changed_here(config: Path | None, assumptions: str | None) -> dict[str, object]:
    """What ``mock-sei serve`` would change in this folder. Raises :class:`ConfigurationError`."""
    options = {} if assumptions is None else {ASSUMPTIONS: assumptions}
    return dict(load_settings(options, file=config).assumptions)


def changed_at(control_url: str) -> dict[str, object]:
    """What a running server changes. Raises :class:`MockSeiError`."""
    details = server_at(control_url).perform(ShowConnection(limit=1))
    return dict(details["assumptions"])


def print_table(changed: dict[str, object], *, format_name: str, only_changed: bool) -> None:
    """Prints all rows, or those that are changed."""
    rows = [each for each in ROWS.values() if each.name in changed or not only_changed]
    if format_name == "json":
        click.echo(json.dumps(as_json(changed, rows), indent=2, ensure_ascii=False))
        return
    lines = as_toml(changed, rows) if format_name == "toml" else as_text(changed, rows)
    for line in lines:
        click.echo(line)
