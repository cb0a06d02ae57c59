"""Applications that work on their own copy of the seeded records (``own_data``)."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import Rejected, UnknownApplication
from mock_sei.fixtures import load_fixtures
from mock_sei.gateway import Call
from mock_sei.platform import Platform
from mock_sei.rules.records import Application
from mock_sei.settings import Behaviour
from mock_sei.testing.data import Data
from tests.growth import Action, assert_flat
from tests.operations import InProcess
from tests.patience import PATIENCE
from tests.support import TICKETS, Served, registration

pytestmark = pytest.mark.long

INVESTORS = "/v2/investors"
UPLOADS = "/v1/contentmanagement/folders/uploadfiles"
FORM = "multipart/form-data; boundary=x"
MIB = 1024 * 1024


def form(content: bytes) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="FileName"; filename="a.bin"\r\n\r\n'
    return head + content + b"\r\n--x--\r\n"


class Client:
    """The client of one application, with its token."""

    def __init__(self, served: Served, application: str) -> None:
        self._http = served.client(served.application(application).service_account)
        self._headers = served.headers(application)

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = self._headers | options.pop("headers", {})
        return self._http.request(method, path, headers=headers, **options)

    def ids(self, query: str = "") -> list[str]:
        answer = self.call("GET", f"{INVESTORS}?limit=50{query}")
        assert answer.status_code == 200, answer.text
        return [each["externalId"] for each in answer.json()["data"]]

    def create(self, external_id: str) -> httpx2.Response:
        body = {"externalId": external_id, "name": "Example"}
        return self.call("POST", "/v1/investors", json=body)

    def upload(self, content: Any) -> httpx2.Response:
        return self.call("POST", UPLOADS, content=content, headers={"Content-Type": FORM})


@pytest.fixture
def register(served: Served, one_key: None) -> Callable[..., Application]:
    del one_key

    def register(name: str, **fields: Any) -> Application:
        return served.platform.portal.register(registration(name=name, **fields))

    return register


@pytest.fixture
def own(register: Callable[..., Application]) -> Application:
    return register("own", own_data=True)


@pytest.fixture
def data(served: Served) -> Data:
    return Data(InProcess(served.platform))


def spool_size(served: Served) -> int:
    return served.platform.new_body()._spool.size  # noqa: SLF001  # it has no other face


def test_what_its_calls_write_only_it_reads(
    served: Served, own: Application, register: Callable[..., Application], data: Data
) -> None:
    register("other", own_data=True)
    mine, others, shared = (Client(served, name) for name in (own.name, "other", "demo-server"))

    assert mine.create("MINE").status_code == 202
    assert shared.create("SHARED").status_code == 202

    assert mine.ids("&externalId=MINE") == ["MINE"]
    assert [each.ids("&externalId=MINE") for each in (others, shared)] == [[], []]
    assert shared.ids("&externalId=SHARED") == ["SHARED"]
    assert [each.ids("&externalId=SHARED") for each in (mine, others)] == [[], []]
    assert len(data["investors"]) == len(data.of(own)["investors"]) == 131


def test_it_begins_with_the_seeded_records_whatever_was_written_before(
    served: Served, register: Callable[..., Application], data: Data
) -> None:
    seeded = list(data["investors"])
    data["investors"].clear()
    own = register("own", own_data=True)

    assert list(data.of(own)["investors"]) == seeded
    assert Client(served, "own").ids()
    assert Client(served, "demo-server").ids() == []


def test_a_test_reads_adds_replaces_and_clears_only_its_own(own: Application, data: Data) -> None:
    before = list(data["investors"])
    mine = data.of(own)["investors"]

    mine.add({"externalId": "MINE"})
    assert len(mine) == 131
    mine.replace([{"externalId": "ONLY"}])
    assert [each["externalId"] for each in mine] == ["ONLY"]
    mine.clear()
    assert len(mine) == 0
    assert list(data["investors"]) == before
    assert list(data.of(own)) == list(data)


@pytest.mark.parametrize("name_of", ["name", "app_key", "service_account"])
def test_its_records_are_found_by_each_of_its_names(
    own: Application, data: Data, name_of: str
) -> None:
    data.of(own)["investors"].clear()

    assert len(data.of(getattr(own, name_of))["investors"]) == 0


@pytest.mark.parametrize("name", ["demo-server", "demo-server-key", "svc-demo", "demo-spa"])
def test_an_application_without_own_data_has_none_to_clear(data: Data, name: str) -> None:
    with pytest.raises(Rejected, match="own_data=True") as caught:
        data.of(name)
    assert caught.value.problems.keys() == {"application"}


def test_an_application_that_is_not_there_is_named(data: Data) -> None:
    with pytest.raises(UnknownApplication, match="did you mean demo-server"):
        data.of("demo-sever")
    with pytest.raises(UnknownApplication):
        data.of("")


@pytest.mark.parametrize("value", [None, 7, ["own"]])
def test_what_names_no_application_does_not_mean_the_shared_records(data: Data, value: Any) -> None:
    with pytest.raises(Rejected, match="application"):
        data.of(value)


@pytest.mark.parametrize("value", ["true", 1, None, "yes"])
def test_own_data_is_true_or_false(register: Callable[..., Application], value: Any) -> None:
    with pytest.raises(Rejected) as caught:
        register("own", own_data=value)
    assert caught.value.problems.keys() == {"own_data"}


def test_own_data_cannot_be_changed_later(served: Served, own: Application) -> None:
    portal = served.platform.portal
    for name, value in ((own.name, False), ("demo-server", True)):
        with pytest.raises(Rejected, match="own_data: cannot be changed"):
            portal.change(name, {"own_data": value})
    assert portal.change("own", {"own_data": True, "name": "renamed"}).own_data


def test_a_new_name_and_new_keys_keep_the_records(
    served: Served, own: Application, data: Data
) -> None:
    data.of(own)["investors"].replace([{"externalId": "ONLY"}])

    served.platform.portal.change("own", {"name": "renamed"})
    changed = served.platform.portal.refresh_keys("renamed")

    assert changed.app_key != own.app_key
    assert Client(served, "renamed").ids() == ["ONLY"]
    with pytest.raises(UnknownApplication):
        data.of(own.app_key)


def test_after_a_removal_the_next_of_its_name_begins_with_the_seed(
    served: Served, own: Application, register: Callable[..., Application], data: Data
) -> None:
    data.of(own)["investors"].clear()
    view = data.of("own")["investors"]
    served.platform.portal.remove("own")
    with pytest.raises(UnknownApplication, match="deleted at"):
        len(view)

    register("own", own_data=True)

    assert len(data.of("own")["investors"]) == 130
    assert len(served.platform.state.own_data) == 1


def test_a_reset_takes_all_own_data_with_it(served: Served, own: Application, data: Data) -> None:
    data.of(own)["investors"].clear()

    served.platform.reset()

    assert len(served.platform.state.own_data) == 0
    with pytest.raises(UnknownApplication, match="removed by the reset"):
        data.of("own")


def test_its_jobs_and_reports_are_its_own(
    served: Served, own: Application, register: Callable[..., Application]
) -> None:
    register("other", own_data=True)
    mine, others, shared = (Client(served, name) for name in (own.name, "other", "demo-server"))
    asked = mine.call("POST", "/v2/reports", json={"reportName": "Positions"})
    path = f"/v2/reports/{asked.json()['requestId']}"

    assert mine.call("GET", path).status_code == 200
    assert [each.call("GET", path).status_code for each in (others, shared)] == [404, 404]


def test_its_missing_record_is_explained_in_the_journal(served: Served, own: Application) -> None:
    path = "/v1/investors/SHARED"
    patch = {"content": "[]", "headers": {"Content-Type": "application/json-patch+json"}}
    Client(served, "demo-server").create("SHARED")

    for name, is_noted in ((own.name, True), ("demo-server", False)):
        client = Client(served, name)
        client.call("PATCH", path if is_noted else "/v1/investors/NOBODY", **patch)
        entry = served.platform.journal.last
        assert (entry.application, entry.status, entry.refused_by) == (name, 404, "record")
        assert any("mock_sei.data.of(application)" in each for each in entry.notes) is is_noted


def test_an_admitted_call_of_an_application_that_is_removed_ends_on_its_own_data(
    served: Served, own: Application, data: Data
) -> None:
    before = len(data["investors"])
    body = json.dumps({"externalId": "LATE", "name": "Example"}).encode()
    client = Client(served, own.name)

    def removed_meanwhile() -> Iterator[bytes]:
        yield body[:10]
        served.platform.portal.remove("own")
        yield body[10:]

    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    answer = client.call("POST", "/v1/investors", content=removed_meanwhile(), headers=headers)

    assert answer.status_code == 202
    assert len(data["investors"]) == before
    assert len(served.platform.state.own_data) == 0


def test_a_call_whose_key_ends_right_after_its_checks_is_refused_like_one_after(
    served: Served, own: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = served.platform
    headers = served.headers(own.name)
    admit = Platform.admit

    def admit_then_remove(self: Platform, call: Call) -> Any:
        admitted = admit(self, call)
        platform.portal.remove("own")
        return admitted

    http = served.client(own.service_account)
    monkeypatch.setattr(Platform, "admit", admit_then_remove)
    answer = http.get(INVESTORS, headers=headers)

    assert answer.json()["message"] == "Invalid ApiKey for given resource"
    assert platform.journal.last.refused_by == "AppKey"
    assert platform.bugs == []


def test_files_are_freed_at_removal_reset_and_when_a_removal_overtakes_them(
    served: Served, own: Application, register: Callable[..., Application]
) -> None:
    register("other", own_data=True)
    for name in (own.name, "other", "demo-server"):
        assert Client(served, name).upload(form(b"x" * MIB)).status_code in (200, 201)
    client = Client(served, "own")

    def removed_meanwhile() -> Iterator[bytes]:
        yield form(b"y" * MIB)[:1000]
        served.platform.portal.remove("own")
        yield form(b"y" * MIB)[1000:]

    client.upload(removed_meanwhile())

    assert 2 * MIB < spool_size(served) < 3 * MIB
    served.platform.reset()
    assert spool_size(served) == 0


def test_a_file_of_any_application_makes_room_for_a_body_that_comes(
    served: Served, own: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, shared = Client(served, own.name), Client(served, "demo-server")
    mine.upload(form(b"x" * MIB))
    monkeypatch.setattr(served.platform.new_body()._spool, "most", 3 * MIB // 2)  # noqa: SLF001

    assert shared.upload(form(b"y" * MIB)).status_code in (200, 201)

    assert MIB < spool_size(served) < 3 * MIB // 2
    data = served.platform.state.own_data.find(own)
    assert data is not None
    assert not data.contents


def test_files_of_all_applications_count_together(
    served: Served, own: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.apis.actions.upload.MOST_FILES", 2)
    mine, shared = Client(served, own.name), Client(served, "demo-server")
    for client in (mine, shared, mine, shared):
        client.upload(form(b"x"))

    assert len(served.platform.state.apis.contents.shelf) == 2


def test_threads_with_own_data_write_one_key_each_for_itself(
    served: Served, register: Callable[..., Application]
) -> None:
    names = [f"worker {number}" for number in range(4)]
    for name in names:
        register(name, own_data=True)
    clients = {name: Client(served, name) for name in names}

    def work(name: str) -> list[int]:
        client = clients[name]
        statuses = [client.create("SAME").status_code for _ in range(2)]
        return [*statuses, len(client.ids("&externalId=SAME"))]

    with ThreadPoolExecutor(len(names)) as pool:
        found = list(pool.map(work, names))

    assert found == [[202, 400, 1]] * len(names)
    assert Client(served, "demo-server").ids("&externalId=SAME") == []


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns so often that they meet in the middle of every step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_its_records_are_there_at_every_moment_of_a_change(
    served: Served, own: Application, data: Data
) -> None:
    portal, mine = served.platform.portal, data.of(own.service_account or "")
    mine["investors"].replace([{"externalId": "ONLY"}])
    is_over = threading.Event()

    def change() -> None:
        try:
            for number in range(100):
                key = portal.refresh_keys(own.name if number == 0 else f"own {number}").app_key
                portal.change(key, {"name": f"own {number + 1}"})
        finally:
            is_over.set()

    def look() -> set[int]:
        found = {len(mine["investors"])}
        while not is_over.is_set():
            found.add(len(mine["investors"]))
        return found

    with ThreadPoolExecutor(3) as pool:
        looking = [pool.submit(look) for _ in range(2)]
        pool.submit(change).result(PATIENCE)
        assert [each.result(PATIENCE) for each in looking] == [{1}, {1}]


def test_of_applications_that_come_and_go_at_once_nothing_is_left(
    served: Served, register: Callable[..., Application], data: Data
) -> None:
    def live(number: int) -> None:
        for each in range(5):
            name = f"short {number} {each}"
            register(name, own_data=True)
            assert len(data.of(name)["investors"]) == 130
            client = Client(served, name)
            assert client.upload(form(b"x" * 1000)).status_code in (200, 201)
            served.platform.portal.remove(name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(live, range(4)))

    assert len(served.platform.state.own_data) == 0
    assert spool_size(served) == 0
    assert served.platform.bugs == []


def test_an_application_of_the_fixtures_may_have_own_data(
    tmp_path: Path, shared_store: CertificateStore
) -> None:
    (tmp_path / "platform.toml").write_text(
        """
