"""The configuration that all servers on one store must have, and what differs from it.

A digest of each part lies in the store. Another configuration would make another platform of the
same records: other applications, other documents, other rules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mock_sei import __version__
from mock_sei.errors import ConfigurationError, one_line

NAMED = 5
"""So many differences a message names at most."""
VERSION, CONFIGURATION = "version", "configuration"
"""The names of both facts in the store."""


def configuration_of(
    settings: Mapping[str, Any], folders: Mapping[str, Path], assumptions: Mapping[str, Any]
) -> dict[str, str]:
    """The digests of all parts, by what a message calls them: ``--dialect``, ``fixtures/x.json``,
    ``assumption token.lifetime``.

    ``settings`` are those that make the platform what it is, by name; ``assumptions`` are the
    changed ones. All files of the ``folders`` are read. Raises :class:`ConfigurationError` for a
    file that cannot be read.
    """
    parts = {
        f"--{name.replace('_', '-')}": _digest(json.dumps(value, default=str).encode())
        for name, value in settings.items()
    }
    for name, value in assumptions.items():
        parts[f"assumption {name}"] = _digest(json.dumps(value, sort_keys=True).encode())
    for name, folder in folders.items():
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            parts[f"{name}/{path.relative_to(folder).as_posix()}"] = _digest(_read(path))
    return parts


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read: {error.strerror or error}", source=path
        ) from None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def facts_of(configuration: Mapping[str, str]) -> dict[str, str]:
    """The facts about a configuration, as a store keeps them."""
    return {VERSION: __version__, CONFIGURATION: json.dumps(configuration)}


def require_equal(
    facts: Mapping[str, str], configuration: Mapping[str, str], *, source: object
) -> None:
    """Raises :class:`ConfigurationError` if a store belongs to another version or configuration.

    The message names what differs. ``source`` is the store.
    """
    written_by = facts.get(VERSION)
    if written_by != __version__:
        raise ConfigurationError(
            f"its state was written by mock-sei {written_by or 'of an unknown version'}, and this "
            f"is {__version__}; start with --replace-state to begin afresh, or name another store",
            source=source,
        )
    there = _read_configuration(facts)
    names = sorted(
        name for name in {*there, *configuration} if there.get(name) != configuration.get(name)
    )
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        raise ConfigurationError(
            "its state belongs to another configuration; what differs: "
            f"{one_line(', '.join(names[:NAMED]))}{more}. Start all servers of one state with "
            "the same configuration, or with --replace-state to begin afresh",
            source=source,
        )


def _read_configuration(facts: Mapping[str, str]) -> dict[str, str]:
    try:
        read = json.loads(facts.get(CONFIGURATION, "{}"))
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
