"""What units of work need of a store that several servers share."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from mock_sei.rules.stored import Row


def is_on_event_loop() -> bool:
    """Whether this thread runs an event loop now."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class StoreBusy(Exception):
    """Another server or process has reserved the store."""

    def __init__(self) -> None:
        super().__init__("another process uses the store")


class Head(NamedTuple):
    """How far a store has come."""

    epoch: int
    """Raised by each reset."""
    sequence: int
    """The number of the last change of a record."""
    recorded: int
    """The number of the newest journal entry, 0 without one."""
    clearings: int
    """How often the journal was cleared."""


class Change(NamedTuple):
    """One change, as a store keeps it."""

    name: str
    key: str
    text: str | None
    """The record; None if it was removed."""
    stays: bool
    """True if a removal must be remembered: the record may come from the seed."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What was read from a store at one moment."""

    head: Head
    rows: Sequence[Row]
    is_whole: bool
    """True if these are all records: a reset came since, or so much that it was not kept apart."""
    changes: Mapping[str, Any]
    """What the last reset changed in the behaviour."""


class Store(Protocol):
    """What units of work need of a store. All methods raise :class:`StoreAway`."""

    def timestamp(self) -> float:
        """The time by which all servers of this store go, in seconds since the epoch. It does not
        wait, and raises nothing."""

    def begin(self) -> Head:
        """How far the store has come."""

    def load(self, since: Head | None) -> Loaded:
        """What changed since then, or everything."""

    def reserve(self) -> None:
        """From now on only this server changes the store. Raises :class:`StoreBusy`."""

    def release(self) -> None:
        """Ends a reservation without a change."""

    def commit(self, changes: Iterable[Change]) -> int:
        """Writes changes, ends the reservation, and returns the last sequence number."""

    def begin_epoch(self, changes: Mapping[str, Any]) -> int:
        """Empties the state, and returns the number of the new epoch. It needs a reservation."""

    def add_entries(self, entries: Sequence[tuple[int, str]]) -> None:
        """Adds journal entries, each with its epoch; drops those from before a reset."""

    def entries_after(self, number: int, most: int) -> Sequence[tuple[int, str]]:
        """The newest journal entries after a number, at most so many, the oldest first."""

    def try_to_write(self) -> None:
        """Writes what is there already, to find out whether that is possible."""

    def clear_journal(self) -> None:
        """Removes all journal entries, in a reservation. The next one has number 1."""

    def look(self) -> int:
        """A number that differs from the one before if another process changed the store since.
        It costs little."""

    def close(self) -> None: ...


class StateStore(Store, Protocol):
    """What a server needs of the store that ``--state`` names."""

    is_remote: bool
    """True if each call waits for a network."""

    @property
    def name(self) -> object:
        """What messages call it, without a secret."""

    def facts(self) -> dict[str, str]:
        """What is kept beside the records: the version, the configuration, files of the CA."""

    def keep(self, facts: Mapping[str, str]) -> None:
        """Writes facts. It needs a reservation, and ends it."""

    def empty(self) -> None:
        """Removes everything, in a reservation."""

    def abandon(self) -> None:
        """Lets go after a start that failed, and removes what this start made, if no other server
        keeps something in it."""
