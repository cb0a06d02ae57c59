"""Which calls are meant, said the same way in process, attached and by the control API."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from mock_sei import Attached, MockSei
from mock_sei.errors import Rejected, UnknownApplication
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.workbench import Workbench
from tests.cases import every_case
from tests.e2e.serving import wait_for
from tests.e2e.test_workbench import headers
from tests.patience import PATIENCE

INVESTORS = "/v2/investors"
TRANSFERS = "/v1/transfers"


def pages(workbench: Workbench) -> list[int]:
    """The statuses of all pages of a list, as a client reads them."""
    statuses: list[int] = []
    with workbench.client("svc-demo", headers=headers(workbench)) as http:
        path: str | None = f"{INVESTORS}?limit=2"
        while path is not None and len(statuses) < 3:
            answer = http.get(path)
            statuses.append(answer.status_code)
            paging = answer.json().get("paging", {}) if answer.is_success else {}
            path = paging.get("next")
    return statuses


def test_a_fault_hits_the_second_page_only(workbench: Workbench) -> None:
    fault = workbench.faults.add(
        f"GET {INVESTORS}", query={"cursor": re.compile(".")}, status=503, times=1
    )
    assert pages(workbench) == [200, 503]
    assert fault.met == 1
    assert len(pages(workbench)) == 3
    workbench.journal.assert_called(f"GET {INVESTORS}", query={"cursor": None}, times=2)
    workbench.journal.assert_called(f"GET {INVESTORS}", status=503, query={"limit": 2}, times=1)


def test_bytes_and_patterns_are_told_to_every_platform(workbench: Workbench) -> None:
    fault = workbench.faults.add(f"POST {TRANSFERS}", body=b"\x00\xff", status=503)
    with workbench.client("svc-demo", headers=headers(workbench)) as http:
        assert http.post(TRANSFERS, content=b"\x00\xff").status_code == 503
        assert http.post(TRANSFERS, content=b"\x00").status_code != 503
    assert fault.met == 1
    workbench.journal.assert_called(body=b"\x00\xff", times=1)
    fault.remove()
    assert len(workbench.faults) == 0


def test_the_journal_is_asserted_by_what_was_sent(workbench: Workbench) -> None:
    with workbench.client("svc-demo", headers=headers(workbench)) as http:
        http.post(TRANSFERS, json={"amount": 5, "to": {"account": "A-1"}, "password": "geheim"})
    journal = workbench.journal
    journal.assert_called(f"POST {TRANSFERS}", json={"to": {"account": "A-1"}}, times=1)
    journal.assert_not_called(f"POST {TRANSFERS}", json={"to": {"account": "A-2"}})
    journal.assert_order("POST /v2/oauthtoken", {"json": {"amount": 5}})
    [entry] = journal.find(json={"password": "geheim"})
    assert entry.request is not None
    assert "geheim" not in entry.request.body
    with pytest.raises(AssertionError) as caught:
        journal.assert_called(f"POST {TRANSFERS}", json={"to": {"account": "A-2"}})
    assert 'json: /to/account: expected "A-2", came "A-1"' in str(caught.value)
    assert "geheim" not in str(caught.value)
    with pytest.raises(AssertionError, match="expected in this order"):
        journal.assert_order({"json": {"amount": 5}}, "POST /v2/oauthtoken")


def test_the_journal_of_an_application_has_the_same_words(workbench: Workbench) -> None:
    other = workbench.new_application()
    sent = headers(workbench)
    with workbench.client("svc-demo", headers=sent) as http:
        http.get(INVESTORS)
    own = workbench.journal.of(other)
    own.assert_not_called(f"GET {INVESTORS}")
    with pytest.raises(AssertionError):
        own.wait_for(f"GET {INVESTORS}", timeout=0.01)
    registered = workbench.applications["demo-server"]
    demo = workbench.journal.of(registered)
    with pytest.raises(Rejected, match="of one application"):
        demo.find(application=other)
    assert demo.find(application="svc-demo") == demo.find()
    assert workbench.journal.find(application=registered) == demo.find()
    demo.assert_called(f"GET {INVESTORS}", headers={"APPKEY": "demo-server-key"})
    demo.assert_order("POST /v2/oauthtoken", f"GET {INVESTORS}")
    assert demo.wait_for(f"GET {INVESTORS}", timeout=PATIENCE).status == 200


def test_a_wait_needs_no_second_question(
    workbench: Workbench, server: MockSei, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call that is waited for comes when the server waits."""
    sent = headers(workbench)
    journal = server.platform.journal
    original, asked = journal.watch, threading.Event()

    def watch(*args: Any, **options: Any) -> Any:
        watching = original(*args, **options)
        asked.set()
        return watching

    monkeypatch.setattr(journal, "watch", watch)
    calls: list[str] = []
    call = ControlApi.call

    def counted(api: ControlApi, method: str, path: str, *rest: Any, **options: Any) -> Any:
        calls.append(path)
        return call(api, method, path, *rest, **options)

    monkeypatch.setattr(ControlApi, "call", counted)

    def client() -> None:
        assert asked.wait(PATIENCE)
        with server.client("svc-demo", headers=sent) as http:
            http.get(INVESTORS, params={"limit": 1})
            http.get(INVESTORS, params={"limit": 2})

    thread = threading.Thread(target=client)
    thread.start()
    entry = workbench.journal.wait_for(f"GET {INVESTORS}", query={"limit": 2}, timeout=PATIENCE)
    thread.join()
    assert entry.status == 200
    assert calls == ([] if workbench is server else ["/journal/wait"])


