"""Units of work on one store: what one server did, another one has before its next work."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import StoreAway
from mock_sei.fixtures import load_fixtures
from mock_sei.operations.clock import AdvanceClock
from mock_sei.platform import Platform
from mock_sei.rules.stored import Stored, Table
from mock_sei.settings import Behaviour
from mock_sei.state import sqlite
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.store import Head, StoreBusy
from mock_sei.state.unit_of_work import Restart, SharedUnits
from tests.journal.entries import exchange
from tests.state.conftest import Servers, do, perform


def test_a_number_is_given_once_by_all_servers(servers: Servers) -> None:
    given = [
        do(each, lambda each=each: each.state.stored.next_number("x"))  # type: ignore[misc]
        for each in (servers.one, servers.other, servers.one, servers.start())
    ]

    assert given == [1, 2, 3, 4]


def test_a_secret_of_the_state_is_made_by_its_first_server(servers: Servers) -> None:
    secret = do(servers.one, lambda: servers.one.state.stored.secret("s", lambda: b"one"))

    assert secret == b"one"
    assert (
        do(servers.other, lambda: servers.other.state.stored.secret("s", lambda: b"other"))
        == b"one"
    )


def test_a_reset_of_one_server_begins_the_state_of_the_other_anew(servers: Servers) -> None:
    do(servers.one, lambda: servers.one.state.stored.next_number("x"))
    servers.other.reset({"dialect": "rfc"})

    servers.one.units.refresh()

    assert servers.one.state.behaviour.dialect == "rfc"
    assert do(servers.one, lambda: servers.one.state.stored.next_number("x")) == 1


def test_a_change_outside_of_a_unit_of_work_is_a_mistake_of_ours(servers: Servers) -> None:
    with pytest.raises(RuntimeError, match="outside of a unit"):
        servers.one.state.stored.next_number("x")


def test_work_that_meets_a_change_of_another_server_runs_again(servers: Servers) -> None:
    seen: list[int] = []

    def work() -> None:
        seen.append(len(servers.one.state.stored.numbers))
        if len(seen) == 1:
            do(servers.other, lambda: servers.other.state.stored.next_number("x"))
        servers.one.state.stored.next_number("y")

    do(servers.one, work)

    assert seen == [0, 1]
    assert dict(servers.one.state.stored.numbers.items()) == {"x": 1, "y": 1}


@pytest.mark.long
def test_a_hundred_threads_on_two_servers_count_without_a_gap(servers: Servers) -> None:
    given: list[int] = []

    def count(index: int) -> None:
        platform = (servers.one, servers.other)[index % 2]
        given.append(do(platform, lambda: platform.state.stored.next_number("x")))

    threads = [threading.Thread(target=count, args=(index,)) for index in range(100)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(given) == list(range(1, 101))


def test_a_failed_commit_leaves_nothing_in_the_tables(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = servers.one
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "commit", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            do(one, lambda: one.state.stored.next_number("x"))

    assert do(one, lambda: one.state.stored.next_number("x")) == 1


def test_a_refusal_keeps_what_was_changed_before_it(servers: Servers) -> None:
    def refused() -> None:
        servers.one.state.stored.next_number("x")
        raise LookupError

    with pytest.raises(LookupError):
        do(servers.one, refused)

    servers.other.units.refresh()
    assert servers.other.state.stored.numbers["x"] == 1


def test_the_store_s_rows_reach_a_table_that_is_made_later(servers: Servers) -> None:
    first: Table[int] = Table(servers.one.state.stored, "later")
    do(servers.one, lambda: first.__setitem__("a", 1))
    servers.other.units.refresh()

    assert Table(servers.other.state.stored, "later").get("a") == 1


def test_work_on_a_state_that_was_reset_changes_nothing(servers: Servers) -> None:
    past = servers.one.state.stored

    def work() -> None:
        past.next_number("x")

    servers.one.reset()
    do(servers.one, work)

    assert "x" not in servers.start().state.stored.numbers


def test_a_table_can_tell_its_own_change_from_one_of_another_server(servers: Servers) -> None:
    seen: list[bool] = []
    tables: list[Table[int]] = [
        Table(stored, "x", changed=lambda *_, stored=stored: seen.append(stored.is_applying))
        for stored in (servers.one.state.stored, servers.other.state.stored)
    ]
    do(servers.one, lambda: tables[0].__setitem__("a", 1))
    servers.other.units.refresh()

    assert seen == [False, True]
    do(servers.other, lambda: tables[1].__setitem__("b", 1))
    assert seen == [False, True, False]


def test_the_store_s_rows_come_over_the_seeds_of_a_table() -> None:
    rows = [("x", "changed", "2"), ("x", "removed", None), ("x", "added", "3")]
    seeds = {"changed": 1, "removed": 1, "kept": 1}

    table: Table[int] = Table(Stored(rows), "x", seeds=seeds)

    assert dict(table.items()) == {"changed": 2, "kept": 1, "added": 3}
    assert table.is_seeded


def test_a_state_of_one_server_lists_no_changes() -> None:
    stored = Stored()

    stored.next_number("x")

    assert stored.begun == {}


def test_restart_is_no_error_that_the_domain_may_handle() -> None:
    assert not issubclass(Restart, Exception)


def test_a_call_goes_on_while_its_server_loads_the_state_anew(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = servers.one
    call = one.pinned()
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "commit", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            do(one, lambda: one.state.stored.next_number("x"))
    one.units.refresh()
    assert call.state is not one.state

    call.record(exchange(path="/under-way"))
    perform(call.reloaded(), AdvanceClock(minutes=5))

    assert [each.called for each in servers.other.journal.entries] == ["GET /under-way"]
    servers.other.units.refresh()
    assert not servers.other.clock.is_machine


def test_a_call_that_a_reset_overtook_records_nothing(servers: Servers) -> None:
    call = servers.one.pinned()
    servers.other.reset()
    servers.one.units.refresh()

    call.record(exchange(path="/late"))

    assert servers.other.journal.entries == []
    assert call.reloaded() is call


def fails_at_commit(patch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise StoreAway("the disk is full")

    patch.setattr(SqliteStore, "commit", fail)


def test_after_a_reset_that_failed_nobody_s_work_is_lost(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that began before is answered with success only if its change is kept."""
    request = servers.one.pinned()
    with monkeypatch.context() as patch:
        fails_at_commit(patch)
        with pytest.raises(StoreAway):
            servers.one.reset()

    with pytest.raises(StoreAway):
        do(servers.one, lambda: request.state.stored.next_number("x"))

    do(servers.one, lambda: request.reloaded().state.stored.next_number("x"))
    assert servers.start().state.stored.numbers["x"] == 1


