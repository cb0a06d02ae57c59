"""Reads the export of a state: lines of JSON, of which the first one says what follows."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from mock_sei import __version__
from mock_sei.errors import ConfigurationError
from mock_sei.journal.log import read_written
from mock_sei.state.sqlite import FORMAT

EXPORT = 1
"""The number of this form of an export."""
_NO_EXPORT = "no export of a state; `mock-sei state export` writes one"


def take_over(
    connection: sqlite3.Connection, lines: Iterable[str], source: object, *, epoch: int
) -> None:
    """Puts what the lines of an export say into empty tables, in a transaction of the caller.

    ``epoch`` is the least number of the epoch that begins. Raises :class:`ConfigurationError`,
    which names ``source`` and the line.
    """
    rest = iter(lines)
    first = _read_first(next(rest, ""), source)
    counts = Counter({name: first[name] for name in ("facts", "records", "entries")})
    announced = counts.total()
    written = _TakenOver(connection)
    place = 1
    for place, text in enumerate(islice(rest, announced), 2):
        found = _read_line(text, source, place)
        try:
            counts[written.put(found)] -= 1
        except _DAMAGES as error:
            problem = f"not as an export has it ({type(error).__name__}: {error})"
            raise ConfigurationError(problem, source=source, key=f"line {place}") from None
    if place - 1 < announced:
        missing = announced - place + 1
        problem = f"cut short: {missing} of the {announced} lines that it announces are missing"
        raise ConfigurationError(problem, source=source)
    if any(counts.values()) or next(rest, "").strip():
        problem = "it has other lines than its first line announces"
        raise ConfigurationError(problem, source=source)
    connection.execute(
        "UPDATE head SET epoch = ?, sequence = ?, recorded = ?, journal_size = ?, swept = 0,"
        " changes = ?",
        (
            max(epoch, first["epoch"]),
            written.sequence,
            max(written.recorded, first["recorded"]),
            written.size,
            json.dumps(first["changes"]),
        ),
    )


_DAMAGES = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    sqlite3.IntegrityError,
)
"""What a line raises that is not as an export has it."""


class _TakenOver:
    """What was taken over until now."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self.sequence = 0
        """The number of records."""
        self.recorded = 0
        """The number of the last journal entry, 0 before the first."""
        self.size = 0
        """The characters of all journal entries."""

    def put(self, found: Mapping[str, Any]) -> str:
        """Writes one line. Returns its kind, as the first line counts them."""
        if "fact" in found:
            row = (_require_text(found["fact"]), _require_text(found["value"]))
            self._execute("INSERT INTO facts VALUES (?, ?)", row)
            return "facts"
        if "entry" in found:
            self.recorded = _require_next(found["entry"], self.recorded)
            value = _require_text(found["value"])
            str(read_written(value))  # raises for one that cannot be read
            self.size += len(value)
            entry = (self.recorded, len(value), value)
            self._execute("INSERT INTO journal VALUES (?, ?, ?)", entry)
            return "entries"
        self.sequence += 1
        record = found["value"]
        if record is not None:
            json.loads(_require_text(record))  # raises for what is no JSON
        area, key = _require_text(found["area"]), _require_text(found["key"])
        self._execute(
            "INSERT INTO records (area, key, value, stays, sequence) VALUES (?, ?, ?, ?, ?)",
            (area, key, record, bool(found["stays"]), self.sequence),
        )
        return "records"


def _read_first(text: str, source: object) -> dict[str, Any]:
    try:
        first = json.loads(text)
    except (ValueError, RecursionError):
        first = None
    if not isinstance(first, dict) or first.get("mock-sei") != "state":
        raise ConfigurationError(_NO_EXPORT, source=source)
    for name, own in (("export", EXPORT), ("format", FORMAT)):
        if first.get(name) != own:
            problem = f"its {name} is number {first.get(name)!r:.20}; this version of mock-sei "
            raise ConfigurationError(f"{problem}reads {own}", source=source)
    if first.get("version") != __version__:
        made_with = f"it is of mock-sei {first.get('version')!s:.40}, and this is {__version__}"
        problem = f"{made_with}; import it with the version that it is of"
        raise ConfigurationError(problem, source=source)
    numbers = ("epoch", "recorded", "facts", "records", "entries")
    are_numbers = all(_is_count(first.get(name)) for name in numbers)
    if not are_numbers or not isinstance(first.get("changes"), dict):
        raise ConfigurationError("damaged", source=source, key="line 1")
    return first


_MOST = 2**53
"""Higher numbers are no counts."""


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST


def _read_line(text: str, source: object, place: int) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        is_cut = not text.endswith("\n")
        problem = "cut short: this line has no end" if is_cut else "no line of an export"
        raise ConfigurationError(problem, source=source, key=f"line {place}")
    return found


def _require_next(number: object, before: int) -> int:
    """The number of an entry, which is one more than the one before, if there was one."""
    if not _is_count(number) or not isinstance(number, int) or number < 1:
        raise ValueError("no number of an entry")
    if before and number != before + 1:
        raise ValueError(f"entry {number} follows entry {before}")
    return number


def _require_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("it is no text")
    return value
