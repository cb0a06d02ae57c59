"""The user's map: which application of the mock plays a recorded AppKey, and names of accounts.

A TOML file with two tables::

    [applications]
    "{{app-key-1}}" = "demo-server"
    [accounts]
    "the-real-account" = "svc-demo"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.placeholders import PLACEHOLDER
from mock_sei.rules.arguments import find_nearest, kind_of
from mock_sei.rules.registry import Registry

LARGEST_FILE = 1024 * 1024
_TABLES = ("applications", "accounts")


@dataclass(frozen=True, kw_only=True)
class RecordingMap:
    """What the user knows of the people of a recording."""

    applications: Mapping[str, str] = field(default_factory=dict)
    """Names or AppKeys of the mock's applications, by placeholders such as ``{{app-key-1}}``."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Service accounts of the mock, by those of the recording: by CN."""
    source: str = "--map"

    def application_of(self, app_key: str) -> str | None:
        return self.applications.get(app_key)

    def account_of(self, name: str) -> str | None:
        return self.accounts.get(name)

    def unknown_application(self, app_key: str, name: str, known: Registry) -> ConfigurationError:
        """The error for an application that the mock does not have."""
        return ConfigurationError(
            f"there is no such application; there are {known.application_names()}",
            source=self.source,
            key=f"applications.{app_key}",
            value=name,
        )


def read_map(path: Path) -> RecordingMap:
    """Reads a map. Raises :class:`ConfigurationError`."""
    values = read_toml(path)
    tables: dict[str, Mapping[str, str]] = {}
    for name, table in values.items():
        if name not in _TABLES:
            near = find_nearest(name, _TABLES)
            raise ConfigurationError(
                f"no such table; did you mean {near}?"
                if near
                else f"the tables are {' and '.join(_TABLES)}",
                source=path,
                key=name,
            )
        tables[name] = _texts(table, path, name)
    for name in tables.get("applications", {}):
        if not PLACEHOLDER.fullmatch(name):
            raise ConfigurationError(
                "the name is an AppKey as the recording has it, such as {{app-key-1}}",
                source=path,
                key=f"applications.{name}",
            )
    return RecordingMap(**tables, source=str(path))


def _texts(table: object, path: Path, name: str) -> Mapping[str, str]:
    if not isinstance(table, dict):
        raise ConfigurationError(f"must be a table, not {kind_of(table)}", source=path, key=name)
    for key, value in table.items():
        if not isinstance(value, str) or not value:
            raise ConfigurationError(
                "must be a name", source=path, key=f"{name}.{key}", value=value
            )
    return table


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises :class:`ConfigurationError`."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error), source=path) from None
    if len(content) > LARGEST_FILE:
        raise ConfigurationError(f"is larger than {LARGEST_FILE} bytes", source=path)
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"not valid TOML: {error}", source=path) from None
