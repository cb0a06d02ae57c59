"""Reads the export of a state: lines of JSON, of which the first one says what follows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Protocol

from mock_sei import __version__
from mock_sei.errors import ConfigurationError
from mock_sei.journal.log import read_written
from mock_sei.state.configuration import VERSION

EXPORT = 1
"""The number of this form of an export."""
_NO_EXPORT = "no export of a state; `mock-sei state export` writes one"


FORMAT = 1
"""The number of the form of records and journal entries, in whatever store they are."""
NOTE = (
    "This is the state of a mock-sei server. It holds private keys, passwords and tokens: all of "
    "them are for tests only, and still nothing to publish."
)


class Importing(Protocol):
    """An empty state that takes over an export. It raises :class:`ValueError` for what is there
    twice."""

    def put_fact(self, name: str, value: str) -> None:
        """Takes a fact."""

    def put_entry(self, number: int, value: str) -> None:
        """Takes a journal entry. Each number is one more than the one before."""

    def put_record(
        self, area: str, key: str, value: str | None, *, stays: bool, sequence: int
    ) -> None:
        """Takes a record, or with ``None`` what is remembered of a removed one."""

    def finish(
        self, *, epoch: int, sequence: int, recorded: int, size: int, changes: Mapping[str, Any]
    ) -> None:
        """Ends with the epoch of the export, the number of records, the newest journal entry's
        number, the characters of all entries, and the changes of the last reset."""


def first_line(
    *,
    facts: Mapping[str, str],
    epoch: int,
    changes: Mapping[str, Any],
    recorded: int,
    records: int,
    entries: int,
) -> str:
    """The first line of an export, which says how many lines of each kind follow."""
    return line(
        {
            "mock-sei": "state",
            "export": EXPORT,
            "note": NOTE,
            "format": FORMAT,
            "version": plain(facts.get(VERSION)) or __version__,
            "epoch": epoch,
            "changes": changes,
            "recorded": recorded,
            "facts": len(facts),
            "records": records,
            "entries": entries,
        }
    )


def fact_line(name: str, value: str) -> str:
    """The line of a fact."""
    return line({"fact": name, "value": value})


def record_line(area: str, key: str, value: str | None, *, stays: bool) -> str:
    """The line of a record."""
    return line({"area": area, "key": key, "value": value, "stays": stays})


def entry_line(number: int, value: str) -> str:
    """The line of a journal entry."""
    return line({"entry": number, "value": value})


def line(told: Mapping[str, Any]) -> str:
    """A line of an export."""
    return json.dumps(told) + "\n"


def plain(text: str | None) -> Any:
    """A fact: what its JSON says, or its text."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def take_over(into: Importing, lines: Iterable[str], source: object) -> None:
    """Puts what the lines of an export say into an empty state.

    Raises :class:`ConfigurationError`, which names ``source`` and the line.
    """
    rest = iter(lines)
    first = _read_first(next(rest, ""), source)
    counts = Counter({name: first[name] for name in ("facts", "records", "entries")})
    announced = counts.total()
    written = _TakenOver(into)
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
    into.finish(
        epoch=first["epoch"],
        sequence=written.sequence,
        recorded=max(written.recorded, first["recorded"]),
        size=written.size,
        changes=first["changes"],
    )


_DAMAGES = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What a line raises that is not as an export has it."""


class _TakenOver:
    """What was taken over until now."""

    def __init__(self, into: Importing) -> None:
        self._into = into
        self.sequence = 0
        """The number of records."""
        self.recorded = 0
        """The number of the last journal entry, 0 before the first."""
        self.size = 0
        """The characters of all journal entries."""

    def put(self, found: Mapping[str, Any]) -> str:
        """Writes one line. Returns its kind, as the first line counts them."""
        if "fact" in found:
            self._into.put_fact(_require_text(found["fact"]), _require_text(found["value"]))
            return "facts"
        if "entry" in found:
            self.recorded = _require_next(found["entry"], self.recorded)
            value = _require_text(found["value"])
            str(read_written(value))  # raises for one that cannot be read
            self.size += len(value)
            self._into.put_entry(self.recorded, value)
            return "entries"
        self.sequence += 1
        record = found["value"]
        if record is not None:
            json.loads(_require_text(record))  # raises for what is no JSON
        area, key = _require_text(found["area"]), _require_text(found["key"])
        stays = bool(found["stays"])
        self._into.put_record(area, key, record, stays=stays, sequence=self.sequence)
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
