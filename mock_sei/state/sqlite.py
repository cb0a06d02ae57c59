"""The state in an SQLite file: it survives restarts, and several processes of a machine share it.

The file is in WAL mode with ``synchronous=NORMAL``: what was committed is there after the end of a
process at any moment, but a power cut may take the last commits. One connection serves a process;
its owner lets one thread at a time use it.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.rules import machine
from mock_sei.state.configuration import CONFIGURATION
from mock_sei.state.store import Change, Head, Loaded, StoreBusy
from mock_sei.state.units import LASTING

APPLICATION_ID = 0x4D534549
"""``MSEI``: by this number SQLite files tell whose they are."""
FORMAT = 1
"""The number of this module's tables."""
BUSY_TIMEOUT = 0.0
"""Seconds that one statement waits for another process. Who waits does so without a statement, so
that nothing else waits with it."""
OPENING_PATIENCE = 5.0
"""Seconds that the opening waits for another process, which may be starting too."""
REMOVALS_KEPT = 10_000
"""A server that is more changes behind loads everything; older removals are forgotten."""
DROPPED_TOGETHER = 64
"""Old journal entries are removed so many at a time; readers ask for no more than they want."""
JOURNAL_LIMIT = 64 * 1024 * 1024
"""The largest number of characters of all journal entries; the oldest are removed."""
WAL_PAGES = 4000
"""So many pages of 4 KiB are in the WAL before they are copied to the file, which waits for the
disk. With SQLite's own 1000, that is once for 150 long journal entries. The WAL takes 16 MiB."""

