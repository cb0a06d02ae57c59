"""The suite on a state that two servers share: ``MOCK_SEI_TESTS_STATE=sqlite pytest tests/web``.

Each request of a test goes to the other one of two platforms on one store. A test that changes its
platform directly, outside of a unit of work, makes the change as its server does. While a platform
answers a request, such a change is the mistake that it is at a real server.

With ``MOCK_SEI_TESTS_STATE=restarts`` all work that changes something runs twice, as if another
server had changed the state meanwhile: whatever the domain changes before it notes it shows twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from fnmatch import fnmatchcase
from itertools import cycle
from pathlib import Path
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_sei.platform import Platform
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import Restart, SharedUnits, _Unit
from mock_sei.state.units import Units

_MODE = os.environ.get("MOCK_SEI_TESTS_STATE")
RESTARTS = _MODE == "restarts"
"""Whether all work that changes something runs twice."""
WANTED = RESTARTS or _MODE == "sqlite"
"""Whether this run tests two servers."""

FOR_ONE_SERVER = {
    "tests/web/test_scripts.py::*function*": "a shared state refuses functions as answers",
    "tests/apis/products/test_workdesk.py::*attachment*": "contents are each server's own",
    "tests/apis/products/test_content_management.py::*content*": "contents are each server's own",
    "tests/test_own_data.py::*files_are_freed*": "contents are each server's own",
    "tests/test_own_data.py::*admitted_call*": "the body of the call changes the platform",
    "tests/test_reset.py::TestAnExchange::*of_before*": "the body of the call changes the platform",
    "tests/web/test_heads.py::*own_head*": "the test changes the documents of one platform",
    "tests/web/test_methods.py::*any_method*": "the test changes the documents of one platform",
    "tests/web/portal/test_catalogue.py::*script*": "it changes the documents of one platform",
    "tests/web/test_journal_page.py::*nowhere_ends*": "entries of a log have no hidden text left",
    "tests/web/test_matching.py::*read_ahead*whole*": "entries of a log have no whole bodies",
    "tests/journal/test_search.py::*before_a_reset*wait*": "the journal of another server's unit",
    "tests/portal/test_portal.py::*notice*": "it needs accounts without certificates in files",
    "tests/portal/test_portal.py::*own_certificates*": "it needs accounts without certificates",
    "tests/portal/test_portal.py::*jumps_over_all*": "it needs accounts without certificates",
    "tests/oauth/test_tokens.py::*ends_to_the_second*": "it registers what is no record",
    "tests/test_gateway.py::*without_the_grant*": "it registers what is no record",
    "tests/oauth/grants/test_mistaken_values.py::*another_app*": "it registers what is no record",
}
"""Tests that two servers cannot pass, and why: by patterns of their identifiers."""

_OTHERS: WeakKeyDictionary[Platform, Platform] = WeakKeyDictionary()
_IS_ANSWERING: ContextVar[bool] = ContextVar("is_answering", default=False)
"""True for what a platform does to answer a request, also in threads."""


class LooseUnits(SharedUnits):
    """Units of work that take a change outside of them for a unit of its own."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self._loose: dict[tuple[str, str], None] = {}

    def _note(self, name: str, key: str) -> None:
        if self._current.unit is None and not _IS_ANSWERING.get():
            self._loose[name, key] = None
        else:
            super()._note(name, key)

    def _hold(self, unit: _Unit) -> None:
        if RESTARTS:
            raise Restart  # the second try has the store from its beginning
        super()._hold(unit)

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


def skip_reason(test: str) -> str | None:
    """Why this run leaves a test out; None if it does not."""
    if not WANTED:
        return None
    found = (why for pattern, why in FOR_ONE_SERVER.items() if fnmatchcase(test, pattern))
    return next(found, None)


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
        was_answering = _IS_ANSWERING.set(True)
        try:
            await next(self._apps)(scope, receive, send)
        finally:
            _IS_ANSWERING.reset(was_answering)
            for each in self._platforms:
                each.units.refresh()
