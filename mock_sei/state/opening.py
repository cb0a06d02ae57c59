"""Opens the state that ``--state`` names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.state.configuration import CONFIGURATION, facts_of, require_equal
from mock_sei.state.memory import MemoryUnits
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits, Units, reserve_patiently
from mock_sei.values.texts import spelled

OPTION = "--state"


def open_state(url: str, *, journal_size: int, replace: bool = False) -> SqliteStore | None:
    """The store that a URL names; None for the state in memory.

    ``replace`` empties it. Raises :class:`ConfigurationError`.
    """
    path = path_of(url)
    return None if path is None else SqliteStore(path, journal_size=journal_size, replace=replace)


def path_of(url: str) -> Path | None:
    """The path of ``sqlite:PATH``, None for ``memory``. Raises :class:`ConfigurationError`."""
    kind, _, path = url.partition(":")
    if url == "memory":
        return None
    if kind == "sqlite" and path:
        return Path(path)
    raise ConfigurationError(
        f"{spelled(url[:100])} is no state that this version has; use memory or sqlite:PATH, such "
        "as sqlite:platform.db",
        source=OPTION,
    )


def units_of(store: SqliteStore | None, configuration: Mapping[str, str]) -> Units:
    """The units of work on a store, which must have this configuration, or be new.

    Raises :class:`ConfigurationError` naming what differs.
    """
    if store is None:
        return MemoryUnits()
    try:
        reserve_patiently(store)
        try:
            facts = store.facts()
            if CONFIGURATION in facts:
                require_equal(facts, configuration, source=store.path)
            store.keep(facts_of(configuration))
        except BaseException:
            store.release()
            raise
    except StoreAway as error:
        raise ConfigurationError(str(error), source=OPTION) from None
    return SharedUnits(store)
