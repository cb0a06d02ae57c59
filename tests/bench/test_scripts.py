"""Scripted answers: which call gets which."""

from __future__ import annotations

from typing import Any

import pytest

from mock_sei.bench.scripts import Scripts, make_answer
from mock_sei.errors import Rejected
from tests.bench.test_faults import call


def test_answers_are_given_once_each_in_their_order() -> None:
    scripts = Scripts()
    for number in (1, 2):
        scripts.enqueue(make_answer("GET /v2/investors", json_body={"number": number}))

    taken = [scripts.take(call()) for _ in range(3)]

    assert [each and each.content for each in taken] == [b'{"number": 1}', b'{"number": 2}', None]
    assert scripts.waiting == []


def test_another_operations_answer_waits_for_its_own_call() -> None:
    scripts = Scripts()
    scripts.enqueue(make_answer("POST /v1/investors", status=202))

    assert scripts.take(call("GET /v2/investors")) is None
    found = scripts.take(call("POST /v1/investors"))
    assert found is not None
    assert found.status == 202


def test_strict_mode_keeps_calls_without_a_script() -> None:
    scripts = Scripts()
    scripts.strict = True
    scripts.enqueue(make_answer("GET /v2/investors"))

    scripts.take(call())
    scripts.take(call())
    scripts.take_for_oauth(call("POST /v2/oauthtoken"))

    assert scripts.unscripted == ["GET /v2/investors"]


@pytest.mark.parametrize(
    ("operation", "fields", "problem"),
    [
        ("investors", {}, "operation: 'investors': not a method and a path"),
        ("GET /x", {"status": 99}, "status: 99"),
        ("GET /x", {"json_body": {1, 2}}, "json: cannot be sent as JSON"),
        ("GET /x", {"json_body": float("nan")}, "json: cannot be sent as JSON"),
        ("GET /x", {"headers": {"X": "a\r\nY: b"}}, "headers: 'X'"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    operation: str, fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(Rejected) as caught:
        make_answer(operation, **fields)

    assert problem in str(caught.value)
