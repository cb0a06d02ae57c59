"""A store that another process has reserved for a moment, as a busy server does."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.state import sqlite, unit_of_work
from mock_sei.state.opening import units_of
from mock_sei.state.sqlite import BUSY_TIMEOUT, SqliteStore
from mock_sei.state.store import Head, StoreBusy
from mock_sei.state.unit_of_work import SharedUnits
from tests.state.conftest import Servers

LONGER = 6 * BUSY_TIMEOUT
"""Seconds, more than one statement waits on the event loop."""


@contextmanager
def reserved(path: Path, seconds: float | None = None) -> Iterator[None]:
    """The file is reserved by another connection: from now on for so long, or for the block."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(seconds or 0, lambda: other.execute("ROLLBACK"))
    if seconds is not None:
        timer.start()
    try:
        yield
    finally:
        if seconds is None:
            other.execute("ROLLBACK")
        else:
            timer.join()
        other.close()


def test_a_start_waits_for_a_store_that_is_reserved(tmp_path: Path, servers: Servers) -> None:
    path = tmp_path / "platform.db"
    for begin in (lambda: SqliteStore(path).close(), servers.start):
        with reserved(path, LONGER):
            begin()


def test_a_configuration_is_read_when_the_store_is_free_again(tmp_path: Path) -> None:
    path = tmp_path / "platform.db"
    store = SqliteStore(path)
    with reserved(path, LONGER):
        units_of(store, {"--dialect": "a"}).close()


def test_a_start_waits_no_longer_than_other_work(
    tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "platform.db"
    store = SqliteStore(path)
    monkeypatch.setattr(sqlite, "OPENING_PATIENCE", 2 * BUSY_TIMEOUT)
    monkeypatch.setattr(unit_of_work, "PATIENCE", 2 * BUSY_TIMEOUT)
    for begin in (
        lambda: SqliteStore(path),
        lambda: units_of(store, {}),
        servers.start,
    ):
        refused = pytest.raises((ConfigurationError, StoreAway), match="another process")
        with reserved(path), refused:
            begin()
    store.close()


def test_a_server_that_serves_waits_only_a_moment_for_each_statement(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "platform.db")
    milliseconds = store._connection.execute("PRAGMA busy_timeout").fetchone()[0]  # noqa: SLF001  # its setting
    store.close()

    assert milliseconds == BUSY_TIMEOUT * 1000


def test_what_others_did_is_read_when_a_locked_store_is_free_again(servers: Servers) -> None:
    """Readers of an SQLite file in WAL mode wait while another process mends it after a kill."""
    units = servers.one.units
    assert isinstance(units, SharedUnits)
    head, tries = units._store.begin, [0]  # noqa: SLF001  # stands in for a busy file

    def begin() -> Head:
        tries[0] += 1
        if tries[0] < 3:
            raise StoreBusy
        return head()

    units._store.begin = begin  # type: ignore[method-assign]  # noqa: SLF001
    units.refresh()

    assert tries == [3]
