"""A store whose calls are timed, for the metrics of its server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from mock_sei.rules import machine
from mock_sei.state.store import Store


def timed(store: Store, tell: Callable[[float], None]) -> Store:
    """The same store. ``tell`` gets the seconds of each call that asks it something."""
    return cast("Store", _Timed(store, tell))


_TIMED = frozenset(
    {"begin", "load", "reserve", "commit", "begin_epoch", "add_entries", "entries_after"}
)


class _Timed:
    def __init__(self, store: Store, tell: Callable[[float], None]) -> None:
        self._store, self._tell = store, tell

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in _TIMED:
            return found
        made = self.__dict__[name] = self._made(found)
        return made

    def _made(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def calling(*values: Any) -> Any:
            began = machine.monotonic()
            try:
                return call(*values)
            finally:
                self._tell(machine.monotonic() - began)

        return calling