_TABLES = (
    """CREATE TABLE head (
        one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER, sequence INTEGER, recorded INTEGER,
        clearings INTEGER, swept INTEGER, changes TEXT, journal_size INTEGER)""",
    "INSERT INTO head VALUES (1, 1, 0, 0, 0, 0, '{}', 0)",
    """CREATE TABLE records (
        place INTEGER PRIMARY KEY, area TEXT, key TEXT, value TEXT, stays INTEGER, sequence INTEGER,
        UNIQUE (area, key))""",
    "CREATE INDEX by_sequence ON records (sequence)",
    "CREATE TABLE journal (number INTEGER PRIMARY KEY, size INTEGER, value TEXT)",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT)",
)

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class SqliteStore:
    """A store in one SQLite file, which is made if it does not exist."""

    is_remote = False

    def __init__(self, path: Path, *, journal_size: int = 1000, replace: bool = False) -> None:
        """``replace`` is True if :meth:`empty` will be called: the file may have another format.
        Raises :class:`ConfigurationError` naming the path and what is wrong with it."""
        self.path = self.name = path
        self._journal_size = journal_size
        with complaining(path):
            self._file, self._is_made = _make_file(path)
        try:
            with complaining(path):
                self._connection = sqlite3.connect(
                    path, timeout=OPENING_PATIENCE, isolation_level=None, check_same_thread=False
                )
                try:
                    self._open(any_format=replace)
                except BaseException:
                    self._connection.close()
                    raise
        except BaseException:
            if self._is_made:
                path.unlink(missing_ok=True)
            raise

    def _open(self, *, any_format: bool) -> None:
        execute = self._connection.execute
        self._require_ours_or_new(any_format=any_format)  # before anything is written
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        execute("BEGIN IMMEDIATE")
        try:
            self._require_ours_or_new(any_format=any_format)
            if not has_tables(self._connection):
                make_tables(self._connection)
            execute("COMMIT")
        except BaseException:
            self.release()
            raise
        execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")

    def _require_ours_or_new(self, *, any_format: bool) -> None:
        """Raises :class:`ConfigurationError` for a file that is neither ours nor new."""
        owner = self._connection.execute("PRAGMA application_id").fetchone()[0]
        if owner or has_tables(self._connection):
            require_ours(self._connection, self.path, in_any_format=any_format)

    def empty(self) -> None:
        """Removes everything, in a reservation."""
        with self._naming_problems():
            # By another epoch the servers that use the file know that everything begins anew.
            epoch = max(int(machine.timestamp()), _epoch_of(self._connection) + 1)
            drop_tables(self._connection)
            make_tables(self._connection, epoch=epoch)

    def abandon(self) -> None:
        """Closes the file after a start that failed. The file that this start made is removed, if
        no other server keeps something in it."""
        is_unused = False
        if self._is_made:
            with suppress(StoreAway, StoreBusy):
                self.reserve()
                is_unused = CONFIGURATION not in self.facts()
                self.release()
        self._connection.close()
        if is_unused:
            self.path.unlink(missing_ok=True)

    def _require_file(self) -> None:
        """Raises :class:`StoreAway` if the path does not lead to the opened file any more: what is
        written would be lost with it."""
        try:
            found = self.path.stat()
            if (found.st_dev, found.st_ino) == self._file:
                return
            what = "another file took its place"
        except OSError:
            what = "it was deleted or moved"
        raise StoreAway(
            f"{self.path}: {what} while it was in use; put the file back, or start the server again"
        )

    # Units of work

    def timestamp(self) -> float:
        return machine.timestamp()  # all its servers are on one machine

    def begin(self) -> Head:
        self._require_file()
        with self._naming_problems():
            return self._head()

    def _head(self) -> Head:
        row = self._connection.execute(
            "SELECT epoch, sequence, recorded, clearings FROM head"
        ).fetchone()
        return Head(*row)

    def load(self, since: Head | None) -> Loaded:
        with self._naming_problems(), self._reading():
            head = self._head()
            swept, changes = self._connection.execute("SELECT swept, changes FROM head").fetchone()
            is_whole = since is None or since.epoch != head.epoch or since.sequence < swept
            if is_whole or since is None:
                found = "SELECT area, key, value FROM records ORDER BY place"
                rows = self._connection.execute(found).fetchall()
            else:
                found = "SELECT area, key, value FROM records WHERE sequence > ? ORDER BY sequence"
                rows = self._connection.execute(found, (since.sequence,)).fetchall()
            return Loaded(head=head, rows=rows, is_whole=is_whole, changes=json.loads(changes))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Inside, everything that is read is of one moment."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def reserve(self) -> None:
        self._require_file()
        with self._naming_problems():
            self._connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _require_reservation(self) -> None:
        """Without a reservation each statement would be a commit of its own. An error, also one
        that the domain handled, ended it."""
        if not self._connection.in_transaction:
            raise StoreAway(f"{self.path}: an error before ended this change")

    def commit(self, changes: Iterable[Change]) -> int:
        with self._naming_problems():
            self._require_reservation()
            execute = self._connection.execute
            sequence, swept = execute("SELECT sequence, swept FROM head").fetchone()
            for sequence, each in enumerate(changes, sequence + 1):  # noqa: B020  # it goes on
                execute(
                    "INSERT INTO records (area, key, value, stays, sequence) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (area, key) DO UPDATE SET value = excluded.value,"
                    " stays = excluded.stays, sequence = excluded.sequence",
                    (each.name, each.key, each.text, each.stays, sequence),
                )
            if sequence > swept + 2 * REMOVALS_KEPT:
                swept = sequence - REMOVALS_KEPT
                execute(
                    "DELETE FROM records WHERE value IS NULL AND NOT stays AND sequence <= ?",
                    (swept,),
                )
            execute("UPDATE head SET sequence = ?, swept = ?", (sequence, swept))
            execute("COMMIT")
            return int(sequence)

    def begin_epoch(self, changes: Mapping[str, Any]) -> int:
        with self._naming_problems():
            self._require_reservation()
            execute = self._connection.execute
            execute("DELETE FROM records WHERE substr(area, 1, ?) <> ?", (len(LASTING), LASTING))
            execute("DELETE FROM journal")
            execute(
                "UPDATE head SET epoch = epoch + 1, recorded = 0, journal_size = 0, changes = ?",
                (json.dumps(dict(changes)),),
            )
            return int(execute("SELECT epoch FROM head").fetchone()[0])

    # The journal

    def add_entries(self, entries: Sequence[tuple[int, str]]) -> None:
        """Adds journal entries, each with its epoch; drops those from before a reset."""
        self.reserve()
        with self._naming_problems():
            execute = self._connection.execute
            for epoch, text in entries:
                row = execute(
                    "UPDATE head SET recorded = recorded + 1, journal_size = journal_size + ?"
                    " WHERE epoch = ? RETURNING recorded, journal_size",
                    (len(text), epoch),
                ).fetchone()
                if row is not None:
                    recorded, size = row
                    execute("INSERT INTO journal VALUES (?, ?, ?)", (recorded, len(text), text))
                    if recorded % DROPPED_TOGETHER == 0 or size > JOURNAL_LIMIT:
                        self._drop_entries(recorded, size)
            execute("COMMIT")

    def _drop_entries(self, recorded: int, size: int) -> None:
        """Removes the oldest entries, until the others are within the limits of number and size."""
        execute = self._connection.execute
        removed = "DELETE FROM journal WHERE number <= ? RETURNING size"
        gone = execute(removed, (recorded - self._journal_size,)).fetchall()
        size -= sum(each for (each,) in gone)
        while size > JOURNAL_LIMIT:
            (oldest,) = execute("SELECT min(number) FROM journal").fetchone()
            size -= sum(each for (each,) in execute(removed, (oldest,)).fetchall())
        execute("UPDATE head SET journal_size = ?", (size,))

    def entries_after(self, number: int, most: int) -> Sequence[tuple[int, str]]:
        """The newest journal entries after a number, at most so many, the oldest first."""
        with self._naming_problems():
            found = self._connection.execute(
                "SELECT number, value FROM journal WHERE number > ? ORDER BY number DESC LIMIT ?",
                (number, most),
            ).fetchall()
            return found[::-1]

    def try_to_write(self) -> None:
        """Writes what is there already, to find out whether that is possible."""
        self.reserve()
        with self._naming_problems():
            self._connection.execute("UPDATE head SET recorded = recorded")
            self._connection.execute("COMMIT")

    def clear_journal(self) -> None:
        """Removes all entries, in a reservation. The next one has number 1."""
        with self._naming_problems():
            self._require_reservation()
            self._connection.execute("DELETE FROM journal")
            self._connection.execute(
                "UPDATE head SET recorded = 0, journal_size = 0, clearings = clearings + 1"
            )

    def look(self) -> int:
        """A number that differs from the one before if another process changed the file since."""
        with self._naming_problems():
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    # Facts

    def facts(self) -> dict[str, str]:
        """What is kept beside the records: the version, the configuration, files of the CA."""
        with self._naming_problems():
            return dict(self._connection.execute("SELECT name, value FROM facts").fetchall())

    def keep(self, facts: Mapping[str, str]) -> None:
        """Writes facts. It needs a reservation, and ends it."""
        with self._naming_problems():
            self._require_reservation()
            self._connection.executemany(
                "INSERT INTO facts VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                list(facts.items()),
            )
            self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _naming_problems(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self.release()
            if _code(error) in _BUSY:
                raise StoreBusy from None
            raise StoreAway(f"{self.path}: {error}") from None


def has_tables(connection: sqlite3.Connection) -> bool:
    """False if the file is empty."""
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def _epoch_of(connection: sqlite3.Connection) -> int:
    """The number of a state's epoch; 0 if its format is another one without such a number."""
    try:
        return int(connection.execute("SELECT epoch FROM head").fetchone()[0])
    except (sqlite3.OperationalError, TypeError, ValueError):
        return 0


def drop_tables(connection: sqlite3.Connection) -> None:
    """Removes a state of whatever format, in a transaction of the caller."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (name,) in tables:
        connection.execute(f'DROP TABLE "{name}"')


def make_tables(connection: sqlite3.Connection, *, epoch: int = 1) -> None:
    """Makes an empty state, in a transaction of the caller."""
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("UPDATE head SET epoch = ?", (epoch,))


def require_ours(
    connection: sqlite3.Connection, path: Path, *, in_any_format: bool = False
) -> None:
    """Raises :class:`ConfigurationError` unless the file is a state in this module's format."""
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    if owner != APPLICATION_ID:
        raise ConfigurationError(
            "an SQLite file of another program; name a file of mock-sei, or a new one",
            source=path,
        )
    made_with = connection.execute("PRAGMA user_version").fetchone()[0]
    if made_with != FORMAT and not in_any_format:
        raise ConfigurationError(
            f"its format is number {made_with}, and this version of mock-sei writes {FORMAT}; "
            "name a new file, or start with --replace-state",
            source=path,
        )


def _code(error: sqlite3.Error) -> int:
    """The primary result code of SQLite."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _make_file(path: Path) -> tuple[tuple[int, int], bool]:
    """Device and number of a file, and whether it was made now, which only its owner can read.

    A file that is there is not opened: to close it would end the locks of this process on it.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        is_made = True
    except FileExistsError:
        is_made = False
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None
    found = path.stat()
    return (found.st_dev, found.st_ino), is_made


_PROBLEMS: Mapping[int, str] = {
    sqlite3.SQLITE_NOTADB: "no SQLite file; name a file of mock-sei, or a new one",
    sqlite3.SQLITE_BUSY: "locked by another process; end that process, or name another file",
    sqlite3.SQLITE_CORRUPT: "damaged; put a copy back, or name a new file",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written; name a file that this user may write",
}


@contextmanager
def complaining(path: Path) -> Iterator[None]:
    """Turns what prevents the opening of a file into :class:`ConfigurationError`."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"cannot be opened: {error.strerror or error}", source=path
        ) from None
    except sqlite3.Error as error:
        problem = _PROBLEMS.get(_code(error), f"cannot be used: {error}")
        raise ConfigurationError(problem, source=path) from None
