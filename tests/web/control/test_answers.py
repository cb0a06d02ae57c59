"""Scripted answers by the control API: set, listed, looked up, removed."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from mock_sei.platform import Platform
from tests.support import TICKETS, Served

OPERATION = f"GET {TICKETS}"

WHOLE: dict[str, Any] = {
    "operation": OPERATION,
    "application": "demo-server",
    "listener": "two-way",
    "query": {"cursor": {"matches": "^a"}, "page": 2, "none": None},
    "request": {"headers": {"Accept": "text/plain"}, "json": {"a": 1}, "body": {"base64": "/w=="}},
    "status": 404,
    "json": {"next": "{{request.query.cursor}}"},
    "headers": {"X-Mine": "{{counter.mine}}"},
    "times": 3,
    "when": {"step": None, "other": "a"},
    "then": {"step": "one"},
    "required": True,
    "template": True,
}


def add(control: httpx2.Client, **fields: Any) -> int:
    answer = control.post("/answers", json={"operation": OPERATION, **fields})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_every_field_is_listed_and_found(control: httpx2.Client) -> None:
    assert control.post("/answers", json=WHOLE).json() == {"id": 1, "waiting": 1}

    listed = control.get("/answers").json()
    assert listed["waiting"] == [OPERATION]
    assert listed["states"] == {}
    shown = {name: each for name, each in WHOLE.items() if name not in ("json", "headers")}
    del shown["template"]
    digest = listed["answers"][0]["digest"]
    assert len(digest) == 16
    assert listed["answers"] == [{"id": 1, "used": 0, "digest": digest, **shown}]
    assert control.get("/answers/1").json() == listed["answers"][0]


def test_an_answer_is_used_then_gone_and_its_number_can_still_be_read(
    control: httpx2.Client, served: Served
) -> None:
    identifier = add(control, times=2, json={"n": "{{counter.n}}"}, then={"s": "{{moved}}"})

    assert served.get().json() == {"n": "1"}
    assert control.get(f"/answers/{identifier}").json()["used"] == 1
    assert served.get().json() == {"n": "2"}

    listed = control.get("/answers").json()
    assert (listed["waiting"], listed["answers"]) == ([], [])
    assert listed["states"] == {"s": "{{moved}}"}
    assert control.get(f"/answers/{identifier}").json()["used"] == 2


def test_an_answer_without_times_stays_until_it_is_removed(
    control: httpx2.Client, served: Served
) -> None:
    identifier = add(control, text="default", times=None)
    assert [served.get().text for _ in range(3)] == ["default"] * 3

    assert control.delete(f"/answers/{identifier}").status_code == 204
    assert served.get().status_code == 200
    assert served.get().text != "default"
    for gone in (control.get, control.delete):
        refused = gone(f"/answers/{identifier}")
        assert (refused.status_code, refused.json()["error"]) == (404, "UnknownAnswer")
        assert "GET /answers lists" in refused.json()["detail"]


def test_all_answers_are_removed_and_states_go_with_a_reset(
    control: httpx2.Client, served: Served
) -> None:
    numbers = [add(control, then={"s": "a"}), add(control, times=None)]
    served.get()
    assert control.delete("/answers").status_code == 204

    assert control.get("/answers").json()["answers"] == []
    assert control.get("/answers").json()["states"] == {"s": "a"}
    assert all(control.get(f"/answers/{each}").status_code == 404 for each in numbers)
    control.post("/reset")
    assert control.get("/answers").json()["states"] == {}
    assert add(control) == 1


@pytest.mark.long
def test_answers_that_differ_in_anything_have_other_digests(control: httpx2.Client) -> None:
    more: list[dict[str, Any]] = [
        *({name: value} for name, value in WHOLE.items() if name not in ("operation", "template")),
        {"operation": "GET /x"},
        {"text": "a"},
        {"text": "{{clock.now}}"},
        {"text": "{{clock.now}}", "template": False},
        {"json": "a"},
        {"request": {"query": {"a": "b"}}},
        {},
    ]
    for each in more:
        add(control, **each)

    listed = control.get("/answers").json()["answers"]
    assert len({each["digest"] for each in listed}) == len(more)
    add(control)
    assert control.get("/answers").json()["answers"][-1]["digest"] == listed[-1]["digest"]


def test_the_check_names_what_is_left_over(control: httpx2.Client, platform: Platform) -> None:
    identifier = add(control, required=True, application="demo-web")

    assert control.get("/check").json()["unused_answers"] == [
        f"{OPERATION} of demo-web: used 0 of 1 times"
    ]
    platform.portal.remove("demo-web")
    assert len(control.get("/check").json()["unused_answers"]) == 1
    control.delete(f"/answers/{identifier}")
    assert control.get("/check").json()["unused_answers"] == []


def test_answers_are_listed_after_the_last_that_was_seen(control: httpx2.Client) -> None:
    numbers = [add(control, times=None) for _ in range(5)]
    control.delete(f"/answers/{numbers[1]}")

    def listed(**query: int) -> list[int]:
        found = control.get("/answers", params=query).json()["answers"]
        return [each["id"] for each in found]

    assert listed(after=numbers[0], limit=2) == numbers[2:4]
    assert listed(after=numbers[1], start=1) == numbers[3:]
    assert listed(after=numbers[4]) == []
    assert control.get("/answers", params={"after": -1}).status_code == 422


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"times": 0}, "times"),
        ({"times": "1"}, "times"),
        ({"times": True}, "times"),
        ({"times": 1.5}, "times"),
        ({"listener": "threeway"}, "listener"),
        ({"query": {"a": {"matches": "("}}}, "query"),
        ({"query": [1]}, "query"),
        ({"request": {"hedaers": {}}}, "request"),
        ({"request": {"headers": {"a b": "c"}}}, "request.headers"),
        ({"request": {"body": {"base64": "?"}}}, "request.body"),
        ({"when": {"a": 1}}, "when"),
        ({"when": {"": "a"}}, "when"),
        ({"then": {"a": "b" * 2001}}, "then"),
        ({"then": []}, "then"),
        ({"required": 1}, "required"),
        ({"template": "no"}, "template"),
        ({"json": "{{now}}"}, "json"),
        ({"text": "{{request.path.id}}"}, "text"),
        ({"headers": {"X": "{{clock.now"}}, "headers"),
        ({"answer": "f"}, "answer"),
    ],
)
def test_a_wrong_field_is_refused_and_nothing_is_kept(
    control: httpx2.Client, fields: dict[str, Any], named: str
) -> None:
    answer = control.post("/answers", json={"operation": OPERATION, **fields})

    assert answer.status_code in (400, 422)
    assert [each.partition(".")[0] for each in answer.json()["problems"]] == [
        named.partition(".")[0]
    ]
    assert control.get("/answers").json()["answers"] == []
