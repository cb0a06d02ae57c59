"""Scripted answers: which call gets which answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mock_sei.errors import Rejected
from mock_sei.faults.answers import make_answer
from mock_sei.faults.scripts import Scripts
from tests.cases import every_case
from tests.faults.test_faults import APPLICATION, call
from tests.growth import Action, assert_flat

DEEP = json.loads("[" * 300 + "]" * 300)


def test_answers_are_given_once_each_in_their_order() -> None:
    scripts = Scripts()
    for number in (1, 2):
        scripts.enqueue(make_answer("GET /v2/investors", json_body={"number": number}))

    taken = [scripts.take(call()) for _ in range(3)]

    assert [each and each.answer.ready.content for each in taken] == [
        b'{"number": 1}',
        b'{"number": 2}',
        None,
    ]
    assert scripts.waiting == []


def test_another_operations_answer_waits_for_its_own_call() -> None:
    scripts = Scripts()
    scripts.enqueue(make_answer("POST /v1/investors", status=202))

    assert scripts.take(call("GET /v2/investors")) is None
    found = scripts.take(call("POST /v1/investors"))
    assert found is not None
    assert found.answer.ready.status == 202


def test_strict_mode_keeps_calls_without_a_script() -> None:
    scripts = Scripts()
    scripts.strict = True
    scripts.enqueue(make_answer("GET /v2/investors"))

    scripts.take(call())
    scripts.take(call())
    scripts.take_for_oauth(call("POST /v2/oauthtoken"))

    assert scripts.unscripted == ["GET /v2/investors"]


@every_case(
    ("operation", "fields", "problem"),
    [
        ("investors", {}, "operation: 'investors': not a method and a path"),
        ("GET /x", {"status": 99}, "status: 99"),
        ("GET /x", {"json_body": {1, 2}}, "json: cannot be sent as JSON"),
        ("GET /x", {"json_body": float("nan")}, "json: cannot be sent as JSON"),
        ("GET /x", {"headers": {"X": "a\r\nY: b"}}, "headers: 'X'"),
        ("GET /x", {"status": 204, "json_body": {}}, "json: an answer with status 204 has no body"),
        ("GET /x", {"status": 304, "text": "a"}, "text: an answer with status 304 has no body"),
        ("GET /x", {"status": 205, "text": "a"}, "text: an answer with status 205 has no body"),
        ("GET /x", {"status": True}, "status: true: must be a whole number"),
        ("GET /x", {"status": 200.0}, "status: 200.0: must be a whole number"),
        ("GET /x", {"status": "200"}, "status: '200': must be a whole number"),
        (
            "GET /x",
            {"status": 10**5000},
            "status: a whole number of many digits: must be a status from 200 to 599",
        ),
        ("GET /x", {"status": 20000}, "status: 20000: must be a status"),
        ("GET /x", {"json_body": "\ud800"}, "json: cannot be sent as JSON"),
        ("GET /x", {"json_body": {"\udfff": 1}}, "json: cannot be sent as JSON"),
        ("GET /x", {"json_body": {(1, 2): 3}}, "json: cannot be sent as JSON"),
        ("GET /x", {"json_body": DEEP}, "json: cannot be sent as JSON: more than 100 levels"),
        ("GET /x", {"json_body": 1, "text": "a"}, "text: either json or text, not both"),
        ("GET /x", {"text": "\ud800"}, "text: cannot be sent"),
        ("GET /x", {"text": b"a"}, "text: must be a text, not bytes"),
        ("GET /x", {"text": "a" * (16 * 1024 * 1024 + 1)}, "text: 16777217 bytes; at most"),
        ("GET /x", {"application": "\ud800"}, "application: half a surrogate pair"),
        ("GET /\ud800", {}, "operation: half a surrogate pair"),
        ("GET /x", {"headers": ["X"]}, "headers: must be names with their values, not list"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    operation: str, fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(Rejected) as caught:
        make_answer(operation, **fields)

    assert problem in str(caught.value)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_has_no_media_type_either(status: int) -> None:
    answer = make_answer("GET /x", status=status, headers={"ETag": '"1"'})

    assert (answer.ready.content, answer.ready.media_type) == (b"", None)


def test_the_oldest_answer_is_given_whatever_it_is_scripted_for() -> None:
    scripts = Scripts()
    for number, (operation, application) in enumerate(
        [
            ("* /v2/*", "svc-demo"),
            ("GET /v2/investors", "demo-web"),
            ("GET /v2/investors", None),
            ("GET /v2/{name}", "demo-server"),
        ]
    ):
        scripts.enqueue(make_answer(operation, application=application, json_body=number))

    taken = [scripts.take(call()) for _ in range(4)]

    assert [each and each.answer.ready.content for each in taken] == [b"0", b"2", b"3", None]
    assert [each.answer.ready.content for each in scripts.waiting] == [b"1"]
    assert len(scripts) == 1


@pytest.mark.parametrize("name", ["demo-server", "demo-server-key", "svc-demo"])
def test_an_application_takes_its_answers_with_it(name: str) -> None:
    scripts = Scripts()
    scripts.enqueue(make_answer("GET /v2/investors", application=name))
    scripts.enqueue(make_answer("GET /v2/investors", application="demo-web"))

    scripts.drop_application(APPLICATION)

    assert scripts.take(call()) is None
    assert scripts.take(call(app_key="demo-web-key")) is not None


def test_answers_that_wait_together_are_bounded_and_room_is_given_back() -> None:
    scripts = Scripts()
    large = make_answer("GET /v2/investors", text="a" * (16 * 1024 * 1024))
    for _ in range(4):
        scripts.enqueue(large)

    with pytest.raises(Rejected, match="text: 67108864 bytes of answers wait already"):
        scripts.enqueue(make_answer("GET /x", text="a"))
    with pytest.raises(Rejected, match="json: 67108864 bytes of answers wait already"):
        scripts.enqueue(make_answer("GET /x", status=204))
    scripts.take(call())
    scripts.enqueue(large)

    assert len(scripts) == 4


def test_the_newest_calls_without_a_script_are_kept_and_cut() -> None:
    scripts = Scripts()
    scripts.strict = True
    for number in range(1100):
        scripts.take(call(f"GET /{number}/{'a' * 5000}"))

    assert len(scripts.unscripted) == 1000
    assert max(map(len, scripts.unscripted)) == 2000
    assert scripts.unscripted[-1].startswith("GET /1099/")


OTHERS: dict[str, Callable[[int], dict[str, Any]]] = {
    "applications": lambda number: {"operation": "* *", "application": f"app-{number}"},
    "paths": lambda number: {"operation": f"GET /v1/thing/{number}"},
    "patterns": lambda number: {"operation": f"GET /v1/{{id}}/thing-{number}/*"},
}


@pytest.mark.slow
@pytest.mark.parametrize("others", OTHERS)
def test_answers_for_others_cost_a_call_nothing(others: str) -> None:
    caller = call()

    def make(count: int) -> Action:
        scripts = Scripts()
        for number in range(count):
            scripts.enqueue(make_answer(**OTHERS[others](number)))
        return lambda: scripts.take(caller)

    assert_flat(make, many=5000)


@pytest.mark.slow
def test_an_answer_is_put_in_and_taken_beside_many_as_beside_few() -> None:
    caller, answer = call(), make_answer("GET /v2/investors")

    def make(count: int) -> Action:
        scripts = Scripts()
        for number in range(count):
            scripts.enqueue(make_answer("GET /v2/investors", application=f"app-{number}"))

        def one() -> None:
            scripts.enqueue(answer)
            taken = scripts.take(caller)
            assert taken is not None
            assert taken.answer is answer
            assert len(scripts) == count

        return one

    assert_flat(make, many=5000)
