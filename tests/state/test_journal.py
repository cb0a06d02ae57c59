"""One journal of all servers on a store: its order, numbers, limits, searches and waits."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import StoreAway
from mock_sei.fixtures import load_fixtures
from mock_sei.journal.entries import HEAD_LET_GO, LET_GO, Entry, HttpRequest
from mock_sei.journal.journal import ServerJournal
from mock_sei.journal.log import Looking
from mock_sei.journal.search import read_wanted
from mock_sei.operations.journal import (
    ClearJournal,
    ReadJournal,
    SearchJournal,
    VerifyJournal,
    VerifyOrder,
    WaitForCalls,
    WantedCalls,
)
from mock_sei.operations.journal_files import DownloadCurl, DownloadHar, DownloadTest
from mock_sei.platform import Platform
from mock_sei.rules.addresses import CERTIFICATE_LINK_PATH
from mock_sei.rules.standards import Listener
from mock_sei.settings import Behaviour
from mock_sei.state import unit_of_work
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.store import StoreBusy
from mock_sei.state.unit_of_work import SharedUnits
from tests.journal.entries import FORM, JSON, exchange, handshake
from tests.patience import PATIENCE
from tests.state.conftest import Servers, do, perform
from tests.support import TICKETS, Served


def paths(journal: ServerJournal) -> list[str]:
    return [each.request.path for each in journal.entries if each.request]


def test_what_one_server_recorded_is_read_at_each_other_one_in_this_order(
    servers: Servers,
) -> None:
    for number, platform in enumerate((servers.one, servers.other, servers.one)):
        platform.record(exchange(path=f"/{number}"))

    for each in (servers.one, servers.other, servers.start()):
        assert paths(each.journal) == ["/0", "/1", "/2"]
        assert [number for number, _ in each.journal.newest().entries] == [1, 2, 3]
        assert (len(each.journal), each.journal.dropped) == (3, 0)
        assert each.journal.tell().last == 3


def test_a_server_that_has_read_the_journal_reads_on_from_there(servers: Servers) -> None:
    servers.one.record(exchange(path="/1"))
    first = servers.other.journal.entries
    servers.one.record(exchange(path="/2"))

    assert servers.other.journal.entries[0] is first[0]
    assert paths(servers.other.journal) == ["/1", "/2"]
    assert servers.other.journal.tell(after=1).entries[0][0] == 2


def test_an_entry_is_shown_as_the_server_that_saw_it_would_show_it(servers: Servers) -> None:
    entry = exchange(
        "POST",
        "/v2/oauthtoken",
        query="a=1&code=hunter22",
        headers=FORM | {"authorization": "Bearer hunter22", "x-name": "J\xfcrgen"},
        body="grant_type=password&password=hunter22",
        answer='{"access_token": "hunter22"}',
    )
    entry.timestamp = 1_800_000_000.123456
    servers.one.record(entry)
    servers.one.record(handshake())

    read, failed = servers.other.journal.entries
    assert read.to_json() == entry.to_json()
    assert (str(read), read.time) == (str(entry), entry.time)
    assert failed.to_json() == handshake().to_json()


def test_a_restart_keeps_the_journal(servers: Servers) -> None:
    servers.one.record(exchange(path="/1"))
    for each in (servers.one, servers.other):
        each.units.close()

    again = servers.start()
    again.record(exchange(path="/2"))
    assert paths(again.journal) == ["/1", "/2"]


@pytest.mark.long
def test_a_race_of_servers_gives_each_entry_a_number_of_its_own(servers: Servers) -> None:
    def record(number: int) -> None:
        platform = (servers.one, servers.other)[number % 2]
        platform.record(exchange(path=f"/{number}"))
        if number % 10 == 0:
            _ = platform.journal.entries

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(record, range(200)))

    _ = servers.one.journal.entries, servers.other.journal.entries  # these write what waits
    told = servers.one.journal.newest()
    assert [number for number, _ in told.entries] == list(range(1, 201))
    assert sorted(paths(servers.one.journal)) == sorted(f"/{number}" for number in range(200))
    assert paths(servers.other.journal) == paths(servers.one.journal)


@pytest.fixture
def start(tmp_path: Path, shared_store: CertificateStore) -> Callable[[int], Platform]:
    """Starts a server whose journal has a size."""

    def started(size: int) -> Platform:
        return Platform(
            fixtures=load_fixtures(),
            store=shared_store,
            behaviour=Behaviour(),
            journal_size=size,
            units=SharedUnits(SqliteStore(tmp_path / "small.db", journal_size=size)),
        )

    return started


def test_the_newest_entries_are_kept_and_the_others_counted(
    start: Callable[[int], Platform],
) -> None:
    one, other = start(3), start(3)
    one.record(exchange(path="/0"))
    assert len(other.journal) == 1
    for number in range(1, 10):
        one.record(exchange(path=f"/{number}"))

    for each in (one, other, start(3)):
        assert paths(each.journal) == ["/7", "/8", "/9"]
        told = each.journal.newest()
        assert (told.dropped, told.last) == (7, 10)
        assert [number for number, _ in told.entries] == [8, 9, 10]
    for each in (one, other):
        each.units.close()


def test_all_entries_together_have_a_limit_in_the_store(
    start: Callable[[int], Platform], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.state.sqlite.JOURNAL_LIMIT", 20_000)
    one, other = start(1000), start(1000)
    assert other.journal.entries == []
    for number in range(50):
        one.record(exchange(path=f"/{number}", headers={"x": "y" * 1000}))

    told = other.journal.newest()
    kept = len(told.entries)
    assert 5 < kept < 20
    assert (told.dropped, told.last) == (50 - kept, 50)
    assert paths(other.journal)[-1] == "/49"
    assert paths(one.journal) == paths(other.journal)


def with_body(number: int) -> Entry:
    return exchange(
        "POST", f"/{number}", headers=JSON | {"x": "y"}, query="a=1", body=json.dumps("a" * 9000)
    )


@pytest.mark.long
def test_a_copy_of_the_log_stays_below_the_limit_of_memory(servers: Servers) -> None:
    servers.one.journal._limit = 800_000  # noqa: SLF001  # the default would need 3,000 entries
    for number in range(200):
        servers.one.record(with_body(number))

    entries = servers.one.journal.entries
    assert len(entries) == 200
    assert 100_000 < servers.one.journal.memory <= 800_000
    oldest, newest = entries[0].to_json(), entries[-1].to_json()
    assert oldest["request"]["body"] == LET_GO
    assert oldest["request"]["incomplete"][-1] == "body"
    assert newest == with_body(199).to_json()
    if not oldest["request"]["headers"]:
        assert oldest["notes"] == [HEAD_LET_GO]
        assert oldest["request"]["incomplete"] == ["query", "headers", "body"]


def test_letting_go_of_a_body_changes_no_entry_that_somebody_reads(servers: Servers) -> None:
    journal = servers.one.journal
    servers.one.record(with_body(0))
    read = journal.last
    journal._limit = 15_000  # noqa: SLF001
    servers.one.record(with_body(1))

    assert journal.entries[0].to_json()["request"]["body"] == LET_GO
    assert read.to_json() == with_body(0).to_json()


def away(*_: object) -> None:
    raise StoreAway("platform.db: disk I/O error")


def busy(*_: object) -> None:
    raise StoreBusy


@contextmanager
def failing(method: str, instead: Callable[..., object]) -> Iterator[None]:
    """Meanwhile a method of all stores does something else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteStore, method, instead)
        yield


