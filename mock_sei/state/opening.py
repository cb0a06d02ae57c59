"""Opens the state that ``--state`` names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.state.configuration import CONFIGURATION, facts_of, require_equal
from mock_sei.state.memory import MemoryUnits
from mock_sei.state.store import StoreBusy
from mock_sei.state.unit_of_work import SharedUnits, reserve_patiently
from mock_sei.state.units import Units
from mock_sei.state.urls import read_state_url

if TYPE_CHECKING:
    from mock_sei.state.sqlite import SqliteStore

OPTION = "--state"


def open_state(url: str, *, journal_size: int, replace: bool = False) -> SqliteStore | None:
    """The store that a URL names; None for the state in memory.

    ``replace`` is True if :func:`units_of` will empty it. Raises :class:`ConfigurationError`.
    """
    path = path_of(url)
    if path is None:
        return None
    from mock_sei.state.sqlite import SqliteStore  # a server of a fixture never needs SQLite

    return SqliteStore(path, journal_size=journal_size, replace=replace)


def path_of(url: str) -> Path | None:
    """The path of ``sqlite:PATH``, None for ``memory``. Raises :class:`ConfigurationError`."""
    return read_state_url(url, source=OPTION).path


def require_configuration(store: SqliteStore, configuration: Mapping[str, str]) -> None:
    """Raises :class:`ConfigurationError`, naming what differs, unless a store has this
    configuration or is new."""
    with _complaining():
        facts = store.facts()
    if CONFIGURATION in facts:
        require_equal(facts, configuration, source=store.path)


def units_of(
    store: SqliteStore | None, configuration: Mapping[str, str], *, replace: bool = False
) -> Units:
    """The units of work on a store, which must have this configuration, or be new.

    ``replace`` empties the store first. Raises :class:`ConfigurationError` naming what differs.
    """
    if store is None:
        return MemoryUnits()
    with _complaining():
        reserve_patiently(store)
        try:
            if replace:
                store.empty()
            require_configuration(store, configuration)
            store.keep(facts_of(configuration))
        except BaseException:
            store.release()
            raise
    return SharedUnits(store)


@contextmanager
def _complaining() -> Iterator[None]:
    """Turns what prevents the use of a store at a start into :class:`ConfigurationError`."""
    try:
        yield
    except (StoreBusy, StoreAway) as error:
        raise ConfigurationError(str(error), source=OPTION) from None
