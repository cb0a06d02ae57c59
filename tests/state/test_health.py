"""A server says how it is while its store hangs: nothing waits for the store on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import StoreAway
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from mock_sei.state.remote import RemoteUnits
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits
from mock_sei.web.control.listener import ControlListener
from tests.patience import PATIENCE
from tests.support import one_control_app

CALLS = 20


class HangingStore:
    """A store whose calls do not return while it hangs, and which knows who called it."""

    is_remote = True

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._free = threading.Event()
        self._free.set()
        self.entered = threading.Event()
        self.callers: set[threading.Thread] = set()

    def hang(self) -> None:
        self.callers.clear()
        self.entered.clear()
        self._free.clear()

    def go_on(self) -> None:
        self._free.set()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def waiting(*values: Any, **named: Any) -> Any:
            self.callers.add(threading.current_thread())
            self.entered.set()
            assert self._free.wait(PATIENCE)
            return found(*values, **named)

        return waiting


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HangingStore]:
    store = HangingStore(SqliteStore(tmp_path / "platform.db"))
    yield store
    store.go_on()


def platform_on(units: SharedUnits, certificates: CertificateStore) -> Platform:
    return Platform(
        fixtures=load_fixtures(), store=certificates, behaviour=Behaviour(), units=units
    )


async def answers(platform: Platform, path: str) -> list[int]:
    """The statuses of calls, one after the other. None of them may wait."""
    listener = ControlListener(one_control_app(), platform)
    transport = httpx2.ASGITransport(listener)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return [(await client.get(path)).status_code for _ in range(CALLS)]


@pytest.mark.slow
def test_no_call_about_health_waits_for_a_store_that_hangs(
    store: HangingStore, shared_store: CertificateStore
) -> None:
    units = RemoteUnits(store)
    platform = platform_on(units, shared_store)
    store.hang()

    async def while_it_hangs() -> None:
        for path in ("/health/live", "/health/ready", "/health"):
            assert set(await answers(platform, path)) == {200}
        refresh = asyncio.ensure_future(units.refresh_on_loop())  # as each other request does
        assert await asyncio.to_thread(store.entered.wait, PATIENCE)
        for path in ("/health/live", "/health/ready", "/health"):
            assert set(await answers(platform, path)) == {200}
        assert not refresh.done(), "the store did not hang"
        store.go_on()
        await refresh

    asyncio.run(while_it_hangs())
    on_loop = threading.current_thread() in store.callers
    units.close()

    assert not on_loop


@pytest.mark.long
def test_liveness_and_readiness_never_ask_a_file_either(
    store: HangingStore, shared_store: CertificateStore
) -> None:
    platform = platform_on(SharedUnits(store), shared_store)
    store.callers.clear()

    for path in ("/health/live", "/health/ready"):
        assert set(asyncio.run(answers(platform, path))) == {200}
    asked = bool(store.callers)
    asyncio.run(answers(platform, "/health"))  # which does, and shows that it would be seen
    seen = bool(store.callers)
    platform.units.close()

    assert (asked, seen) == (False, True)


def test_work_after_the_end_of_a_server_is_refused_as_work_without_a_store(
    store: HangingStore, shared_store: CertificateStore
) -> None:
    units = RemoteUnits(store)
    platform_on(units, shared_store)
    units.close()

    with pytest.raises(StoreAway, match="ending"):
        asyncio.run(units.refresh_on_loop())
    with pytest.raises(StoreAway, match="ending"):
        asyncio.run(units.run_on_loop(lambda: None))
    units.look_after()
