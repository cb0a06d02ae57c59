"""Opens the state that ``--state`` names."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.state.configuration import CONFIGURATION, facts_of, require_equal
from mock_sei.state.memory import MemoryUnits
from mock_sei.state.store import StateStore, StoreBusy
from mock_sei.state.unit_of_work import SharedUnits, reserve_patiently
from mock_sei.state.units import Units
from mock_sei.state.urls import RedisAddress, StateUrl, read_state_url

OPTION = "--state"


def open_state(url: str, *, journal_size: int, replace: bool = False) -> StateStore | None:
    """The store that a URL names; None for the state in memory.

    ``replace`` is True if :func:`units_of` will empty it. Raises :class:`ConfigurationError`.
    """
    named = state_url(url)
    if named.redis is not None:
        return _open_redis(named.redis, journal_size=journal_size, replace=replace)
    if named.path is None:
        return None
    from mock_sei.state.sqlite import SqliteStore  # a server of a fixture never needs SQLite

    return SqliteStore(named.path, journal_size=journal_size, replace=replace)


def _open_redis(address: RedisAddress, *, journal_size: int, replace: bool) -> StateStore:
    require_redis()
    from mock_sei.state.redis import RedisStore  # it needs an extra

    return RedisStore(address, journal_size=journal_size, replace=replace)


def require_redis() -> None:
    """Raises :class:`ConfigurationError` without the library for Redis."""
    if importlib.util.find_spec("redis") is None:
        raise ConfigurationError(
            "a state in Redis needs the extra `redis`: run `pip install '.[redis]'` in the source "
            "folder of mock-sei",
            source=OPTION,
        )


def state_url(url: str) -> StateUrl:
    """What ``--state`` names. Raises :class:`ConfigurationError`."""
    return read_state_url(url, source=OPTION)


def require_configuration(store: StateStore, configuration: Mapping[str, str]) -> None:
    """Raises :class:`ConfigurationError`, naming what differs, unless a store has this
    configuration or is new."""
    with _complaining():
        facts = store.facts()
    if CONFIGURATION in facts:
        require_equal(facts, configuration, source=store.name)


def units_of(
    store: StateStore | None, configuration: Mapping[str, str], *, replace: bool = False
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
    if store.is_remote:
        from mock_sei.state.remote import RemoteUnits  # other stores never need its thread

        return RemoteUnits(store)
    return SharedUnits(store)


@contextmanager
def _complaining() -> Iterator[None]:
    """Turns what prevents the use of a store at a start into :class:`ConfigurationError`."""
    try:
        yield
    except (StoreBusy, StoreAway) as error:
        raise ConfigurationError(str(error), source=OPTION) from None