def test_other_calls_are_answered_while_many_wait(server: MockSei) -> None:
    """A wait keeps no thread of the server busy: there are 40 of them."""
    server.reset()

    with Attached(server.control_url) as attached, ThreadPoolExecutor(60) as pool:
        waits = [
            pool.submit(attached.journal.wait_for, "GET /never", timeout=PATIENCE)
            for _ in range(60)
        ]
        while server.platform.journal.waits < 60:
            assert httpx2.get(f"{server.control_url}/faults", trust_env=False).status_code == 200
        with server.client() as http:
            http.get("/never/mind")
            assert server.platform.journal.waits == 60
            http.get("/never")
        assert {each.result(PATIENCE).status for each in waits} == {404}
    assert server.platform.journal.waits == 0


def test_a_client_that_leaves_ends_its_wait(server: MockSei) -> None:
    server.reset()
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(
            f"{server.control_url}/journal/wait",
            json={"operation": "GET /never", "timeout": 250},
            timeout=0.5,
            trust_env=False,
        )
    wait_for(lambda: server.platform.journal.waits == 0)


def test_a_server_stops_while_somebody_waits() -> None:
    with MockSei() as server:
        url = f"{server.control_url}/journal/wait"
        ended: list[type[Exception]] = []

        def wait() -> None:
            try:
                httpx2.post(url, json={"timeout": 250}, timeout=PATIENCE, trust_env=False)
            except httpx2.TransportError as error:
                ended.append(type(error))

        thread = threading.Thread(target=wait)
        thread.start()
        wait_for(lambda: server.platform.journal.waits == 1)
    thread.join(PATIENCE)
    assert ended


@every_case(
    ("fields", "name"),
    [
        ({"query": {"a": object()}}, "query"),
        ({"query": 5}, "query"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"json": {"a": object()}}, "json"),
        ({"body": object()}, "body"),
        ({"querry": {}}, "querry"),
    ],
)
def test_what_cannot_be_compared_is_refused_everywhere(
    workbench: Workbench, fields: dict[str, Any], name: str
) -> None:
    for act in (
        lambda: workbench.faults.add(status=503, **fields),
        lambda: workbench.journal.find(**fields),
        lambda: workbench.journal.assert_called(**fields),
        lambda: workbench.journal.wait_for(timeout=0.01, **fields),
    ):
        with pytest.raises(Rejected) as caught:
            act()
        assert list(caught.value.problems) == [name]
    assert len(workbench.faults) == 0


def test_an_application_that_nobody_knows_is_named(workbench: Workbench) -> None:
    with pytest.raises(UnknownApplication, match="demo-servr"):
        workbench.journal.assert_called(application="demo-servr")
    headers(workbench)
    workbench.journal.assert_called("POST /v2/oauthtoken", application="demo-server-key", times=1)
    workbench.journal.assert_called("POST /v2/oauthtoken", application="svc-demo", times=1)