# Searches


@pytest.fixture
def called(servers: Servers) -> Servers:
    """A token request and a call at the one server, a refused call and a POST at the other."""
    served = Served(servers.one)
    headers = served.headers()
    served.get(headers=headers, params={"unknown": "abc"})
    elsewhere = Served(servers.other)
    elsewhere.get(headers=headers | {"AppKey": "of-nobody"})
    body = exchange(
        "POST", "/v1/investors", headers=JSON, body='{"name": {"last": "Doe"}, "password": "x"}'
    )
    servers.other.record(body)
    return servers


@pytest.mark.parametrize(
    ("operation", "wanted", "times"),
    [
        (None, {}, 4),
        ("GET /v1/*", {}, 2),
        ("GET /v1/*", {"status": 200}, 1),
        (f"GET {TICKETS}", {"query": {"unknown": "abc"}}, 1),
        (f"GET {TICKETS}", {"query": {"unknown": "x"}}, 0),
        (None, {"headers": {"appkey": "of-nobody"}}, 1),
        (None, {"json": {"name": {"last": "Doe"}}}, 1),
        (None, {"json": {"name": {"last": "Roe"}}}, 0),
        ("POST *", {"body": {"matches": "grant_type=client_credentials"}}, 1),
        (None, {"refused_by": "AppKey"}, 1),
        (None, {"application": "demo-server"}, 4),
        (None, {"application": "demo-limited"}, 0),
        (None, {"service_account": "svc-demo", "listener": "two-way"}, 3),
    ],
)
def test_a_search_finds_the_entries_of_all_servers(
    called: Servers, operation: str | None, wanted: dict[str, object], times: int
) -> None:
    for each in (called.one, called.other):
        given = {"operation": operation, **wanted}
        assert len(perform(each, SearchJournal(**given)).entries) == times  # type: ignore[arg-type]
        verified = perform(each, VerifyJournal(**given, times=times))  # type: ignore[arg-type]
        assert verified.problem is None


