"""Tests that share one server, each with its own application, do not affect each other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, Self

import httpx2
import pytest

from mock_sei import Attached, MockSei, Rejected, UnknownApplication
from mock_sei.journal.entries import Entry
from mock_sei.rules.records import Application
from mock_sei.testing.workbench import Workbench
from tests.e2e.serving import Serving, environment
from tests.patience import PATIENCE
from tests.support import TICKETS

MANY = 6


@pytest.fixture(scope="module")
def server() -> Iterator[MockSei]:
    with MockSei() as server:
        yield server


@pytest.fixture(params=["in process", "attached"])
def bench(request: pytest.FixtureRequest, server: MockSei) -> Iterator[Workbench]:
    server.reset()
    if request.param == "in process":
        yield server
        return
    with Attached(server.control_url) as attached:
        yield attached


def seen(bench: Workbench, application: Application) -> list[str]:
    """Its part of the journal, a few words each."""
    return [words(each) for each in bench.journal.of(application).entries]


def words(entry: Entry) -> str:
    return f"{entry.operation} {entry.status}" if entry.operation else "handshake"


def work(bench: Workbench, number: int) -> tuple[Application, list[str], int]:
    """A test of its own: a fault met, a token, a call, a certificate that is refused."""
    application = bench.new_application()
    account = bench.service_account(application)
    fault = bench.faults.add(
        f"GET {TICKETS}", application=application, status=500 + number, times=2
    )
    headers = {"AppKey": application.app_key, "Authorization": f"Bearer {bench.token(account)}"}
    with bench.client(account) as http:
        statuses = [http.get(TICKETS, headers=headers).status_code for _ in range(3)]
    assert statuses == [500 + number, 500 + number, 200]
    expired = bench.certificate(account, "expired")
    with bench.client(expired) as http, pytest.raises(httpx2.HTTPError):
        http.get(TICKETS, headers=headers)
    return application, seen(bench, application), fault.met


def test_threads_with_an_application_each_see_their_own_alone(bench: Workbench) -> None:
    with ThreadPoolExecutor(MANY) as pool:
        results = list(pool.map(lambda number: work(bench, number), range(MANY)))

    for number, (application, journal, met) in enumerate(results):
        assert journal == [
            "POST /v2/oauthtoken 200",
            f"GET {TICKETS} {500 + number}",
            f"GET {TICKETS} {500 + number}",
            f"GET {TICKETS} 200",
            "handshake",
        ]
        assert met == 2
        assert seen(bench, application) == journal
    assert len(bench.journal) == MANY * 5
    accounts = {each.service_account for each, _, _ in results}
    assert len(accounts) == MANY


WORKER = """
import json, sys
from mock_sei import Attached

with Attached(sys.argv[1]) as bench:
    application = bench.new_application()
    fault = bench.faults.add("POST /v2/oauthtoken", application=application, token_lifetime=1)
    for _ in range(5):
        bench.token(application)
    entries = bench.journal.of(application).entries
    print(json.dumps({
        "application": application.name,
        "seen": sorted({each.application for each in entries}),
        "entries": len(entries),
        "met": fault.met,
    }))
