"""Which scripted answers can be set, and what is wrong with the others."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from mock_sei.errors import Rejected
from mock_sei.faults.answer_checks import make_answer, make_function_answer
from mock_sei.matching.targets import CallTarget
from mock_sei.rules.standards import Listener
from tests.cases import every_case


@every_case(
    ("fields", "problem"),
    [
        ({"times": 0}, "times: 0: must be at least 1"),
        ({"times": -1}, "times: -1: must be at least 1"),
        ({"times": 2**63}, "times: "),
        ({"times": True}, "times: true: must be a whole number"),
        ({"times": 1.0}, "times: 1.0: must be a whole number"),
        ({"times": "2"}, "times: '2': must be a whole number"),
        ({"required": "yes"}, "required: must be true or false, not str"),
        ({"required": None}, "required: must be true or false, not None"),
        ({"listener": "threeway"}, "listener: must be one of one-way, two-way"),
        ({"listener": 2}, "listener: must be one of"),
        ({"when": ["a"]}, "when: must be states with their values, not list"),
        ({"when": {"a": 1}}, "when: 'a': must be a text"),
        ({"when": {"": "a"}}, "when: '': a state has a name of 1 to 2000 characters"),
        ({"when": {1: "a"}}, "when: 1: a state has a name"),
        ({"then": {"a" * 2001: "a"}}, "a state has a name of 1 to 2000 characters"),
        ({"then": {"a": "a" * 2001}}, "then: 'a': must be a text of at most 2000 characters"),
        ({"then": {"a": "\ud800"}}, "then: 'a': must be a text"),
        ({"then": {"\ud800": "a"}}, "a state has a name"),
        ({"then": {str(each): "a" for each in range(101)}}, "then: at most 100 states, not 101"),
        ({"request": {"hedaers": {}}}, "request: 'hedaers': no such part; did you mean headers?"),
        ({"request": {1: {}}}, "request: 1: no such part; there are query, headers, json, body"),
        ({"request": ["headers"]}, "request: must be parts of the request, not list"),
        ({"request": {"headers": ["a"]}}, "request.headers: must be names with their values"),
        ({"request": {"json": {"a": {1}}}}, "request.json: cannot be sent as JSON"),
        ({"request": {"body": 1}}, "request.body: must be a text, bytes"),
        ({"request": {"query": []}}, "request.query: must be names with their values"),
        ({"query": "a=1"}, "query: must be names with their values"),
        ({"query": {"a": 10**5000}}, "query: 'a': too many digits"),
        ({"query": {"a": {"matches": "("}}}, "query: 'a': '(' is no regular expression"),
        ({"query": {"a": "1"}, "request": {"query": {"b": "1"}}}, "query: given twice"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(fields: dict[str, Any], problem: str) -> None:
    for make in (make_answer, partial(make_function_answer, function=lambda _: None)):
        with pytest.raises(Rejected) as caught:
            make("GET /x", **fields)

        assert problem in str(caught.value)


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(Rejected) as caught:
        make_answer(
            "x",
            application=1,  # type: ignore[arg-type]
            query=[],  # type: ignore[arg-type]
            request={"body": 1},
            status=7,
            times=0,
            when=[],  # type: ignore[arg-type]
            required=None,  # type: ignore[arg-type]
        )

    assert caught.value.problems.keys() == {
        *("operation", "application", "query", "request.body"),
        *("status", "times", "when", "required"),
    }


def test_the_parts_of_the_request_stand_beside_those_of_the_answer() -> None:
    answer = make_answer(
        "GET /x",
        listener="two-way",
        query={"a": "1"},
        request={"headers": {"X": "y"}, "json": {"b": 2}, "body": "c"},
        headers={"Z": "1"},
        json_body={"d": 3},
    )

    parts = answer.target.parts
    assert (parts.query, parts.headers, parts.json, parts.body) == (
        {"a": "1"},
        {"X": "y"},
        {"b": 2},
        "c",
    )
    assert answer.target.listener is Listener.TWO_WAY
    assert (answer.ready.content, answer.ready.headers) == (b'{"d": 3}', {"Z": "1"})
    assert make_answer("GET /x", request={"query": {"a": "1"}}).target.parts.query == {"a": "1"}
    assert make_answer("GET /x", request={}).target == CallTarget(operation="GET /x")


class Handler:
    def __call__(self, request: object) -> None: ...


@every_case(
    "function", [lambda request: request, lambda *args: args, print, Handler(), partial(int, "1")]
)
def test_a_function_that_takes_the_request_can_be_set(function: Any) -> None:
    assert make_function_answer("GET /x", function).function is function


@every_case(
    ("function", "problem"),
    [
        (7, "must be a function that takes the request, not int"),
        ("GET", "must be a function that takes the request, not str"),
        (lambda: 1, "must be a function that takes one argument, the request"),
        (lambda a, b: a + b, "must be a function that takes one argument, the request"),
        (lambda *, request: request, "must be a function that takes one argument"),
    ],
)
def test_a_function_that_cannot_be_called_is_refused(function: Any, problem: str) -> None:
    with pytest.raises(Rejected, match=f"answer: {problem}"):
        make_function_answer("GET /x", function)


def test_an_answer_counts_with_all_that_it_holds() -> None:
    def size(**fields: Any) -> int:
        return make_answer("GET /x", **fields).size

    assert size() == size(text="a") == 1024
    assert size(text="a" * 5000) == 5000
    assert size(text="{{clock.now}}" + "a" * 5000) > 5000
    assert size(query={"a": "b" * 5000}) > 5000
    assert size(request={"body": "b" * 5000}) > 5000
    assert size(headers={"A": "b" * 5000}) > 5000
    assert size(then={str(each): "b" * 100 for each in range(50)}) > 5000
    assert size(query={"a": float("nan")}) >= 1024
    assert size(text="{{clock.now}}" * 1000) > 100_000
