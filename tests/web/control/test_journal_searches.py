"""Searching and verifying the journal over HTTP, and bodies whatever their content type says."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from mock_sei.operations.journal import SearchJournal, VerifyJournal
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.remote import Remote
from tests.patience import PATIENCE
from tests.support import Served

TOKEN = "POST /v2/oauthtoken"


@pytest.fixture
def remote(control: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> Remote:
    api = ControlApi("http://127.0.0.1:8044", timeout=PATIENCE, hint="")
    monkeypatch.setattr(api, "_http", control)
    return Remote(api)


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