def test_a_search_finds_each_of_the_headers_of_one_name(servers: Servers) -> None:
    request = HttpRequest(method="GET", path="/", raw_headers=[(b"x", b"1"), (b"X", b"2")])
    entry = exchange()
    entry.request = request
    servers.one.record(entry)

    for value in ("1", "2"):
        assert servers.other.journal.find(headers={"x": value})
    assert servers.other.journal.last.to_json() == entry.to_json()


def test_a_body_of_which_only_the_beginning_is_known_equals_none(servers: Servers) -> None:
    body = json.dumps("a" * 20_000)
    servers.one.record(exchange("POST", headers=JSON, body=body))

    assert servers.other.journal.last.request
    shown = servers.other.journal.last.request.body
    assert not servers.other.journal.find(body=shown)


def test_an_order_goes_over_servers(called: Servers) -> None:
    right = [WantedCalls(operation="POST /v2/oauthtoken"), WantedCalls(refused_by="AppKey")]

    assert perform(called.one, VerifyOrder(calls=right)).problem is None
    assert "not recorded after that" in str(
        perform(called.one, VerifyOrder(calls=right[::-1])).problem
    )


@pytest.mark.long
def test_the_files_of_all_servers_are_the_same(called: Servers) -> None:
    for download in (DownloadHar, DownloadCurl, DownloadTest):
        one, other = (
            "".join(perform(each, download(host="localhost")).pieces)
            for each in (called.one, called.other)
        )
        assert one == other
        assert "/v1/investors" in one


@pytest.mark.long
def test_the_portal_shows_the_entries_of_all_servers_cut_as_its_own(servers: Servers) -> None:
    servers.one.record(with_body(1))
    shown = servers.other.journal.last.to_json(100)["request"]
    assert shown["incomplete"] == with_body(1).to_json(100)["request"]["incomplete"] == ["body"]
    assert len(shown["body"]) == 100

    page = Served(servers.other).client(None, listener=Listener.ONE_WAY).get("/portal/journal")
    assert page.status_code == 200
    assert "POST /1" in page.text
    assert "a" * 5000 not in page.text


# Secrets


