"""Records, jobs, reports and own data of two servers on one store."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.api_state import ApiState
from mock_sei.apis.collections import Collections
from mock_sei.apis.jobs import Report
from mock_sei.apis.records import Record
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import Refusal
from mock_sei.fixtures import load_fixtures
from mock_sei.operations.data import AddRecords, ClearRecords, ReadRecords, ReplaceRecords
from mock_sei.platform import Platform
from mock_sei.rules.records import Application
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import Actor, ApplicationType
from mock_sei.rules.stored import Stored, Table
from mock_sei.settings import Behaviour
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.store import Change
from mock_sei.state.unit_of_work import SharedUnits
from tests.apis.engine import JSON, Engine
from tests.growth import Action, assert_flat
from tests.state.conftest import Servers, do, perform, race

pytestmark = pytest.mark.long

INVESTORS = "investors"
PAGE = "/v2/investors?limit=3"


def call(platform: Platform, target: str, **options: Any) -> Any:
    """The body of the answer to a functional call."""

    def work() -> Any:
        engine = Engine(catalogue=platform.catalogue, state=platform.state.apis)
        return engine.call(target, **options).body

    return do(platform, work)


def records(platform: Platform, name: str = INVESTORS) -> Sequence[Record]:
    return list(perform(platform, ReadRecords(collection=name)).records)


def ids(platform: Platform) -> list[str]:
    return [each["externalId"] for each in records(platform)]


def investor(external_id: str, **more: Any) -> dict[str, Any]:
    return {"externalId": external_id, "name": "Example", **more}


def create(platform: Platform, external_id: str) -> Any:
    body = json.dumps(investor(external_id))
    return call(platform, "/v1/investors", method="POST", body=body, headers=JSON)


def change(platform: Platform, external_id: str, name: str, member: str = "name") -> Any:
    body = json.dumps([{"op": "add", "path": f"/{member}", "value": name}])
    target = f"/v1/investors/{external_id}"
    headers = {"content-type": "application/json-patch+json"}
    return call(platform, target, method="PATCH", body=body, headers=headers)


def remove(platform: Platform, external_id: str) -> None:
    def work() -> None:
        collections = platform.state.apis.collections
        found = collections.find(INVESTORS, "externalId", external_id)
        assert found is not None
        collections.replace(INVESTORS, found, None)

    do(platform, work)


def pages(platform: Platform) -> list[Any]:
    """All pages of a list, as a client walks through them."""
    found: list[Any] = []
    target: str | None = PAGE
    while target:
        page = call(platform, target)
        found.append(page)
        target = page["paging"]["next"]
    return found


# Records


def test_what_one_server_did_to_records_is_at_every_server_in_one_order(servers: Servers) -> None:
    before = ids(servers.one)
    pages(servers.other)  # it keeps answers and orders
    create(servers.one, "NEW-1")
    create(servers.other, "NEW-2")
    change(servers.one, before[1], "Changed")
    remove(servers.one, before[0])
    remove(servers.one, "NEW-1")
    create(servers.other, "NEW-3")

    expected = [*before[1:], "NEW-2", "NEW-3"]
    later = servers.start()
    for each in (servers.one, servers.other, later):
        assert ids(each) == expected
        assert records(each)[0]["name"] == "Changed"
        assert pages(each) == pages(servers.one)
    assert records(later) == records(servers.one)


def test_a_refused_patch_or_a_second_key_changes_nothing_anywhere(servers: Servers) -> None:
    create(servers.one, "NEW-1")
    before = records(servers.one)

    with pytest.raises(Refusal):
        create(servers.other, "NEW-1")

    assert records(servers.other) == records(servers.start()) == before


def test_every_json_value_of_a_record_is_kept(servers: Servers) -> None:
    values = {
        "text": "ü \ud800 \x00",
        "number": 1.5e300,
        "large": 10**60,
        "list": [1, [None, {}], {"a/b": True}],
        "null": None,
    }
    do(servers.one, lambda: _shared(servers.one).add(INVESTORS, [investor("NEW-1", **values)]))

    assert records(servers.start())[-1] == investor("NEW-1", **values)


def test_all_records_can_be_replaced_and_removed_again_and_again(servers: Servers) -> None:
    before = ids(servers.one)
    change(servers.one, before[0], "Changed")
    remove(servers.one, before[1])
    create(servers.one, "NEW-1")
    for number in range(3):
        fresh = [investor(f"R-{number}-{each}") for each in range(20)]
        perform(servers.one, ReplaceRecords(collection=INVESTORS, body=fresh))
        perform(servers.other, AddRecords(collection=INVESTORS, body=investor(f"A-{number}")))
        for each in (servers.one, servers.other, servers.start()):
            assert ids(each) == [
                *(f"R-{number}-{position}" for position in range(20)),
                f"A-{number}",
            ]
    perform(servers.other, ClearRecords(collection=INVESTORS))
    for each in (servers.one, servers.other, servers.start()):
        assert ids(each) == []
    create(servers.one, "NEW-2")
    for each in (servers.other, servers.start()):
        assert ids(each) == ["NEW-2"]


def test_a_store_keeps_no_rows_of_records_that_were_replaced(
    servers: Servers, tmp_path: Path
) -> None:
    remove(servers.one, ids(servers.one)[0])
    for platform in (servers.one, servers.other, servers.start()):
        fresh = [investor(f"R-{number}") for number in range(30)]
        perform(platform, ReplaceRecords(collection=INVESTORS, body=fresh))
        create(platform, "NEW")
        remove(platform, "NEW")

    assert len(rows_in(tmp_path)) == 30 + 1
    perform(servers.other, ClearRecords(collection=INVESTORS))
    assert len(rows_in(tmp_path)) == 1


def test_a_record_of_the_seed_stays_removed_when_the_store_forgets_removals(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.state.sqlite.REMOVALS_KEPT", 2)
    before = ids(servers.one)
    remove(servers.one, before[0])
    for number in range(9):
        create(servers.one, f"NEW-{number}")
        remove(servers.one, f"NEW-{number}")

    assert ids(servers.start()) == ids(servers.other) == before[1:]


def test_records_that_were_added_and_removed_leave_nothing_to_write(
    servers: Servers, committed: list[Change], tmp_path: Path
) -> None:
    for number in range(9):
        create(servers.one, f"NEW-{number}")
        remove(servers.one, f"NEW-{number}")
    assert rows_in(tmp_path) == []
    committed.clear()

    perform(servers.one, ClearRecords(collection=INVESTORS))

    assert [each.name for each in committed] == ["apis/shared/records"]


def rows_in(folder: Path, area: str = "apis/shared/records") -> list[str]:
    """The keys of the rows of a table of the store."""
    with sqlite3.connect(folder / "platform.db") as connection:
        found = connection.execute(
            "SELECT key FROM records WHERE area = ? AND value IS NOT NULL", (area,)
        )
        return [key for (key,) in found]


def test_generated_keys_are_unique_when_both_servers_create_at_once(servers: Servers) -> None:
    before = max(each["id"] for each in records(servers.one))

    race(servers, lambda platform, number: create(platform, f"NEW-{number}"), count=60)

    for each in (servers.one, servers.other, servers.start()):
        numbers = [record["id"] for record in records(each)][-60:]
        assert numbers == list(range(before + 1, before + 61))


def test_one_of_many_creates_the_record_with_a_key(servers: Servers) -> None:
    created: list[int] = []

    def try_it(platform: Platform, number: int) -> None:
        try:
            create(platform, "NEW")
        except Refusal:
            return
        created.append(number)

    race(servers, try_it, count=40)

    assert len(created) == 1
    assert ids(servers.one).count("NEW") == ids(servers.other).count("NEW") == 1


def test_of_two_changes_of_a_record_at_once_none_is_lost(servers: Servers) -> None:
    key = ids(servers.one)[0]

    def change_it(platform: Platform, number: int) -> None:
        change(platform, key, f"{number}", member=f"custom{number}")

    race(servers, change_it, count=20)

    found = records(servers.start())[0]
    assert [found.get(f"custom{number}") for number in range(20)] == list(map(str, range(20)))


def test_a_reset_of_one_server_brings_the_seed_back_everywhere(servers: Servers) -> None:
    before = records(servers.one)
    create(servers.one, "NEW-1")
    perform(servers.one, ClearRecords(collection="portfolios"))
    records(servers.other)

    servers.other.reset()

    for each in (servers.one, servers.other, servers.start()):
        assert records(each) == before
        assert records(each, "portfolios")
    create(servers.one, "NEW-2")
    assert ids(servers.other)[-1] == "NEW-2"


@pytest.mark.parametrize("seed", range(8))
def test_any_changes_by_any_servers_leave_the_same_records_everywhere(
    servers: Servers, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
    everywhere = [servers.one, servers.other]
    model = list(records(servers.one))
    for number in range(120):
        platform = chance.choice(everywhere)
        collections = _shared(platform)
        act = chance.choices(
            ["add", "many", "change", "remove", "replace all", "start"], [8, 2, 8, 8, 1, 0.5]
        )[0]
        if act == "start":
            everywhere.append(servers.start())
        elif act in ("add", "many", "replace all"):
            count = 1 if act == "add" else chance.randrange(40)
            new: list[Record] = [investor(f"{number}-{each}") for each in range(count)]
            model = new if act == "replace all" else [*model, *new]
            do(
                platform,
                lambda: (
                    collections.change(INVESTORS, lambda _: tuple(new))  # noqa: B023
                    if act == "replace all"  # noqa: B023
                    else collections.add(INVESTORS, new)  # noqa: B023
                ),
            )
        elif model:
            at = chance.randrange(len(model))
            new_record = None if act == "remove" else {**model[at], "changed": number}
            model[at : at + 1] = [] if new_record is None else [new_record]
            assert do(platform, lambda: _replace_at(collections, at, new_record))  # noqa: B023
        if chance.random() < 0.3:
            assert records(chance.choice(everywhere)) == model

    for each in (*everywhere, servers.start()):
        assert records(each) == model
        assert pages(each) == pages(servers.one)


def _replace_at(collections: Collections, position: int, new: Record | None) -> bool:
    return collections.replace(INVESTORS, collections.all(INVESTORS)[position], new)


def _shared(platform: Platform) -> Collections:
    return platform.state.apis.collections


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> list[Change]:
    """All changes that are written from now on."""
    seen: list[Change] = []
    commit = SqliteStore.commit

    def noted(store: SqliteStore, changes: Any) -> int:
        seen.extend(changes := list(changes))
        return commit(store, changes)

    monkeypatch.setattr(SqliteStore, "commit", noted)
    return seen


def test_a_change_is_written_without_the_other_changed_records(
    servers: Servers, committed: list[Change]
) -> None:
    many = [investor(f"N-{number}", id=number) for number in range(10**6, 10**6 + 5000)]
    perform(servers.one, AddRecords(collection=INVESTORS, body=many))
    committed.clear()

    change(servers.other, "N-1004000", "Changed")
    remove(servers.other, "N-1000017")
    create(servers.one, "NEW")

    written = [each for each in committed if each.name == "apis/shared/records"]
    assert len(written) == 3
    assert sum(len(each.text or "") for each in written) < 2000
    assert len(records(servers.start())) == len(records(servers.one))


@pytest.mark.slow
def test_a_change_costs_what_it_did_among_many_changed_records() -> None:
    def make(count: int) -> Action:
        stored = Stored(is_shared=True)
        noted: list[str] = []
        stored.note = lambda _, key: noted.append(key)
        collections = Collections({"widgets": ({"id": "w"},)}, stored=stored)
        collections.add("widgets", [{"id": f"w{number}"} for number in range(count)])

        def act() -> None:
            noted.clear()
            found = collections.find("widgets", "id", "w3")
            assert found is not None
            assert collections.replace("widgets", found, dict(found))
            assert [collections.written(each) for each in noted] == ['{"id": "w3"}']

        return act

    assert_flat(make, many=5000)


# Jobs and reports


def test_the_job_of_a_write_is_found_at_every_server(servers: Servers) -> None:
    key = create(servers.one, "NEW-1")["jobStatusQueryKey"]

    for each in (servers.other, servers.start()):
        found = do(each, lambda each=each: each.state.apis.jobs.find(key))  # type: ignore[misc]
        assert found == {"status": "Completed", "externalId": "NEW-1"}


def test_polls_of_a_report_are_counted_by_all_servers_together(servers: Servers) -> None:
    report = submit(servers.one, polls=3)

    polled = [
        poll(each, report)
        for each in (servers.one, servers.other, servers.start(), servers.other, servers.one)
    ]

    assert polled == [False, False, False, True, True]


def test_polls_at_once_on_both_servers_are_counted_each(servers: Servers) -> None:
    report, ready = submit(servers.one, polls=20), []

    race(servers, lambda platform, _: ready.append(poll(platform, report)), count=50)

    assert ready.count(False) == 20


def test_a_poll_of_a_finished_report_writes_nothing(
    servers: Servers, committed: list[Change]
) -> None:
    report = submit(servers.one, polls=0)
    committed.clear()

    assert poll(servers.other, report)

    assert committed == []


def test_a_client_collects_its_report_from_any_server(servers: Servers) -> None:
    body = '{"reportName": "Portfolio List"}'
    asked = call(servers.one, "/v2/reports", method="POST", body=body, headers=JSON)
    target = f"/v2/reports/{asked['requestId']}"

    assert call(servers.other, target)["status"] == "In Progress"
    assert call(servers.start(), target)["data"] == records(servers.one, "portfolios")


def test_the_oldest_jobs_are_forgotten_by_all_servers(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.apis.jobs.MOST_KEPT", 3)
    for number in range(6):
        platform = (servers.one, servers.other)[number % 2]
        do(platform, lambda p=platform, n=number: p.state.apis.jobs.finish(f"job {n}", {}))  # type: ignore[misc]

    for each in (servers.one, servers.other, servers.start()):
        found = [
            do(each, lambda each=each, n=n: each.state.apis.jobs.find(f"job {n}"))  # type: ignore[misc]
            for n in range(6)
        ]
        assert found == [None] * 3 + [{}] * 3


HOUR = timedelta(hours=1)


def submit(platform: Platform, *, polls: int) -> str:
    def work() -> str:
        report = Report(
            name="Positions",
            collection="portfolio-positions",
            asked_at=platform.clock.now(),
            polls_left=polls,
            ready_after=HOUR,
        )
        return platform.state.apis.jobs.submit(report)

    return do(platform, work)


def poll(platform: Platform, key: str) -> bool:
    def work() -> bool:
        found = platform.state.apis.jobs.collect(key, platform.clock.now())
        assert found is not None
        return found[1]

    return do(platform, work)


# Own data

OWN = Application(
    name="own",
    type=ApplicationType.SERVER_SERVER,
    actor=Actor.SERVER,
    app_key="own-key",
    app_secret="own-secret",
    service_account="svc-own",
    own_data=True,
)
"""These tests tell the own data themselves what the registry does."""


def follow(platform: Platform, before: Application | None, after: Application | None) -> None:
    do(platform, lambda: platform.state.own_data.follow(before, after))


def find_own(platform: Platform, application: Application = OWN) -> ApiState | None:
    return do(platform, lambda: platform.state.own_data.find(application))


def own_ids(platform: Platform, application: Application = OWN) -> list[str]:
    data = find_own(platform, application)
    assert data is not None
    return [each["externalId"] for each in do(platform, lambda: data.collections.all(INVESTORS))]


def add_own(platform: Platform, external_id: str, application: Application = OWN) -> None:
    data = find_own(platform, application)
    assert data is not None
    do(platform, lambda: data.collections.add(INVESTORS, [investor(external_id)]))


def test_own_data_begins_with_the_seed_and_is_common_to_all_servers(servers: Servers) -> None:
    follow(servers.one, None, OWN)
    seeded = ids(servers.one)
    assert own_ids(servers.other) == seeded

    add_own(servers.other, "OWN-1")

    for each in (servers.one, servers.other, servers.start()):
        assert own_ids(each) == [*seeded, "OWN-1"]
        assert ids(each) == seeded


def test_jobs_and_reports_of_own_data_are_common_too(servers: Servers) -> None:
    follow(servers.one, None, OWN)
    data = find_own(servers.one)
    assert data is not None
    do(servers.one, lambda: data.jobs.finish("job", {"status": "Completed"}))

    for each in (servers.other, servers.start()):
        found = find_own(each)
        assert found is not None
        assert found.jobs.find("job") == {"status": "Completed"}
        assert each.state.apis.jobs.find("job") is None


def test_a_new_app_key_takes_own_data_with_it_at_every_server(servers: Servers) -> None:
    follow(servers.one, None, OWN)
    add_own(servers.one, "OWN-1")
    behind = servers.start()
    add_own(behind, "OWN-2")
    twice = [replace(OWN, app_key="second-key"), replace(OWN, app_key="third-key")]
    known = find_own(servers.other)

    def refresh() -> None:
        for before, after in zip([OWN, *twice], twice, strict=False):
            servers.one.state.own_data.follow(before, after)

    do(servers.one, refresh)
    another = replace(OWN, name="another")  # it gets the AppKey that became free
    follow(servers.other, None, another)
    last = replace(OWN, app_key="last-key")
    follow(servers.other, twice[1], last)

    assert find_own(servers.other, last) is known
    for each in (servers.one, servers.other, behind, servers.start()):
        assert find_own(each, twice[0]) is find_own(each, twice[1]) is None
        assert own_ids(each, last) == [*ids(each), "OWN-1", "OWN-2"]
        assert own_ids(each, another) == ids(each)


def test_an_application_that_another_server_registered_begins_no_second_data(
    servers: Servers,
) -> None:
    def registry_of(platform: Platform) -> Table[str]:
        own_data = platform.state.own_data
        return Table(
            platform.state.stored, "registry", changed=lambda *_: own_data.follow(None, OWN)
        )

    one, _ = registry_of(servers.one), registry_of(servers.other)
    do(servers.one, lambda: one.__setitem__("own", "own"))
    add_own(servers.one, "OWN-1")

    assert own_ids(servers.other) == [*ids(servers.other), "OWN-1"]


def test_own_data_that_ended_is_nowhere_and_has_no_rows(servers: Servers, tmp_path: Path) -> None:
    follow(servers.one, None, OWN)
    for number in range(5):
        add_own(servers.one, f"OWN-{number}")
    data = find_own(servers.other)
    assert data is not None
    do(servers.other, lambda: data.collections.change("portfolios", lambda _: ()))
    do(servers.other, lambda: data.jobs.finish("job", {}))
    (own,) = rows_in(tmp_path, "apis/own")
    tables = [f"{own}/records", f"{own}/jobs"]
    assert all(rows_in(tmp_path, each) for each in tables)

    follow(servers.one, OWN, None)

    assert not any(rows_in(tmp_path, each) for each in (*tables, "apis/own"))
    for each in (servers.one, servers.other, servers.start()):
        assert find_own(each) is None
    follow(servers.other, None, OWN)
    assert own_ids(servers.one) == own_ids(servers.start()) == ids(servers.one)


def test_a_call_that_works_on_own_data_that_ended_meanwhile_changes_nothing(
    servers: Servers,
) -> None:
    follow(servers.one, None, OWN)
    data = find_own(servers.one)
    assert data is not None
    follow(servers.other, OWN, None)

    do(servers.one, lambda: data.collections.add(INVESTORS, [investor("LATE")]))
    do(servers.one, lambda: data.jobs.finish("late", {}))

    follow(servers.one, None, OWN)
    assert "LATE" not in own_ids(servers.other)
    assert "LATE" not in own_ids(servers.start())


def test_own_data_of_the_fixtures_is_common_and_its_end_too(
    tmp_path: Path, shared_store: CertificateStore
) -> None:
    fixtures = load_fixtures()
    registry = fixtures.registry
    known = registry.require_application("demo-web")
    web = replace(known, own_data=True)
    applications = [web if each is known else each for each in registry.applications.values()]
    fixtures = replace(
        fixtures,
        registry=Registry(
            applications=applications,
            service_accounts=registry.service_accounts.values(),
            end_users=registry.end_users.values(),
        ),
    )
    begun: list[Platform] = []

    def start() -> Platform:
        units = SharedUnits(SqliteStore(tmp_path / "platform.db"))
        begun.append(
            Platform(fixtures=fixtures, store=shared_store, behaviour=Behaviour(), units=units)
        )
        return begun[-1]

    try:
        one, other = start(), start()
        add_own(one, "OWN-1", web)
        assert own_ids(other, web) == own_ids(start(), web) == [*ids(one), "OWN-1"]

        follow(other, web, None)

        assert find_own(one, web) is None
        assert find_own(start(), web) is None
        one.reset()
        assert own_ids(other, web) == ids(one)
    finally:
        for each in begun:
            each.units.close()
