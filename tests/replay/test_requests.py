"""Which requests are equal: method, path, query as a set, body as a value, and placeholders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_sei.apis.bodies import MOST_VALUES
from mock_sei.recordings.exchanges import NO_BODY, RecordedBody
from mock_sei.replay.answers import RecordedAnswer
from mock_sei.replay.recorded_calls import RecordedCall, RecordedCalls
from mock_sei.replay.requests import ComparedAs, ComparedRequest, recorded_request
from mock_sei.replay.templates import MOST_ALIKE, MOST_MASKS
from tests.cases import every_case
from tests.growth import Action, assert_flat, assert_linear
from tests.recordings.made import FORM, JSON, body
from tests.replay.made import request

pytestmark = pytest.mark.long


def answer(number: int = 1) -> RecordedAnswer:
    return RecordedAnswer(
        file="a.har", number=number, status=200, headers=(), body=None, is_json=True, origin=None
    )


def compared(
    target: str = "/v2/x", sent: RecordedBody = NO_BODY, method: str = "POST"
) -> ComparedRequest:
    return recorded_request(request(method, target, sent))


def recorded(*requests: ComparedRequest) -> RecordedCalls:
    """The calls of a recording; the answers have numbers from 1."""
    calls = RecordedCalls()
    for number, each in enumerate(requests, 1):
        calls.add(each, answer(number))
    return calls


def find(calls: RecordedCalls, called: ComparedRequest) -> RecordedCall | None:
    paths = calls.find_paths(called.method, called.segments)
    return next(filter(None, (each.find(called) for each in paths)), None)


def numbers(calls: RecordedCalls, called: ComparedRequest) -> list[int]:
    found = find(calls, called)
    return [] if found is None else [each.number for each in found.answers]


def left_out() -> RecordedBody:
    return RecordedBody(media_type="multipart/form-data", size=5, left_out="too large")


EQUAL = [
    (compared("/v2/x?a=1&b=2"), compared("/v2/x?b=2&a=1")),
    (compared("/v2/x?a=1&a=1"), compared("/v2/x?a=1")),
    (compared("/v2/x?a=%41+b"), compared("/v2/x?a=A%20b")),
    (compared("/v2/%41"), compared("/v2/A")),
    (compared("/v2/x?access_token={{token-1}}&a=1"), compared("/v2/x?a=1")),
    (compared("/v2/x?a=1"), compared("/v2/x?AppKey=other&a=1")),
    (compared("/v2/x?a={{token-1}}"), compared("/v2/x?a=anything")),
    (compared("/v2/x?a={{token-1}}"), compared("/v2/x?a=")),
    (compared("/v2/x?a=b{{code-1}}c{{code-2}}d"), compared("/v2/x?a=b--c-cc-d")),
    (compared("/v2/{{secret-1}}/y"), compared("/v2/any/y")),
    (compared("/v2/{{secret-1}}?a={{token-1}}"), compared("/v2/any?a=thing")),
    (compared(sent=body('{"a": 1.0, "b": [2e3]}')), compared(sent=body('{"b":[2000],"a":1}'))),
    (compared(sent=body('{"a": -0}')), compared(sent=body('{"a": 0.0}'))),
    (compared(sent=body("[1]", "application/problem+json")), compared(sent=body("[1]", JSON))),
    (compared(sent=body("[1]", "")), compared(sent=body(" [ 1 ]", JSON))),
    (compared(sent=body('{"p":"{{password-1}}"}')), compared(sent=body('{"p":"x"}'))),
    (compared(sent=body('{"p":"{{password-1}}"}')), compared(sent=body('{"p":{"q":[1]}}'))),
    (compared(sent=body('{"p":"{{password-1}}"}')), compared(sent=body('{"p":7}'))),
    (
        compared(sent=body('{"l":[{"p":"{{password-1}}","n":1},{"p":null,"n":2}]}')),
        compared(sent=body('{"l":[{"p":"x","n":1},{"p":null,"n":2}]}')),
    ),
    (compared(sent=body("a=1&b=2", FORM)), compared(sent=body("b=2&a=%31", FORM))),
    (compared(sent=body("a={{secret-1}}", FORM)), compared(sent=body("a=x", FORM))),
    (compared(sent=body("a,{{token-1}}\n", "text/csv")), compared(sent=body("a,9\n", "text/csv"))),
    (
        compared(sent=body("--x\r\nA\r\n--x--", "multipart/mixed; boundary=x")),
        compared(sent=body("--yy\r\nA\r\n--yy--", 'multipart/mixed; boundary="yy"')),
    ),
    (compared(sent=left_out()), compared(sent=body(b"\xff", "image/png"))),
    (compared(sent=left_out()), compared(sent=body("{}"))),
    (compared(sent=body("{}"), method="GET"), compared(method="GET")),
]


@every_case("pair", EQUAL)
def test_a_call_that_is_equal_is_found(pair: tuple[ComparedRequest, ComparedRequest]) -> None:
    there, here = pair

    assert numbers(recorded(there), here) == [1]


OTHER = [
    (compared("/v2/x?a=1"), compared("/v2/x?a=1&b=2")),
    (compared("/v2/x?a=1&b=2"), compared("/v2/x?a=1")),
    (compared("/v2/x?a=1"), compared("/v2/x?A=1")),
    (compared("/v2/x"), compared("/v2/x", method="PUT")),
    (compared("/v2/x"), compared("/v2/X")),
    (compared("/v2/x"), compared("/v2/x/")),
    (compared("/v2/a%2Fb"), compared("/v2/a/b")),
    (compared("/v2/x?a=b{{code-1}}c"), compared("/v2/x?a=b")),
    (compared("/v2/x?a=ab{{code-1}}ba"), compared("/v2/x?a=aba")),
    (compared("/v2/{{secret-1}}/y"), compared("/v2/any/z")),
    (compared("/v2/x?a={{token-1}}"), compared("/v2/x")),
    (compared(sent=body('{"a": 1}')), compared(sent=body('{"a": "1"}'))),
    (compared(sent=body('{"a": true}')), compared(sent=body('{"a": 1}'))),
    (compared(sent=body('{"a": 1e999999999999999999999}')), compared(sent=body('{"a": 1e400}'))),
    (compared(sent=body('{"a": "1e0"}')), compared(sent=body('{"a": 1}'))),
    (compared(sent=body("[1, 2]")), compared(sent=body("[2, 1]"))),
    (compared(sent=body('["a,b"]')), compared(sent=body('["a","b"]'))),
    (compared(sent=body('{"p":"x{{password-1}}"}')), compared(sent=body('{"p":7}'))),
    (
        compared(sent=body('{"l":[{"p":"{{password-1}}"},{"p":null}]}')),
        compared(sent=body('{"l":[{"p":"x"},{"p":"y"}]}')),
    ),
    (compared(sent=body('{"a": 1}')), compared(sent=body('{"a": 1}', "text/plain"))),
    (compared(sent=body("a=1", FORM)), compared(sent=body("a=2", FORM))),
    (compared(sent=body("a", "text/plain")), compared(sent=body("b", "text/plain"))),
    (compared(sent=body("a", "text/plain")), compared()),
    (compared(), compared(sent=body("a", "text/plain"))),
    (compared(sent=left_out()), compared()),
]


@every_case("pair", OTHER)
def test_another_call_is_not_found(pair: tuple[ComparedRequest, ComparedRequest]) -> None:
    there, here = pair

    assert numbers(recorded(there), here) == []


def test_equal_requests_have_their_answers_in_order() -> None:
    calls = recorded(compared("/a?x=1&y=2"), compared("/b"), compared("/a?y=2&x=1"))

    assert numbers(calls, compared("/a?x=1&y=2")) == [1, 3]


def test_the_text_of_a_placeholder_finds_its_own_answers_first() -> None:
    """A client that follows the pages of a replayed list sends the placeholder back."""
    calls = recorded(compared("/a?page={{token-1}}"), compared("/a?page={{token-2}}"))

    assert numbers(calls, compared("/a?page=%7B%7Btoken-2%7D%7D")) == [2]
    assert numbers(calls, compared("/a?page=other")) == [1, 2]


def test_a_request_without_placeholders_is_found_first() -> None:
    calls = recorded(compared("/a?page={{token-1}}"), compared("/a?page=2"))

    assert numbers(calls, compared("/a?page=2")) == [2]
    assert numbers(calls, compared("/a?page=3")) == [1]


def test_what_has_too_many_masks_is_found_by_its_text_only() -> None:
    requests = [
        compared(f"/{'/'.join('{{secret-1}}' if bit == '1' else 'x' for bit in f'{number:06b}')}")
        for number in range(1, 64)
    ]
    calls = recorded(*requests)

    assert calls.only_literal == 63 - MOST_MASKS
    assert numbers(calls, requests[-1])[-1] == 63


def test_what_has_too_many_texts_around_a_placeholder_is_found_by_its_text_only() -> None:
    requests = [compared(f"/x?a=b{number}-{{{{token-1}}}}") for number in range(MOST_ALIKE + 5)]
    calls = recorded(*requests)

    assert calls.only_literal == 5
    assert numbers(calls, compared("/x?a=b3-any")) == [4]
    assert numbers(calls, compared(f"/x?a=b{MOST_ALIKE}-any")) == []
    assert numbers(calls, requests[-1]) == [MOST_ALIKE + 5]


def test_the_keys_are_those_of_the_next_start() -> None:
    requests = [compared(f"/{number}?a={{{{token-1}}}}") for number in range(3)]

    first, second = (find(recorded(*requests), compared("/2?a=1")) for _ in range(2))

    assert first is not None
    assert second is not None
    assert first.key == second.key


@pytest.mark.parametrize("depth", [90, 101, 100_000])
def test_deep_json_is_compared(depth: int) -> None:
    text = "[" * depth + "]" * depth

    assert numbers(recorded(compared(sent=body(text))), compared(sent=body(text))) == [1]
    assert numbers(recorded(compared(sent=body(text))), compared(sent=body(f"[{text}]"))) == []


@pytest.mark.slow
@every_case(
    "target", ["/v2/x?a={}", "/{}", "/v2/{{{{secret-1}}}}?a={}", "/v2/x?a={{{{token-1}}}}&b={}"]
)
def test_a_call_costs_no_more_in_a_large_recording(target: str) -> None:
    def make(size: int) -> Action:
        calls = recorded(*(compared(target.format(number)) for number in range(size)))
        return lambda: numbers(calls, compared(target.format(7)))

    assert make(10)() == [8]
    assert_flat(make)


@pytest.mark.slow
@pytest.mark.parametrize("size", [MOST_VALUES, MOST_VALUES + 1])
def test_a_body_with_too_many_values_is_compared_by_its_bytes(size: int) -> None:
    kind = ComparedAs.JSON if size <= MOST_VALUES else ComparedAs.BYTES
    there, here = (compared(sent=body(f"[{','.join('1' * size)}{end}]")) for end in ("", " "))

    assert there.body.kind is here.body.kind is kind
    assert numbers(recorded(there), here) == ([1] if kind is ComparedAs.JSON else [])
    form = compared(sent=body("&".join(["a=1"] * (size + 1)), FORM))
    assert form.body.kind is (ComparedAs.FORM if size <= MOST_VALUES else ComparedAs.BYTES)


def test_a_large_body_costs_linear_time() -> None:
    calls = recorded(compared(sent=body('{"l":[{"p":"{{password-1}}"}]}')))

    item = '{"p":"x"}'

    def make(size: int) -> Action:
        called = compared(sent=body(f'{{"l":[{",".join([item] * size)}]}}'))
        return lambda: numbers(calls, called)

    assert_linear(make, 2000)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def with_placeholders(value: Any, chosen: Iterator[bool]) -> Any:
    """The value with some of its texts and numbers replaced, as a recorder does it."""
    if isinstance(value, dict):
        return {name: with_placeholders(each, chosen) for name, each in value.items()}
    if isinstance(value, list):
        return [with_placeholders(each, chosen) for each in value]
    is_scalar = isinstance(value, str | int) and not isinstance(value, bool)
    return "{{secret-1}}" if is_scalar and next(chosen) else value


@given(value=VALUES, chosen=st.lists(st.booleans(), min_size=10, max_size=10), other=VALUES)
@example(value=[0, [0]], chosen=[True], other=None)
def test_any_json_is_found_in_any_spelling_and_with_any_placeholders(
    value: Any, chosen: list[bool], other: Any
) -> None:
    kept = json.dumps(with_placeholders(value, cycle(chosen)))
    calls = recorded(compared(sent=body(kept)))
    spelled = json.dumps(value, indent=3, ensure_ascii=False, sort_keys=True)

    assert numbers(calls, compared(sent=body(spelled))) == [1]
    plain = recorded(compared(sent=body(json.dumps(value))))
    is_equal = json.dumps(other, sort_keys=True) == json.dumps(value, sort_keys=True)
    assert numbers(plain, compared(sent=body(json.dumps(other)))) == ([1] if is_equal else [])
