"""Looks into a state in an SQLite file, copies it to a text and back, and empties it.

Nothing here makes a file that did not exist, except for the import into a new one. An import is
there as a whole or not at all.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mock_sei.errors import ConfigurationError
from mock_sei.state.configuration import CONFIGURATION, VERSION
from mock_sei.state.exports import (
    entry_line,
    fact_line,
    first_line,
    plain,
    record_line,
    take_over,
)
from mock_sei.state.sqlite import (
    BUSY_TIMEOUT,
    FORMAT,
    complaining,
    has_tables,
    make_tables,
    require_ours,
)


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a state has."""

    version: str | None
    """The version of mock-sei that made it; None if it does not say."""
    format: int
    epoch: int
    """How often the state began: 1, and one more for each reset."""
    size: int
    """The bytes of its files."""
    in_use: bool | None
    """True if a server uses it now; None if that cannot be found out."""
    configuration: Any
    """What the state says of the configuration of its servers; None if nothing."""
    records: Mapping[str, int]
    """The number of records of each area."""
    journal: int
    """The number of journal entries."""


class StateFile:
    """A state in an SQLite file that exists."""

    def __init__(self, path: Path) -> None:
        """Raises :class:`ConfigurationError` naming the path and what is wrong with it."""
        self.path = path
        _checked(path).close()  # an open connection is one that uses it
        self.in_use = _is_in_use(path)
        """True if a server uses it now; None if that cannot be found out."""
        self._connection = _checked(path)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """Inside, everything that is read is of one moment."""
        with complaining(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")

    def describe(self) -> Description:
        """What the state has."""
        with self._moment():
            execute = self._connection.execute
            facts = dict(execute("SELECT name, value FROM facts").fetchall())
            (epoch,) = execute("SELECT epoch FROM head").fetchone()
            counted = execute(
                "SELECT area, count(*) FROM records WHERE value IS NOT NULL GROUP BY area"
            ).fetchall()
            records: Counter[str] = Counter()
            for name, count in counted:
                records[area_of(name)] += count
            (journal,) = execute("SELECT count(*) FROM journal").fetchone()
        return Description(
            version=plain(facts.get(VERSION)),
            format=FORMAT,
            epoch=epoch,
            size=sum(_size_of(Path(f"{self.path}{each}")) for each in ("", "-wal")),
            in_use=self.in_use,
            configuration=plain(facts.get(CONFIGURATION)),
            records=dict(sorted(records.items())),
            journal=journal,
        )

    def export(self) -> Iterator[str]:
        """The lines of an export. Each is JSON; the first one says what follows."""
        with self._moment():
            execute = self._connection.execute
            epoch, recorded, changes = execute(
                "SELECT epoch, recorded, changes FROM head"
            ).fetchone()
            facts = dict(execute("SELECT name, value FROM facts").fetchall())
            (records,) = execute(
                "SELECT count(*) FROM records WHERE value IS NOT NULL OR stays"
            ).fetchone()
            (entries,) = execute("SELECT count(*) FROM journal").fetchone()
            yield first_line(
                facts=facts,
                epoch=epoch,
                changes=json.loads(changes),
                recorded=recorded,
                records=records,
                entries=entries,
            )
            yield from (fact_line(name, value) for name, value in facts.items())
            for area, key, value, stays in execute(
                "SELECT area, key, value, stays FROM records"
                " WHERE value IS NOT NULL OR stays ORDER BY place"
            ):
                yield record_line(area, key, value, stays=bool(stays))
            for number, value in execute("SELECT number, value FROM journal ORDER BY number"):
                yield entry_line(number, value)

    def clear(self) -> None:
        """Removes everything: the next server begins a new state.

        Raises :class:`ConfigurationError` while a server uses the state.
        """
        self._require_unused("cleared")
        with _writing(self._connection, self.path):
            _empty(self._connection)

    def replace(self, lines: Iterable[str], source: object, *, is_wanted: bool) -> None:
        """Takes over an export in place of what is there; ``is_wanted`` is True if something may
        be there. Raises :class:`ConfigurationError`."""
        self._require_unused("replaced")
        with _writing(self._connection, self.path):
            if not (is_wanted or self._is_empty()):
                raise ConfigurationError(
                    "it has a state already; --replace puts the export in its place",
                    source=self.path,
                )
            epoch = _empty(self._connection)
            take_over(_FileImport(self._connection, epoch), lines, source)

    def _is_empty(self) -> bool:
        counts = "SELECT (SELECT count(*) FROM records) + (SELECT count(*) FROM facts)"
        return not self._connection.execute(counts).fetchone()[0]

    def _require_unused(self, what: str) -> None:
        if self.in_use:
            raise ConfigurationError(
                f"a server uses this state; stop it, then the state can be {what} "
                "(`mock-sei reset` works with the running server)",
                source=self.path,
            )


def import_state(path: Path, lines: Iterable[str], source: object, *, replace: bool) -> None:
    """Makes a state of the lines of an export: in a new file, or in an empty or, with ``replace``,
    any state. Raises :class:`ConfigurationError`; then nothing has changed."""
    with complaining(path):
        is_there = path.exists() and path.stat().st_size > 0
    if is_there:
        file = StateFile(path)
        try:
            file.replace(lines, source, is_wanted=replace)
        finally:
            file.close()
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}.import")
    with complaining(path):
        os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            _fill(fresh, path, lines, source)
            _put_into_place(fresh, path)
        finally:
            for suffix in ("", "-journal"):
                Path(f"{fresh}{suffix}").unlink(missing_ok=True)


