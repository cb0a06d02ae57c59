"""A live page of one server shows what another server on the same store does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mock_sei.operations.clock import SetClock
from mock_sei.operations.faults import AddFault
from mock_sei.operations.journal import ClearJournal
from mock_sei.platform import Platform
from tests.e2e.serving import wait_for
from tests.journal.entries import exchange
from tests.state.conftest import Servers, perform
from tests.web.portal.streams import reading

pytestmark = pytest.mark.long

Work = Callable[[], Coroutine[Any, Any, None]]


def run(work: Work) -> None:
    asyncio.run(work())


def looks(platform: Platform) -> bool:
    """Whether a thread looks for what other servers do."""
    return platform.journal.looks


def test_a_call_of_another_server_comes_to_an_open_journal(servers: Servers) -> None:
    async def work() -> None:
        async with reading(servers.one, "page=journal") as reader:
            await reader.event()
            await asyncio.to_thread(servers.other.record, exchange(path="/v1/elsewhere"))
            await reader.event_with("/v1/elsewhere")
            await asyncio.to_thread(servers.one.record, exchange(path="/v1/here"))
            text = await reader.event_with("/v1/here")
            assert "/v1/elsewhere" not in text.partition('data-part="entries"')[2]
            for server in servers.both:
                await asyncio.to_thread(perform, server, ClearJournal())
                await reader.event_with("There was no request")
                await asyncio.to_thread(servers.other.record, exchange(path="/v1/again"))
                await reader.event_with("/v1/again")

    run(work)


def test_a_change_of_another_server_comes_to_an_open_dashboard(servers: Servers) -> None:
    async def work() -> None:
        async with reading(servers.one, "page=dashboard") as reader:
            await reader.event()
            await asyncio.to_thread(perform, servers.other, SetClock(frozen=True))
            await reader.event_with("Frozen")
            fault = AddFault(fields={"status": 503})
            await asyncio.to_thread(perform, servers.other, fault)
            await reader.event_with("1 armed")
            await asyncio.to_thread(perform, servers.one, SetClock(frozen=False))
            await reader.event_with("Moved")

    run(work)


def test_a_reset_of_another_server_ends_the_stream(servers: Servers) -> None:
    async def work() -> None:
        async with reading(servers.one, "page=dashboard") as reader:
            await reader.event()
            await asyncio.to_thread(servers.other.reset)
            await reader.event_with("reset")
            await reader.is_over()

    run(work)


def test_a_server_looks_at_the_store_only_while_a_page_is_live(servers: Servers) -> None:
    async def work() -> None:
        async with reading(servers.one, "page=journal") as reader:
            await reader.event()
            assert looks(servers.one)

    assert not looks(servers.one)
    run(work)
    wait_for(lambda: not looks(servers.one))
