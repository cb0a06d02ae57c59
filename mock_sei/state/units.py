"""Units of work, as the platform and its edges use them, whatever keeps the state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mock_sei.rules import machine
from mock_sei.rules.stored import Row, Stored

if TYPE_CHECKING:
    from mock_sei.journal.log import EntryLog

A = TypeVar("A")

LASTING = "lasting/"
"""The names of tables that no reset empties begin with this."""


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """With what a platform state begins."""

    epoch: int = 0
    is_new: bool = False
    """True if nobody had this state before, as after a reset by this server."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """What the last reset changed in the behaviour."""
    rows: Sequence[Row] = ()
    """The records of the store."""
    lasting: Sequence[Row] | None = None
    """Those that no reset empties; None if the tables that are there stay."""


class Target(Protocol):
    """The platform whose state is kept."""

    def build(self, beginning: Beginning) -> None:
        """Makes a new state of records, and replaces the present one."""

    @property
    def tables(self) -> tuple[Stored, Stored]:
        """The tables of the present state, and those that no reset empties."""


class StoreObserver(Protocol):
    """Who counts the calls of a store."""

    def round_trip(self, seconds: float) -> None: ...
    def retried(self) -> None: ...


class Units(ABC):
    """Runs work on the state of a platform, so that it is complete or not done at all."""

    is_shared: bool
    """True if other servers may change the state."""

    @property
    def problem(self) -> str | None:
        """Why the store cannot be used now, None if it can."""
        return None

    def timestamp(self) -> float:
        """The time by which all servers of the state go, in seconds since the epoch."""
        return machine.timestamp()

    @abstractmethod
    def start(self, target: Target) -> None:
        """Builds the platform's state, and keeps it from now on."""

    @abstractmethod
    def run(self, work: Callable[[], A], *, changes: bool = False) -> A:
        """Runs work in this thread, which may wait. ``changes`` is True if it surely changes
        something.

        The work may run several times. Raises :class:`StoreAway`; then nothing was changed.
        """

    @abstractmethod
    async def run_on_loop(self, work: Callable[[], A], *, changes: bool = False) -> A:
        """As :meth:`run`, on the event loop, which never waits."""

    def do_soon(self, task: Callable[[], None]) -> None:
        """Does something that runs units of work, and raises nothing: now, or in a thread if it
        would make the event loop wait."""
        task()

    @abstractmethod
    def begin_epoch(self, changes: Mapping[str, Any]) -> None:
        """Begins the state anew, inside of a unit of work. ``changes`` are those of the
        behaviour."""

    @abstractmethod
    def refresh(self) -> None:
        """Brings what other servers changed. Raises :class:`StoreAway`."""

    @abstractmethod
    async def refresh_on_loop(self) -> None:
        """As :meth:`refresh`, on the event loop, which never waits."""

    @abstractmethod
    async def flush(self) -> None:
        """Returns when every journal entry that was recorded is in the store."""

    @abstractmethod
    def look_after(self) -> None:
        """Finds out whether the store can be used, and writes the journal entries that wait for it.
        Call it once a second. It never waits, and raises nothing."""

    def observe(self, observer: StoreObserver) -> None:  # noqa: B027  # memory does nothing
        """Tells ``observer`` of each call of the store from now on. Memory has no store."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of the store."""

    @property
    def log(self) -> EntryLog | None:
        """Where the servers on a store keep their journal; None for a journal in memory."""
        return None