class _FileImport:
    """Empty tables that take over an export, in a transaction of the caller."""

    def __init__(self, connection: sqlite3.Connection, epoch: int) -> None:
        """``epoch`` is the least number of the epoch that begins."""
        self._execute, self._epoch = connection.execute, epoch

    def put_fact(self, name: str, value: str) -> None:
        self._put("INSERT INTO facts VALUES (?, ?)", name, value)

    def put_entry(self, number: int, value: str) -> None:
        self._put("INSERT INTO journal VALUES (?, ?, ?)", number, len(value), value)

    def put_record(
        self, area: str, key: str, value: str | None, *, stays: bool, sequence: int
    ) -> None:
        row = (area, key, value, stays, sequence)
        self._put(
            "INSERT INTO records (area, key, value, stays, sequence) VALUES (?, ?, ?, ?, ?)", *row
        )

    def _put(self, statement: str, *values: str | float | None) -> None:
        try:
            self._execute(statement, values)
        except sqlite3.IntegrityError as error:
            raise ValueError(str(error)) from None

    def finish(
        self, *, epoch: int, sequence: int, recorded: int, size: int, changes: Mapping[str, Any]
    ) -> None:
        self._execute(
            "UPDATE head SET epoch = ?, sequence = ?, recorded = ?, journal_size = ?, swept = 0,"
            " changes = ?",
            (max(self._epoch, epoch), sequence, recorded, size, json.dumps(changes)),
        )


def _fill(fresh: Path, path: Path, lines: Iterable[str], source: object) -> None:
    connection = _connected(fresh)
    try:
        with _writing(connection, path):
            make_tables(connection)
            take_over(_FileImport(connection, 0), lines, source)
    finally:
        connection.close()


def _put_into_place(fresh: Path, path: Path) -> None:
    """Gives a file its name, unless another program made a file of this name meanwhile."""
    if path.exists() and not path.stat().st_size:
        fresh.replace(path)
        return
    try:
        os.link(fresh, path)
    except FileExistsError:
        problem = "another program made this file during the import; nothing was imported"
        raise ConfigurationError(problem, source=path) from None
    except OSError:  # a file system without links
        fresh.rename(path)


@contextmanager
def _writing(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """A transaction that nothing is left of after an error."""
    with complaining(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise


def _empty(connection: sqlite3.Connection) -> int:
    """Removes everything. Returns the number of the new epoch."""
    execute = connection.execute
    execute("DELETE FROM records")
    execute("DELETE FROM journal")
    execute("DELETE FROM facts")
    execute("UPDATE head SET epoch = epoch + 1, recorded = 0, journal_size = 0, changes = '{}'")
    return int(execute("SELECT epoch FROM head").fetchone()[0])


# Files


def _connected(
    path: Path, mode: str = "rw", *, timeout: float = BUSY_TIMEOUT
) -> sqlite3.Connection:
    """A connection to a file that exists."""
    address = f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=timeout)


def _checked(path: Path) -> sqlite3.Connection:
    """A connection to a file that has a state."""
    connection = _opened(path)
    try:
        with complaining(path):
            if not has_tables(connection):
                raise ConfigurationError("an empty file without a state", source=path)
            require_ours(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _opened(path: Path) -> sqlite3.Connection:
    """A connection to a file that exists, which may be write-protected."""
    with complaining(path):
        with path.open("rb"):  # its error says what is wrong with the path
            pass
        connection = _connected(path)
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if os.access(path.parent, os.W_OK) or Path(f"{path}-wal").exists():
                raise
            # In a folder where nothing can be written, no server changes the file either.
            return _connected(path, "ro&immutable=1")
        except BaseException:
            connection.close()
            raise
        return connection


def _is_in_use(path: Path) -> bool | None:
    """True if another connection to the file is open: no other one can have it for itself."""
    if not os.access(path, os.W_OK):
        return None
    probe = None
    try:
        probe = _connected(path, timeout=0)
        probe.execute("PRAGMA locking_mode = EXCLUSIVE")
        probe.execute("BEGIN EXCLUSIVE")
        probe.execute("ROLLBACK")
    except sqlite3.Error as error:
        busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        return True if busy else None
    finally:
        if probe is not None:
            probe.close()
    return False


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def area_of(name: str) -> str:
    """The first two parts of a table's name: an application may have tables of its own."""
    return "/".join(name.split("/")[:2])
