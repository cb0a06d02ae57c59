"""Tests that share one server, each with its own application, do not affect each other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import httpx2
import pytest

from mock_sei import Attached, MockSei
from mock_sei.journal.entries import Entry
from mock_sei.rules.records import Application
from mock_sei.testing.workbench import Workbench
from tests.e2e.serving import Serving, environment, run
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
        for _ in range(3)
    ]
    told = [json.loads(each.communicate(timeout=PATIENCE)[0]) for each in processes]

    for each in told:
        assert each["seen"] == [each["application"]]
        assert (each["entries"], each["met"]) == (5, 5)
    assert len({each["application"] for each in told}) == 3
    left = run(sys.executable, "-c", _LEFT, url)
    assert left.stdout.split() == ["6", "0"], left.stderr


_LEFT = """
import sys
from mock_sei import Attached
with Attached(sys.argv[1]) as bench:
    print(len(bench.applications), len(bench.faults))
"""


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
    with pytest.raises(AssertionError, match=f"never met:\n  GET {TICKETS}: status 503"):
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