[[applications]]
name = "ledger"
type = "server-server"
actor = "server"
app_key = "ledger-key"
app_secret = "ledger-secret"
service_account = "svc-ledger"
own_data = true

[[service_accounts]]
username = "svc-ledger"
password = "ledger-password"
"""
    )
    platform = Platform(
        fixtures=load_fixtures(tmp_path), store=shared_store, behaviour=Behaviour(seed=1)
    )
    data = Data(InProcess(platform))
    for _ in range(2):
        assert len(data.of("ledger")["investors"]) == 130
        data.of("ledger")["investors"].clear()
        assert len(data["investors"]) == 130
        platform.reset()


def test_a_call_costs_the_same_among_many_applications_with_own_data(
    shared_store: CertificateStore,
) -> None:
    def make(count: int) -> Action:
        platform = Platform(
            fixtures=load_fixtures(), store=shared_store, behaviour=Behaviour(seed=1)
        )
        registry = platform.registry
        own = {
            "app_secret": None,
            "service_account": None,
            "type": "native",
            "redirect_addresses": ("http://127.0.0.1/callback",),
        }
        template = registry.applications["demo-native-key"].as_dict() | own
        for each in range(count):
            names = {"name": f"own {each}", "app_key": f"key {each}", "own_data": True}
            registry.register(Application(**template | names), None)
        application = registry.require_application("own 0")
        assert len(platform.state.own_data) == count

        def act() -> None:
            found = platform.state.find_data(application)
            assert found is not None
            assert found.collections.find("investors", "externalId", "INV-0001") is not None

        return act

    assert_flat(make)


def test_a_head_is_answered_from_its_own_data(served: Served, own: Application, data: Data) -> None:
    data.of(own)["trade-tickets"].clear()

    lengths = [
        int(Client(served, name).call("HEAD", TICKETS).headers["content-length"])
        for name in (own.name, "demo-server")
    ]

    assert lengths[0] < lengths[1]