def test_after_a_reset_that_failed_no_random_value_comes_again(
    tmp_path: Path, shared_store: CertificateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = SharedUnits(SqliteStore(tmp_path / "platform.db"))
    platform = Platform(
        fixtures=load_fixtures(), store=shared_store, behaviour=Behaviour(seed=1), units=units
    )
    given = {platform.new_tracking_id()}
    with monkeypatch.context() as patch:
        fails_at_commit(patch)
        for _ in range(2):
            with pytest.raises(StoreAway):
                platform.reset()
    for _ in range(2):
        units.refresh()
        given.add(platform.new_tracking_id())
    units.close()

    assert len(given) == 3


def test_a_unit_whose_store_failed_on_the_way_writes_nothing(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The domain may go on after the error, but the reservation of its change is gone."""
    stored = servers.one.state.stored

    def work() -> None:
        stored.next_number("x")
        with suppress(StoreAway), monkeypatch.context() as patch:
            patch.setattr(sqlite, "LASTING", [])  # SQLite takes no list
            servers.one.units.begin_epoch({})
        stored.next_number("y")

    with pytest.raises(StoreAway, match="an error before"):
        do(servers.one, work)

    servers.other.units.refresh()
    assert dict(servers.other.state.stored.numbers.items()) == {}
    assert do(servers.one, lambda: servers.one.state.stored.next_number("x")) == 1


def test_work_on_a_state_that_was_reset_runs_again_before_it_changes_that(
    servers: Servers,
) -> None:
    """It may change what no reset empties afterwards: another try finds the state unchanged."""
    past, seen = servers.one.pinned(), list[object]()
    servers.one.reset()

    def work() -> None:
        seen.append(past.state.stored.numbers.get("x"))
        if len(seen) == 1:
            do(servers.other, lambda: servers.other.state.stored.next_number("y"))
        past.state.stored.next_number("x")
        servers.one.tables[1].next_number("z")

    do(servers.one, work)

    assert seen == [None, None]


def test_a_state_that_is_replaced_twice_in_a_second_begins_two_epochs(tmp_path: Path) -> None:
    """A server that uses the file meanwhile sees both."""
    path, epochs = tmp_path / "platform.db", list[int]()
    SqliteStore(path).close()
    for _ in range(3):
        store = SqliteStore(path, replace=True)
        store.reserve()
        store.empty()
        store.commit([])
        epochs.append(store.begin().epoch)
        store.close()

    assert epochs == sorted(set(epochs))


def test_a_server_waits_for_a_store_that_cannot_be_read_for_a_moment(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, seen = SqliteStore.begin, list[int]()

    def busy_at_first(store: SqliteStore) -> Head:
        seen.append(1)
        if len(seen) % 3:
            raise StoreBusy
        return begin(store)

    do(servers.other, lambda: servers.other.state.stored.next_number("x"))
    monkeypatch.setattr(SqliteStore, "begin", busy_at_first)
    servers.one.units.refresh()
    assert servers.one.state.stored.numbers["x"] == 1
    asyncio.run(servers.one.units.refresh_on_loop())

    assert len(seen) == 6
    with pytest.raises(StoreAway):
        servers.one.journal.watch(lambda _: True, 1)
