"""Reads changed assumptions: of ``mock-sei.toml``, a file of their own, Python and the control API.

The same rows can be written with dotted names (``"token.lifetime" = 60``) or as nested tables
(``[assumptions.token]``, ``lifetime = 60``). Nothing is taken over unless everything is right.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mock_sei.assumptions.table import ROWS, Changed
from mock_sei.errors import ConfigurationError
from mock_sei.rules.arguments import find_nearest, kind_of

KEY = "assumptions"
"""The name of the table in a settings file, and of the argument."""

LARGEST_FILE = 1024 * 1024
"""Bytes of a file of assumptions. Every row together takes a fiftieth."""

_DEEPEST = 3
"""Parts of the longest name."""
_MOST_NAMES = 1000


def read_assumptions(given: object, *, source: object, key: str = KEY) -> dict[str, Any]:
    """The rows that are changed, by dotted names, with values as JSON has them.

    ``given`` is a table of names, dotted or nested. A row that is set to its default is kept: it
    takes back a change of a weaker source. Raises :class:`ConfigurationError` with the wrong name
    or value; ``source`` is the file or other origin, ``key`` the name of the table in it.
    """
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"must be a table of names such as token.lifetime, not {kind_of(given)}",
            source=source,
            key=key,
        )
    read: dict[str, Any] = {}
    for name, value in _flat(given, source=source, key=key):
        full = _joined(key, name)
        if name in read:
            raise ConfigurationError("it stands there twice", source=source, key=full)
        row = ROWS[name]
        try:
            read[name] = row.kind.plain(row.kind.read(value))
        except ValueError as error:
            raise ConfigurationError(str(error), source=source, key=full, value=value) from None
    return read


def read_file(path: Path, *, source: object = None) -> dict[str, Any]:
    """The rows of a TOML file: in a table ``[assumptions]``, or without one.

    Raises :class:`ConfigurationError`. ``source`` is what named the file, for the message about a
    file that cannot be read.
    """
    named = path if source is None else f"{source}: {path}"
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read: {error.strerror or error}", source=named
        ) from None
    if len(content) > LARGEST_FILE:
        raise ConfigurationError(f"is larger than {LARGEST_FILE} bytes", source=named)
    try:
        values = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"not valid TOML: {error}", source=path) from None
    if KEY in values:
        other = next((each for each in values if each != KEY), None)
        if other is not None:
            raise ConfigurationError(
                f"has no place beside [{KEY}]; a settings file is read with --config",
                source=path,
                key=other,
            )
        return read_assumptions(values[KEY], source=path)
    return read_assumptions(values, source=path, key="")


def merged(*layers: Changed) -> dict[str, Any]:
    """The rows of several sources, each of which is stronger than those before it.

    Rows that have their default in the end are left out. The order is that of the table.
    """
    all_rows: dict[str, Any] = {}
    for layer in layers:
        all_rows |= layer
    return {
        name: all_rows[name]
        for name, row in ROWS.items()
        if name in all_rows and all_rows[name] != row.default
    }


_DIFFERENT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("path", tuple(name for name in ROWS if name.startswith("path."))),
    ("name", ("paging.total", "paging.limit", "paging.previous", "paging.next")),
    ("name", ("paging.limit", "paging.cursor")),
)
"""Rows that must have different values, and the word for such a value."""


def require_consistent(changed: Changed, *, source: object) -> None:
    """Raises :class:`ConfigurationError` for rows that contradict one another."""
    for word, names in _DIFFERENT:
        taken: dict[Any, str] = {}
        for name in names:
            value = changed.get(name, ROWS[name].default)
            other = taken.setdefault(value, name)
            if other != name:
                wrong, right = (name, other) if name in changed else (other, name)
                raise ConfigurationError(
                    f"the {word} of {right}, too", source=source, key=wrong, value=value
                )


def _flat(given: Mapping[Any, Any], *, source: object, key: str) -> Iterator[tuple[str, Any]]:
    """Names and values of a table whose names may be dotted or nested.

    Raises :class:`ConfigurationError` for an unknown name.
    """
    waiting = [("", given)]
    count = 0
    while waiting:
        before, table = waiting.pop()
        for part, value in table.items():
            count += 1
            name = _joined(before, str(part))
            if count > _MOST_NAMES:
                raise ConfigurationError(
                    f"has more than {_MOST_NAMES} names; there are {len(ROWS)}",
                    source=source,
                    key=key or KEY,
                )
            if name in ROWS:
                yield name, value
            elif isinstance(value, Mapping) and _is_group(name):
                waiting.append((name, value))
            else:
                shown = None if isinstance(value, Mapping) else value
                raise ConfigurationError(
                    f"no such assumption{_near(name)}",
                    source=source,
                    key=_joined(key, name),
                    value=shown,
                )


def _is_group(name: str) -> bool:
    return name.count(".") < _DEEPEST and any(each.startswith(f"{name}.") for each in ROWS)


def _near(name: str) -> str:
    """The nearest name, as the end of a sentence."""
    near = find_nearest(name, ROWS)
    if near is not None:
        return f"; did you mean {near}?"
    return "; `mock-sei assumptions` lists them all"


def _joined(before: str, name: str) -> str:
    return f"{before}.{name}" if before else name