"""


def test_processes_share_a_server_and_leave_nothing_behind(
    running: Serving, tmp_path: Path
) -> None:
    program = tmp_path / "worker.py"
    program.write_text(WORKER)
    url = running.ready["control_url"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", program, url],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [json.loads(each.communicate(timeout=PATIENCE)[0]) for each in processes]

    for each in told:
        assert each["seen"] == [each["application"]]
        assert (each["entries"], each["met"]) == (5, 5)
    assert len({each["application"] for each in told}) == 2
    with Attached(url) as left:
        assert (len(left.applications), len(left.faults)) == (6, 0)


def test_a_token_and_a_certificate_open_nothing_of_another_application(bench: Workbench) -> None:
    one, other = bench.new_application(), bench.new_application()
    token = bench.token(one)
    with bench.client(bench.service_account(one)) as http:
        headers = {"AppKey": other.app_key, "Authorization": f"Bearer {token}"}
        assert http.get(TICKETS, headers=headers).status_code == 401
    with bench.client(bench.service_account(other)) as http:
        headers = {"AppKey": one.app_key, "Authorization": f"Bearer {token}"}
        assert http.get(TICKETS, headers=headers).status_code == 403

    assert seen(bench, one)[1:] == [f"GET {TICKETS} 401", f"GET {TICKETS} 403"]
    assert seen(bench, other) == [f"GET {TICKETS} 401", f"GET {TICKETS} 403"]


def test_a_fault_of_an_application_is_met_by_every_kind(bench: Workbench) -> None:
    """Without a key pair too, where the AppKey stands in the query or the form alone."""
    made: dict[Literal["native", "single-page"], tuple[str, str]] = {
        "native": ("app:/x", "POST /v2/oauthtoken"),
        "single-page": ("https://localhost/x", "POST /v2/oauth/login"),
    }
    for kind, (address, operation) in made.items():
        application = bench.new_application(
            type=kind, actor="end-user", redirect_addresses=[address]
        )
        fault = bench.faults.add(operation, application=application, status=503, times=1)
        assert bench.token("demo-native")
        assert bench.token("demo-spa")
        assert fault.met == 0
        with pytest.raises(Exception, match="The service is not available"):
            bench.token(application)
        assert fault.met == 1
        assert seen(bench, application)[-1] == f"{operation} 503"
        assert bench.token(application)


def test_the_faults_of_one_are_asked_for_alone(bench: Workbench) -> None:
    one, other = bench.new_application(), bench.new_application()
    bench.faults.add("POST /v2/oauthtoken", application=one, latency=0.001)
    bench.faults.add(f"GET {TICKETS}", application=bench.service_account(other), status=503)
    bench.token(one)

    bench.faults.assert_met(application=one)
    with pytest.raises(
        AssertionError, match=f"never met:\n  GET {TICKETS} of {other.name}: status 503"
    ):
        bench.faults.assert_met(application=other)


def test_a_view_without_an_entry_says_whose(bench: Workbench) -> None:
    application = bench.new_application(name="silent")
    bench.token("svc-demo")
    view = bench.journal.of(application)

    with pytest.raises(LookupError, match="nothing of silent"):
        _ = view.last
    bench.token(application)
    assert view.last.application == "silent"
    assert len(view) == 1
    view.assert_called("POST /v2/oauthtoken", times=1)
    assert view.find(status=500) == []


class Client:
    """A client of one application, with its own certificate and token."""

    def __init__(self, bench: Workbench, application: Application) -> None:
        account = bench.service_account(application)
        self._http = bench.client(account)
        self._headers = {
            "AppKey": application.app_key,
            "Authorization": f"Bearer {bench.token(account)}",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        return self._http.request(method, path, headers=self._headers, **options)

    def status(self) -> int:
        return self.call("GET", TICKETS).status_code

    def investors(self) -> list[str]:
        answer = self.call("GET", "/v2/investors?externalId=SAME")
        return [each["name"] for each in answer.json()["data"]]


def test_new_keys_of_one_end_its_own_tokens_alone(bench: Workbench) -> None:
    one, other = bench.new_application(), bench.new_application()
    with Client(bench, one) as client, Client(bench, other) as unaffected:
        changed = bench.applications.refresh_keys(one)

        assert client.status() == 401
        assert unaffected.status() == 200
    assert changed.app_key not in (one.app_key, other.app_key)
    assert bench.token(changed)


def test_a_revoked_certificate_of_one_closes_nothing_of_another(bench: Workbench) -> None:
    one, other = bench.new_application(), bench.new_application()
    with Client(bench, one) as client, Client(bench, other) as unaffected:
        assert (client.status(), unaffected.status()) == (200, 200)
        bench.certificate(one).revoke()

        with pytest.raises(httpx2.HTTPError):
            client.status()
        assert unaffected.status() == 200
    assert "revoked" in str(bench.journal.of(one).last.refused_because)
    assert bench.journal.of(other).last.refused_because is None


def test_an_answer_of_one_is_given_to_no_other(bench: Workbench) -> None:
    one, other = bench.new_application(), bench.new_application()
    bench.enqueue(f"GET {TICKETS}", application=one, status=299)
    with Client(bench, one) as client, Client(bench, other) as unaffected:
        assert [unaffected.status() for _ in range(2)] == [200, 200]
        assert [client.status() for _ in range(2)] == [299, 200]


def test_a_fault_of_one_is_met_by_no_other(bench: Workbench) -> None:
    one, other = bench.new_application(), bench.new_application()
    fault = bench.faults.add(f"GET {TICKETS}", application=one, status=503)
    with Client(bench, one) as client, Client(bench, other) as unaffected:
        assert unaffected.status() == 200
        assert fault.met == 0
        assert client.status() == 503
    assert [words(each) for each in bench.journal.of(other).entries if each.fault] == []


def test_a_removed_application_takes_nothing_of_another_with_it(bench: Workbench) -> None:
    one, other = (bench.new_application(own_data=True) for _ in range(2))
    fault = bench.faults.add("GET /v2/investors", application=other, status=503, times=1)
    bench.enqueue(f"GET {TICKETS}", application=other, status=299)
    bench.data.of(other)["investors"].replace([{"externalId": "SAME", "name": "other"}])
    with Client(bench, one) as client, Client(bench, other) as unaffected:
        bench.applications.remove(one)

        with pytest.raises(httpx2.HTTPError):  # its certificates are revoked
            client.status()
        assert unaffected.call("GET", "/v2/investors").status_code == 503
        assert unaffected.investors() == ["other"]
        assert unaffected.status() == 299
    assert fault.met == 1
    assert len(bench.data.of(other)["investors"]) == 1


def records(bench: Workbench, number: int) -> list[str]:
    """A test of its own: it puts records in, its client adds one, and it clears the others."""
    application = bench.new_application(own_data=True)
    mine = bench.data.of(application)
    mine["investors"].replace([{"externalId": "SAME", "name": f"{number}"}])
    with Client(bench, application) as client:
        seen = client.investors()
        created = client.call(
            "POST", "/v1/investors", json={"externalId": "NEW", "name": f"new {number}"}
        )
        assert created.status_code == 202
    found = [str(each["name"]) for each in mine["investors"]]
    mine["trade-tickets"].clear()
    assert len(mine["trade-tickets"]) == 0
    return [*seen, *found]


def test_threads_with_own_records_each_see_their_own_alone(bench: Workbench) -> None:
    before = {name: len(bench.data[name]) for name in ("investors", "trade-tickets")}
    sharing = bench.new_application()
    with Client(bench, sharing) as client, ThreadPoolExecutor(MANY) as pool:
        found = list(pool.map(lambda number: records(bench, number), range(MANY)))

        assert client.investors() == []
        assert len(client.call("GET", TICKETS).json()["data"]) > 0
    for number, names in enumerate(found):
        assert names == [f"{number}", f"{number}", f"new {number}"]
    assert {name: len(bench.data[name]) for name in before} == before


def test_the_records_of_an_application_without_its_own_are_not_cleared(bench: Workbench) -> None:
    application = bench.new_application()
    before = len(bench.data["investors"])

    with pytest.raises(Rejected, match=r"register an application with own_data=True"):
        bench.data.of(application)

    assert len(bench.data["investors"]) == before


def test_both_modes_see_the_same_own_records(server: MockSei) -> None:
    server.reset()
    application = server.new_application(own_data=True)
    with Attached(server.control_url) as attached:
        there = attached.data.of(application)
        there["investors"].replace([{"externalId": "SAME"}])
        assert [*server.data.of(application.name)["investors"]] == [{"externalId": "SAME"}]
        assert list(there) == list(server.data.of(application))
        mine = attached.new_application(own_data=True)
    with pytest.raises(UnknownApplication):  # the end of the block removed it
        server.data.of(mine)
    assert len(server.platform.state.own_data) == 1