def test_no_secret_of_an_exchange_is_in_the_file(servers: Servers, tmp_path: Path) -> None:
    served = Served(servers.one)
    demo = served.application("demo-server")
    form = served.form()
    token = served.token()
    served.get(headers={"AppKey": demo.app_key, "Authorization": f"Bearer {token}"})
    served.get(
        "/v2/oauthtoken", headers={}, params={"code": "hunter22hunter22", "x": form["password"]}
    )
    served.post_token(grant_type="refresh_token", refresh_token="hunter23hunter23")
    link = f"{CERTIFICATE_LINK_PATH}{'linklink' * 5}"
    served.get(link, headers={"x-secret": f"a {demo.app_secret} b"})
    entries = servers.other.journal.entries
    assert len(entries) == 5

    content = b"".join(each.read_bytes() for each in tmp_path.glob("platform.db*"))
    assert demo.app_key.encode() in content
    secrets = (demo.app_secret, form["password"], token, "hunter22", "hunter23", "linklink" * 4)
    for secret in secrets:
        assert secret
        assert secret.encode() not in content


# Resets, clearing, applications


@pytest.mark.parametrize("of_one", [True, False])
def test_a_reset_by_one_server_empties_the_journal_of_all(servers: Servers, of_one: bool) -> None:
    for number in range(3):
        servers.one.record(exchange(path=f"/{number}"))
    assert len(servers.other.journal) == 3
    (servers.one if of_one else servers.other).reset()

    for each in (servers.one, servers.other):
        told = each.journal.newest()
        assert (list(told.entries), told.dropped, told.last) == ([], 0, 0)
    servers.one.units.refresh()
    servers.one.record(exchange(path="/after"))
    assert paths(servers.other.journal) == ["/after"]
    assert servers.other.journal.newest().last == 1


@pytest.mark.long
def test_an_entry_of_a_state_that_another_server_reset_is_dropped(servers: Servers) -> None:
    servers.other.reset()
    servers.one.record(exchange(path="/before"))  # it has not seen the reset yet
    servers.one.units.refresh()
    servers.one.record(exchange(path="/after"))

    assert paths(servers.other.journal) == paths(servers.one.journal) == ["/after"]


def test_a_server_that_loads_the_state_anew_keeps_the_journal(servers: Servers) -> None:
    servers.one.record(exchange(path="/1"))
    with pytest.raises(StoreAway), failing("commit", away):
        do(servers.one, lambda: servers.one.state.stored.next_number("x"))
    servers.one.units.refresh()

    assert paths(servers.one.journal) == ["/1"]
    servers.other.record(exchange(path="/2"))
    assert paths(servers.one.journal) == ["/1", "/2"]


def test_clearing_by_one_server_is_a_clearing_for_all(servers: Servers) -> None:
    servers.one.record(exchange(path="/1"))
    servers.other.record(exchange(path="/2"))
    assert len(servers.one.journal) == 2
    perform(servers.other, ClearJournal())

    assert servers.one.journal.newest().last == 0
    servers.one.record(exchange(path="/3"))
    assert paths(servers.other.journal) == ["/3"]
    assert servers.other.journal.newest().last == servers.one.journal.newest().last == 1


def test_a_clearing_of_work_that_fails_to_commit_clears_nothing(servers: Servers) -> None:
    servers.one.record(exchange(path="/1"))
    with pytest.raises(StoreAway), failing("commit", away):
        perform(servers.one, ClearJournal())

    assert paths(servers.one.journal) == paths(servers.other.journal) == ["/1"]


def test_clearing_outside_of_a_unit_of_work_is_one_of_its_own(servers: Servers) -> None:
    servers.one.record(exchange())
    servers.one.journal.clear()

    assert servers.other.journal.entries == []


def test_a_successor_of_an_application_has_no_entries_of_the_earlier_one(servers: Servers) -> None:
    demo = Served(servers.one).application("demo-server")
    before = exchange(path="/before", two_way=False)
    began = exchange(path="/meanwhile", releases=servers.one.journal.releases, two_way=False)
    servers.one.record(before)
    do(servers.one, lambda: servers.one.journal.release(application=demo.name))
    servers.other.units.refresh()
    servers.other.record(began)
    servers.other.record(exchange(path="/after", two_way=False))

    for each in (servers.one, servers.other, servers.start()):
        told = each.journal.tell(of=demo)
        assert [entry.request.path for _, entry in told.entries if entry.request] == ["/after"]
        assert each.journal.releases == 1


