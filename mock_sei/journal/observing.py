"""Who counts what a server does. The platform and its listeners know no more of metrics."""

from __future__ import annotations

from typing import Protocol

from mock_sei.journal.entries import Entry
from mock_sei.rules.standards import Listener


class Observer(Protocol):
    """Is told of everything once, on any thread. It must cost little, and raises nothing."""

    def exchange(self, entry: Entry, *, endpoint: str | None, code: str | None) -> None:
        """A request of a platform listener has ended. ``endpoint`` is the path template of a
        functional operation, ``code`` the public code of the refusal."""

    def control_call(self, *, method: str, endpoint: str, status: int, seconds: float) -> None:
        """A call of the control API was answered. ``endpoint`` is its path template."""

    def handshake_refused(self, entry: Entry) -> None:
        """A handshake failed, or a connection ended because of its certificate."""

    def handshake_accepted(self, listener: Listener) -> None:
        """A handshake has ended well."""

    def connections(self, listener: Listener, change: int) -> None:
        """A connection was opened (1) or closed (-1)."""

    def round_trip(self, seconds: float) -> None:
        """The store has answered, or failed to."""

    def retried(self) -> None:
        """Work on the store is done once more: another server was faster, or has reserved it."""

    def store_is_up(self, *, up: bool) -> None:
        """Whether the store could be used at the last look."""

    def expose(self, accepted: str) -> tuple[bytes, str]:
        """All metrics and their media type, for an ``Accept`` header."""
