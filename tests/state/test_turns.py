"""A request asks the store once how far it has come, and each request asks anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from mock_sei.state.sqlite import SqliteStore
from tests.state.conftest import Servers, do


@contextmanager
def counted_looks() -> Iterator[list[None]]:
    looks: list[None] = []
    begin = SqliteStore.begin

    def counting(store: SqliteStore) -> object:
        looks.append(None)
        return begin(store)

    with patch.object(SqliteStore, "begin", counting):
        yield looks


def test_the_units_of_a_request_that_never_waits_ask_the_store_once(servers: Servers) -> None:
    one = servers.one

    async def request() -> int:
        await one.units.refresh_on_loop()
        await one.units.run_on_loop(lambda: None)
        return await one.units.run_on_loop(lambda: len(one.state.stored.numbers))

    with counted_looks() as looks:
        asyncio.run(request())
    assert len(looks) == 1


async def in_a_later_turn() -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize("between", [in_a_later_turn, None], ids=["a turn later", "a new request"])
def test_what_another_server_did_since_is_seen(
    servers: Servers, between: Callable[[], Awaitable[None]] | None
) -> None:
    one, other = servers.both

    async def request() -> int | None:
        await one.units.refresh_on_loop()
        do(other, lambda: other.state.stored.next_number("x"))
        await (between() if between else one.units.refresh_on_loop())
        return await one.units.run_on_loop(lambda: one.state.stored.numbers.get("x"))

    assert asyncio.run(request()) == 1


def test_a_thread_asks_the_store_while_the_loop_s_turn_lasts(servers: Servers) -> None:
    one, other = servers.both

    async def request() -> int | None:
        await one.units.refresh_on_loop()
        do(other, lambda: other.state.stored.next_number("x"))
        return do(one, lambda: one.state.stored.numbers.get("x"))

    assert asyncio.run(request()) == 1


def test_work_that_changes_something_begins_with_the_newest_state(servers: Servers) -> None:
    one, other = servers.both

    async def request() -> int:
        await one.units.refresh_on_loop()
        do(other, lambda: other.state.stored.next_number("x"))
        return await one.units.run_on_loop(lambda: one.state.stored.next_number("x"))

    assert asyncio.run(request()) == 2


def test_after_a_failed_commit_the_next_work_of_the_turn_has_the_state_of_the_store(
    servers: Servers,
) -> None:
    one = servers.one

    async def request() -> int | None:
        await one.units.refresh_on_loop()
        with (
            patch.object(SqliteStore, "commit", side_effect=ZeroDivisionError),
            pytest.raises(ZeroDivisionError),
        ):
            await one.units.run_on_loop(lambda: one.state.stored.next_number("x"))
        return await one.units.run_on_loop(lambda: one.state.stored.numbers.get("x"))

    assert asyncio.run(request()) is None
