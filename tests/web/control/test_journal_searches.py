"""Searching and verifying the journal over HTTP, and bodies whatever their content type says."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from mock_sei.operations.journal import SearchJournal, VerifyJournal
from mock_sei.testing.remote import Remote
from tests.cases import every_case
from tests.support import Served

TOKEN = "POST /v2/oauthtoken"


@pytest.fixture(autouse=True)
def calls(served: Served) -> None:
    served.post_token("demo-server")
    served.post_token("demo-server", auth=("demo-server-key", "wrong"))


def test_a_search_finds_what_a_query_finds(control: httpx2.Client) -> None:
    fields: dict[str, Any] = {"operation": TOKEN, "status": 401}
    searched = control.post("/journal/search", json=fields)

    assert searched.status_code == 200
    assert searched.json() == control.get("/journal", params=fields).json()
    assert [each["response"]["status"] for each in searched.json()["entries"]] == [401]


@pytest.mark.parametrize(("times", "good"), [(None, True), (1, True), (0, False), (2, False)])
def test_a_verification_is_200_or_409_with_the_nearest(
    control: httpx2.Client, remote: Remote, times: int | None, good: bool
) -> None:
    fields: dict[str, Any] = {"operation": TOKEN, "status": 401}
    answer = control.post(
        "/journal/verify", json=fields | ({} if times is None else {"times": times})
    )

    assert answer.status_code == (200 if good else 409)
    told = answer.json()
    assert told["found"] == 1
    if not good:
        assert told["error"] == "NotVerified"
        assert told["problems"] == {}
        assert f"expected {times} of" in told["detail"]
        assert [each["request"]["path"] for each in told["nearest"]] == ["/v2/oauthtoken"]
    read = remote.perform(VerifyJournal(times=times, **fields))
    assert (read.problem is None) is good


def test_what_nobody_called_is_told_with_the_nearest_calls(control: httpx2.Client) -> None:
    told = control.post("/journal/verify", json={"operation": "POST /v2/oauthtokn"}).json()

    assert told["found"] == 0
    assert "nearest recorded" in told["detail"]
    assert told["nearest"]


def test_an_attached_search_gives_entries(remote: Remote) -> None:
    found = remote.perform(SearchJournal(operation=TOKEN, limit=1))

    assert [entry.status for _, entry in found.entries] == [401]
    assert found.last == 2


@pytest.mark.parametrize(
    ("fields", "named"),
    [({"operaton": "x"}, "operaton"), ({"kind": "call"}, "kind"), ({"times": -1}, "times")],
)
def test_a_wrong_field_is_named(control: httpx2.Client, fields: dict[str, Any], named: str) -> None:
    answer = control.post("/journal/verify", json=fields)

    assert answer.status_code == 422
    assert answer.json()["problems"].keys() == {named}
    assert answer.json()["error"] == "Rejected"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"}],
)
def test_a_body_is_json_whatever_its_type_says(
    control: httpx2.Client, headers: dict[str, str]
) -> None:
    answer = control.post("/clock/advance", content=b'{"minutes": 31}', headers=headers)

    assert answer.status_code == 200
    assert answer.json()["is_machine"] is False
    wrong = control.post("/clock/advance", content=b"minutes=31", headers=headers)
    assert wrong.status_code == 422
    assert wrong.json().keys() == {"error", "detail", "problems"}


def test_what_clients_sent_is_searched_for(control: httpx2.Client) -> None:
    wrong = {"headers": {"authorization": {"matches": "^Basic "}}, "status": 401}
    found = control.post("/journal/search", json={"operation": TOKEN, **wrong}).json()["entries"]
    assert [each["response"]["status"] for each in found] == [401]
    form = {"body": {"matches": "grant_type=client_credentials"}}
    assert len(control.post("/journal/search", json=form).json()["entries"]) == 2
    assert control.post("/journal/search", json={"query": {"a": "b"}}).json()["entries"] == []


@every_case(
    ("path", "fields", "named"),
    [
        ("/journal/search", {"query": {"a": {"matches": "("}}}, "query"),
        ("/journal/search", {"headers": {"a b": "c"}}, "headers"),
        ("/journal/verify", {"body": 5}, "body"),
        ("/journal/wait", {"json": {"matches": "["}}, "json"),
        (
            "/journal/verify-order",
            {"calls": [{}, {"query": {"a": {"matches": "("}}}]},
            "call 2, query",
        ),
    ],
)
def test_what_cannot_be_searched_for_is_named(
    control: httpx2.Client, path: str, fields: dict[str, Any], named: str
) -> None:
    answer = control.post(path, json=fields)
    assert (answer.status_code, answer.json()["error"]) == (400, "Rejected")
    assert answer.json()["problems"].keys() == {named}


@every_case(
    ("calls", "status"),
    [
        ([{"status": 200}, {"status": 401}], 200),
        ([{"operation": TOKEN}, {"operation": TOKEN}], 200),
        ([{"status": 401}, {"status": 200}], 409),
        ([{"status": 200}, {"status": 200}], 409),
        ([{"status": 200}], 422),
        ([{"status": 200}] * 101, 422),
        ([{"statsu": 200}, {}], 422),
        ("POST /x", 422),
    ],
)
def test_an_order_is_200_or_409(control: httpx2.Client, calls: Any, status: int) -> None:
    answer = control.post("/journal/verify-order", json={"calls": calls})
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["error"] == "NotVerified"
        assert "expected in this order" in answer.json()["detail"]


def test_a_wait_answers_what_is_there_or_what_is_nearest(control: httpx2.Client) -> None:
    there = control.post("/journal/wait", json={"operation": TOKEN, "times": 2})
    assert there.status_code == 200
    assert [each["response"]["status"] for each in there.json()["entries"]] == [200, 401]
    missing = control.post("/journal/wait", json={"operation": TOKEN, "times": 3, "timeout": 0.01})
    assert missing.status_code == 409
    assert missing.json()["found"] == 2
    assert "waited 0.01 seconds\nexpected 3 of" in missing.json()["detail"]


@pytest.mark.parametrize(
    "wrong", [{"timeout": 0}, {"timeout": 301}, {"times": 0}, {"timeout": "5"}, {"timeout": None}]
)
def test_a_wait_that_cannot_be_is_refused(control: httpx2.Client, wrong: dict[str, Any]) -> None:
    answer = control.post("/journal/wait", json=wrong)
    assert answer.status_code == 422
    assert answer.json()["problems"].keys() == wrong.keys()


def test_no_answer_repeats_a_secret_that_is_looked_for(control: httpx2.Client) -> None:
    sent = {"body": "password=svc-demo-password", "query": {"a": "demo-server-secret"}}
    detail = control.post("/journal/verify", json=sent).json()["detail"]
    assert "svc-demo-password" not in detail
    assert "demo-server-secret" not in detail


def test_entries_of_an_application_that_was_removed_are_found(
    control: httpx2.Client, served: Served
) -> None:
    served.platform.portal.remove("demo-server-key")
    assert served.platform.registry.find_application("demo-server") is None
    found = control.post("/journal/search", json={"application": "demo-server"}).json()
    assert [each["response"]["status"] for each in found["entries"]] == [200]
    unknown = control.post("/journal/search", json={"application": "demo-servr"})
    assert unknown.status_code == 404


@pytest.mark.long
@every_case(
    ("query", "count"),
    [
        ({"body": '{"matches": "grant_type"}'}, 2),
        ({"body": '"other"'}, 0),
        ({"headers": '{"authorization": null}'}, 0),
        ({"query": '{"a": null}', "status": "200"}, 1),
        ({"json": '{"a": 1}'}, 0),
    ],
)
def test_the_same_words_stand_in_a_query_as_json(
    control: httpx2.Client, query: dict[str, str], count: int
) -> None:
    assert len(control.get("/journal", params=query).json()["entries"]) == count
    assert len(control.get("/journal.har", params=query).json()["log"]["entries"]) == count


@every_case(
    ("query", "named"),
    [({"body": "text"}, "body"), ({"query": "{"}, "query"), ({"json": "["}, "json")],
)
def test_what_is_no_json_in_a_query_is_named(
    control: httpx2.Client, query: dict[str, str], named: str
) -> None:
    for path in ("/journal", "/journal.har", "/journal.curl", "/journal.py"):
        answer = control.get(path, params=query)
        assert (answer.status_code, set(answer.json()["problems"])) == (400, {named})