@pytest.mark.long
def test_released_names_that_no_entry_has_are_forgotten_by_all_servers(
    start: Callable[[int], Platform],
) -> None:
    one, other = start(1), start(1)
    one.record(exchange(two_way=False))
    do(one, lambda: one.journal.release(application="demo-server"))

    def release_many() -> None:
        for number in range(1500):
            one.journal.release(application=f"a{number}")

    do(one, release_many)
    other.units.refresh()
    assert one.journal.released_names == other.journal.released_names < 1100
    assert other.journal.tell(of=Served(other).application("demo-server")).entries == []


# Units of work


def test_an_entry_of_work_that_runs_again_is_recorded_once(servers: Servers) -> None:
    seen: list[None] = []

    def work() -> None:
        seen.append(None)
        servers.one.record(exchange(path="/1"))
        if len(seen) == 1:
            do(servers.other, lambda: servers.other.state.stored.next_number("x"))
        servers.one.state.stored.next_number("y")

    do(servers.one, work)

    assert len(seen) == 2
    assert paths(servers.other.journal) == ["/1"]


def test_an_entry_that_waits_is_not_lost_with_work_that_is_given_up(servers: Servers) -> None:
    with failing("add_entries", busy):
        servers.one.record(exchange(path="/1"))

    def work() -> None:
        servers.one.state.stored.next_number("y")
        servers.one.record(exchange(path="/2"))
        _ = servers.one.journal.entries

    with pytest.raises(StoreAway), failing("commit", away):
        do(servers.one, work)

    _ = servers.one.journal.entries
    assert paths(servers.other.journal) == ["/1"]


# A store that is busy or away


def test_flushing_returns_when_the_entries_are_in_the_store(servers: Servers) -> None:
    tries: list[None] = []
    write = SqliteStore.add_entries

    def busy_twice(store: SqliteStore, entries: list[tuple[int, str]]) -> None:
        tries.append(None)
        if len(tries) <= 2:
            raise StoreBusy
        write(store, entries)

    with failing("add_entries", busy_twice):
        servers.one.record(exchange(path="/1"))
        assert paths(servers.other.journal) == []
        asyncio.run(servers.one.units.flush())

    assert len(tries) == 3
    assert paths(servers.other.journal) == ["/1"]


def problem_of(platform: Platform) -> str | None:
    """Why the store cannot be used, as the health of a server reports it."""
    return platform.units.problem


