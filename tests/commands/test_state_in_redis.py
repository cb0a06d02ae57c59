"""``mock-sei state`` with a state in Redis."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mock_sei import __version__
from mock_sei.cli import main
from mock_sei.journal.log import written
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.store import Change, StateStore
from tests.journal.entries import exchange
from tests.redis_server import RedisServer, open_redis, redis_server

__all__ = ["redis_server"]


def call(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["state", *arguments], input=given, env={"MOCK_SEI_STATE": ""})


def lines_of(url: str) -> list[str]:
    result = call("export", url, "-")
    assert not result.exit_code, result.output
    return result.stdout.splitlines()


def fill(store: StateStore) -> None:
    """A state of each kind of thing: facts, records, a removed record that stays, entries."""
    store.reserve()
    store.keep({"version": __version__, "configuration": "{}"})
    store.reserve()
    store.commit(
        [
            Change("clock", "now", '"é"', stays=False),
            Change("lasting/names", "a", "1", stays=False),
            Change("applications/seeded", "gone", None, stays=True),
            Change("applications", "gone", None, stays=False),
            *(Change("records/x", str(each), "{}", stays=False) for each in range(1200)),
        ]
    )
    epoch = store.begin().epoch
    store.add_entries([(epoch, written(exchange())) for _ in range(3)])
    store.close()


@pytest.mark.long
def test_an_export_goes_from_sqlite_to_redis_and_back(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    fill(SqliteStore(tmp_path / "one.db"))
    first = redis_server.url()
    exported = lines_of(f"sqlite:{tmp_path / 'one.db'}")

    taken = call("import", first, "-", given="\n".join(exported) + "\n")
    again = lines_of(first)

    assert not taken.exit_code, taken.output
    assert again[1:] == exported[1:]
    loaded = open_redis(first).load(None)
    assert loaded.is_whole
    assert [row[:2] for row in loaded.rows][:3] == [
        ("clock", "now"),
        ("lasting/names", "a"),
        ("applications/seeded", "gone"),
    ]


@pytest.mark.long
def test_a_state_is_shown_and_cleared(redis_server: RedisServer) -> None:
    url = redis_server.url()
    fill(open_redis(url))

    shown = json.loads(call("show", url, "--format", "json").stdout)
    cleared = call("clear", url)

    assert shown["url"] == url
    assert (shown["version"], shown["in_use"]) == (__version__, False)
    assert shown["records"] == {"clock": 1, "lasting/names": 1, "records/x": 1200}
    assert shown["size"] > 1000
    assert not cleared.exit_code
    assert json.loads(call("show", url, "--format", "json").stdout)["records"] == {}


@pytest.mark.long
def test_a_state_that_a_server_uses_is_shown_and_neither_cleared_nor_replaced(
    redis_server: RedisServer,
) -> None:
    url = redis_server.url()
    fill(open_redis(url))
    exported = "\n".join(lines_of(url)) + "\n"
    user = open_redis(url)
    user.begin()
    try:
        refused = (call("clear", url), call("import", url, "-", "--replace", given=exported))
        shown = json.loads(call("show", url, "--format", "json").stdout)
    finally:
        user.close()

    assert shown["in_use"] is True
    for each in refused:
        assert each.exit_code
        assert "a server uses this state" in each.output
    assert not call("clear", url).exit_code


@pytest.mark.long
def test_an_import_is_refused_where_a_state_is_and_leaves_nothing_behind(
    redis_server: RedisServer,
) -> None:
    url = redis_server.url()
    fill(open_redis(url))
    exported = lines_of(url)

    there = call("import", url, "-", given="\n".join(exported) + "\n")
    cut = call("import", url, "-", "--replace", given="\n".join(exported[:-1]) + "\n")

    assert "--replace puts the export in its place" in there.output
    assert "cut short" in cut.output
    assert lines_of(url)[1:] == exported[1:]
    with redis_server.client() as client:
        assert not client.keys("*import*")


@pytest.mark.parametrize("command", [("show",), ("export", "-"), ("clear",)])
def test_a_namespace_without_a_state_stays_so(
    redis_server: RedisServer, command: tuple[str, ...]
) -> None:
    url = redis_server.url()
    name, *rest = command

    refused = call(name, url, *rest)

    assert "there is no state under this namespace" in refused.output
    assert refused.exit_code
    namespace = url.rpartition("=")[2]
    with redis_server.client() as client:
        assert not client.keys(f"*{namespace}*")
