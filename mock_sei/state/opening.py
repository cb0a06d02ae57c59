"""Opens the state that ``--state`` names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.state.configuration import CONFIGURATION, facts_of, require_equal
from mock_sei.state.memory import MemoryUnits
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits, StoreBusy, Units

OPTION = "--state"


def open_state(path: Path | None, *, journal_size: int) -> SqliteStore | None:
    """The store at a path; None for the state in memory. Raises :class:`ConfigurationError`."""
    return None if path is None else SqliteStore(path, journal_size=journal_size)


def units_of(
    store: SqliteStore | None, configuration: Mapping[str, str], *, replace: bool
) -> Units:
    """The units of work on a store, which must have this configuration, or be new.

    Raises :class:`ConfigurationError` naming what differs.
    """
    if store is None:
        return MemoryUnits()
    try:
        store.reserve()
        try:
            facts = store.facts()
            if replace:
                store.begin_epoch({})
            elif CONFIGURATION in facts:
                require_equal(facts, configuration, source=store.path)
            store.keep(facts_of(configuration))
        except BaseException:
            store.release()
            raise
    except StoreBusy:
        raise ConfigurationError(
            "locked by another process; end that process, or name another file", source=store.path
        ) from None
    except StoreAway as error:
        raise ConfigurationError(str(error), source=OPTION) from None
    return SharedUnits(store)
