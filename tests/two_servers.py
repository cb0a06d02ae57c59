"""The suite on a state that two servers share: ``MOCK_SEI_TESTS_STATE=sqlite pytest tests/web``.

Each request of a test goes to the other one of two platforms on one store. A test that changes its
platform directly, outside of a unit of work, makes the change as its server does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_sei.platform import Platform
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits, Units

WANTED = os.environ.get("MOCK_SEI_TESTS_STATE") == "sqlite"
"""Whether this run tests two servers."""

_OTHERS: WeakKeyDictionary[Platform, Platform] = WeakKeyDictionary()


class LooseUnits(SharedUnits):
    """Units of work that take a change outside of them for a unit of its own."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self._loose: dict[tuple[str, str], None] = {}

    def _note(self, name: str, key: str) -> None:
        if self._current.unit is None:
            self._loose[name, key] = None
        else:
            super()._note(name, key)

    def _catch_up(self) -> None:
        if self._loose and self._current.unit is None:
            loose, self._loose = self._loose, {}
            is_reserved = self._store._connection.in_transaction  # type: ignore[attr-defined]  # noqa: SLF001
            if is_reserved:
                self._store.release()
            self._store.reserve()
            self._write(loose)
            if is_reserved:
                self._store.reserve()
        super()._catch_up()


def two_platforms(path: Path, make: Callable[[Units], Platform]) -> Platform:
    """A platform, and another one on the same store, which gets every second request."""
    one, other = (make(LooseUnits(SqliteStore(path))) for _ in range(2))
    _OTHERS[one] = other
    return one


def servers_of(platform: Platform) -> list[Platform]:
    """A platform, and its other one if this run tests two servers."""
    return [each for each in (platform, _OTHERS.get(platform)) if each is not None]


def close(platform: Platform) -> None:
    """Closes the stores of a platform and of its other one."""
    for each in servers_of(platform):
        each.units.close()


def in_turn(platform: Platform, make: Callable[[Platform], ASGIApp]) -> ASGIApp:
    """An application that hands each request to the next platform."""
    other = _OTHERS.get(platform)
    if other is None:
        return make(platform)
    return _InTurn([platform, other], make)


class _InTurn:
    def __init__(self, platforms: Sequence[Platform], make: Callable[[Platform], ASGIApp]) -> None:
        self._platforms = platforms
        self._apps = cycle([make(each) for each in platforms])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for each in self._platforms:
            each.units.refresh()  # what the test changed directly
        try:
            await next(self._apps)(scope, receive, send)
        finally:
            for each in self._platforms:
                each.units.refresh()
