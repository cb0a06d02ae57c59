"""What every store promises to units of work. A further store is one more row of ``STORES``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from mock_sei.state import redis, sqlite
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.store import Change, Head, StateStore, StoreBusy
from tests.redis_server import RedisServer, open_redis

Open = Callable[[], StateStore]
STORES: Mapping[str, Callable[[Path, Callable[[], RedisServer]], StateStore]] = {
    "sqlite": lambda folder, _: SqliteStore(folder / "state.db", journal_size=3),
    "redis": lambda folder, server: open_redis(
        server().url(f"{folder.name}.{folder.parent.name}"[:64]), journal_size=3
    ),
}
"""Each opens a store in a folder; a Redis server is started only for the one that needs it."""


@pytest.fixture(params=STORES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same store once more, as another server does."""
    stores: list[StateStore] = []

    def one_more() -> StateStore:
        stores.append(
            STORES[request.param](tmp_path, lambda: request.getfixturevalue("redis_server"))
        )
        return stores[-1]

    yield one_more
    for each in stores:
        each.close()


@pytest.fixture
def store(opened: Open) -> StateStore:
    return opened()


@pytest.fixture
def other(opened: Open) -> StateStore:
    return opened()


def put(store: StateStore, *changes: tuple[str, str, str | None], stays: bool = False) -> int:
    store.reserve()
    return store.commit([Change(*each, stays) for each in changes])


def rows(store: StateStore, since: Head | None = None) -> list[tuple[str, str, str | None]]:
    return [(name, key, text) for name, key, text in store.load(since).rows]


def test_a_new_store_is_empty(store: StateStore) -> None:
    assert store.begin()[1:] == (0, 0, 0)
    assert rows(store) == []
    assert store.facts() == {}
    assert store.entries_after(0, 10) == []


def test_a_commit_is_there_for_others_and_after_a_new_start(
    store: StateStore, other: StateStore, opened: Open
) -> None:
    before = other.begin()
    assert put(store, ("a", "1", "x"), ("b", "1", "y")) == 2

    assert other.begin().sequence == 2
    assert rows(other, before) == rows(opened()) == [("a", "1", "x"), ("b", "1", "y")]


def test_only_what_changed_since_is_loaded_in_the_order_of_the_changes(store: StateStore) -> None:
    put(store, ("a", "1", "x"), ("a", "2", "y"), ("a", "3", "z"))
    since = store.begin()
    put(store, ("a", "3", "later"), ("a", "1", None))

    loaded = store.load(since)

    assert not loaded.is_whole
    assert [tuple(each) for each in loaded.rows] == [("a", "3", "later"), ("a", "1", None)]


def test_everything_is_loaded_in_the_order_in_which_it_was_added(store: StateStore) -> None:
    put(store, ("a", "1", "x"), ("a", "2", "y"))
    put(store, ("a", "1", "changed"))

    assert store.load(None).is_whole
    assert rows(store) == [("a", "1", "changed"), ("a", "2", "y")]


def test_one_server_at_a_time_reserves_a_store(store: StateStore, other: StateStore) -> None:
    store.reserve()
    with pytest.raises(StoreBusy):
        other.reserve()
    store.release()

    assert put(other, ("a", "1", "x")) == 1


def test_others_read_while_a_store_is_reserved(store: StateStore, other: StateStore) -> None:
    put(store, ("a", "1", "x"))
    store.reserve()

    assert other.begin().sequence == 1
    assert rows(other) == [("a", "1", "x")]
    store.release()


def test_what_was_released_was_never_there(store: StateStore, other: StateStore) -> None:
    epoch = store.begin().epoch
    store.reserve()
    store.begin_epoch({"dialect": "rfc"})
    store.release()

    for each in (store, other):
        assert each.begin().epoch == epoch
        assert each.load(None).changes == {}


def test_a_new_epoch_empties_the_state_but_for_what_lasts(
    store: StateStore, other: StateStore
) -> None:
    put(store, ("a", "1", "x"), ("lasting/a", "1", "y"))
    before = other.begin()
    store.reserve()
    epoch = store.begin_epoch({"dialect": "rfc"})
    store.commit([Change("a", "2", "new", stays=False)])

    loaded = other.load(before)

    assert loaded.is_whole
    assert loaded.head.epoch == epoch > before.epoch
    assert loaded.changes == {"dialect": "rfc"}
    assert rows(other) == [("lasting/a", "1", "y"), ("a", "2", "new")]


def test_removals_are_kept_until_others_have_seen_them(
    store: StateStore, other: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite, redis):
        monkeypatch.setattr(module, "REMOVALS_KEPT", 10)
    put(store, ("a", "gone", "x"))
    put(store, ("seeded", "gone", None), stays=True)
    behind = other.begin()
    put(store, ("a", "gone", None))
    assert rows(other, behind) == [("a", "gone", None)]

    for number in range(30):
        put(store, ("a", str(number), "x"))

    assert other.load(behind).is_whole  # it may have missed a removal
    assert ("a", "gone", None) not in rows(store)
    assert ("seeded", "gone", None) in rows(store)


def test_journal_entries_have_one_numbering(store: StateStore, other: StateStore) -> None:
    epoch = store.begin().epoch
    for number, each in enumerate((store, other, store)):
        each.add_entries([(epoch, f"entry {number}")])

    assert other.begin().recorded == 3
    assert [tuple(each) for each in other.entries_after(1, 10)] == [(2, "entry 1"), (3, "entry 2")]


def test_the_newest_entries_are_given(store: StateStore) -> None:
    store.add_entries([(store.begin().epoch, str(number)) for number in range(1, 11)])

    assert [number for number, _ in store.entries_after(0, 2)] == [9, 10]
    assert store.begin().recorded == 10


def test_an_entry_of_a_past_epoch_is_dropped(store: StateStore, other: StateStore) -> None:
    past = store.begin().epoch
    other.reserve()
    other.begin_epoch({})
    other.commit([])
    store.add_entries([(past, "late"), (past + 1, "new")])

    assert [tuple(each) for each in store.entries_after(0, 10)] == [(1, "new")]


def test_a_cleared_journal_begins_again_and_others_know(
    store: StateStore, other: StateStore
) -> None:
    store.add_entries([(store.begin().epoch, "x")])
    before = other.begin()
    store.reserve()
    store.clear_journal()
    store.commit([])

    after = other.begin()
    assert (after.recorded, after.clearings) == (0, before.clearings + 1)
    assert other.entries_after(0, 10) == []


def test_a_look_shows_that_another_server_wrote(store: StateStore, other: StateStore) -> None:
    before = store.look()
    assert store.look() == before
    put(other, ("a", "1", "x"))

    assert store.look() != before


def test_facts_are_kept_with_a_reservation(store: StateStore, other: StateStore) -> None:
    store.reserve()
    store.keep({"version": "1", "configuration": "{}"})
    other.reserve()
    other.keep({"version": "2"})

    assert store.facts() == {"version": "2", "configuration": "{}"}