def test_an_entry_that_cannot_be_written_waits_for_the_store(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    with failing("add_entries", away):
        servers.one.record(exchange(path="/1"))
        assert problem_of(servers.one) == "platform.db: disk I/O error"
    servers.one.record(exchange(path="/2"))

    assert paths(servers.other.journal) == ["/1", "/2"]
    assert problem_of(servers.one) is None
    assert "the state cannot be reached: platform.db: disk I/O error" in caplog.text
    assert "the state can be reached again" in caplog.text


def test_the_look_of_each_second_writes_what_waits(servers: Servers) -> None:
    with failing("add_entries", away):
        servers.one.record(exchange(path="/1"))
        servers.one.units.look_after()
        assert problem_of(servers.one) is not None

    servers.one.units.look_after()

    assert problem_of(servers.one) is None
    assert paths(servers.other.journal) == ["/1"]


def test_a_server_keeps_a_bounded_number_of_entries_that_cannot_be_written(
    servers: Servers, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_of_work, "MOST_UNWRITTEN", 2)
    with failing("add_entries", away):
        for number in range(4):
            servers.one.record(exchange(path=f"/{number}"))
    servers.one.units.look_after()

    assert paths(servers.other.journal) == ["/2", "/3"]
    assert caplog.text.count("1 journal entries are lost: platform.db: disk I/O error") == 2


def test_an_entry_of_before_a_reset_does_not_come_back_when_the_store_does(
    servers: Servers,
) -> None:
    with failing("add_entries", away):
        servers.one.record(exchange(path="/1"))
    do(servers.other, lambda: servers.other.reset())
    servers.one.units.look_after()

    assert paths(servers.other.journal) == []


# Waits


@pytest.mark.long
def test_a_wait_at_one_server_ends_with_an_entry_of_another(servers: Servers) -> None:
    watch = servers.one.journal.watch(read_wanted("GET /2", {}).fits, 1)
    servers.other.record(exchange(path="/1"))
    servers.other.record(exchange(path="/2"))

    watch.done.result(PATIENCE)
    servers.one.journal.end_watch(watch)
    assert [each.operation for each in watch.found] == ["GET /2"]


def test_a_wait_counts_entries_of_all_servers(servers: Servers) -> None:
    servers.other.record(exchange(path="/1"))
    watch = servers.one.journal.watch(lambda _: True, 3)
    servers.one.record(exchange(path="/2"))
    servers.other.record(exchange(path="/3"))

    watch.done.result(PATIENCE)
    servers.one.journal.end_watch(watch)
    assert len(watch.found) == 3


def test_a_wait_sees_an_entry_that_a_unit_of_work_recorded(servers: Servers) -> None:
    watch = servers.one.journal.watch(lambda _: True, 1)

    def work() -> None:
        servers.one.record(exchange())
        servers.one.state.stored.next_number("x")

    do(servers.one, work)
    watch.done.result(PATIENCE)
    servers.one.journal.end_watch(watch)


@pytest.mark.long
def test_a_wait_goes_on_after_a_reset_by_another_server(servers: Servers) -> None:
    servers.one.record(exchange(path="/1"))
    watch = servers.one.journal.watch(lambda _: True, 2)
    servers.other.reset()
    servers.other.record(exchange(path="/2"))
    servers.other.record(exchange(path="/3"))

    watch.done.result(PATIENCE)
    servers.one.journal.end_watch(watch)
    assert [each.operation for each in watch.found] == ["GET /2", "GET /3"]


def test_a_wait_of_the_control_api_shows_what_came_at_another_server(servers: Servers) -> None:
    request = WaitForCalls(operation="GET /1")
    watch = request.begin(servers.one)
    servers.other.record(exchange(path="/1"))
    watch.done.result(PATIENCE)

    assert [each.operation for each in request.end(servers.one, watch).entries] == ["GET /1"]


@pytest.mark.long
def test_a_wait_survives_a_store_that_is_away_for_a_moment(servers: Servers) -> None:
    asked = threading.Event()

    def not_now(_: SqliteStore) -> int:
        asked.set()
        raise StoreAway("gone")

    watch = servers.one.journal.watch(lambda _: True, 1)
    with failing("look", not_now):
        servers.other.record(exchange(path="/1"))
        assert asked.wait(PATIENCE)
    watch.done.result(PATIENCE)
    servers.one.journal.end_watch(watch)


def journal_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "mock-sei journal"]


def test_nobody_looks_into_the_store_while_nobody_waits(servers: Servers) -> None:
    with failing("look", lambda _: pytest.fail("it looked")):
        servers.one.record(exchange())
        assert servers.other.journal.entries
    assert not journal_threads()

    watches = [servers.one.journal.watch(lambda _: False, 1) for _ in range(3)]
    (thread,) = journal_threads()
    for each in watches:
        servers.one.journal.end_watch(each)
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_wait_that_begins_as_another_one_ends_is_looked_for_too() -> None:
    waits = [None]
    looked = threading.Event()

    class Log:
        def look(self) -> object:
            looked.set()
            return None

    looking = Looking(Log(), lambda: None, lambda: bool(waits))  # type: ignore[arg-type]
    for _ in range(50):
        waits.append(None)
        looking.begin()
        looked.clear()
        assert looked.wait(PATIENCE)
        waits.clear()
        looking.wake()


def test_a_journal_in_memory_keeps_the_entry_itself(platform: Platform) -> None:
    entry = exchange()
    platform.record(entry)

    assert platform.journal.last is entry
    assert not perform(platform, ReadJournal(after=1)).entries
