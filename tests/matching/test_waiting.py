"""Items that wait for calls: a call finds its own, however many there are for others."""

from __future__ import annotations

from typing import Any

import pytest

from mock_sei.fixtures import load_fixtures
from mock_sei.matching.parts import RequestParts
from mock_sei.matching.sent import SentRequest
from mock_sei.matching.targets import Caller, CallTarget
from mock_sei.matching.waiting import Waiting
from mock_sei.rules.standards import Listener
from tests.cases import every_case
from tests.growth import Action, assert_flat

REGISTRY = load_fixtures().registry


def caller(query: bytes = b"", body: bytes | None = b"", path: str = "/v2/investors") -> Caller:
    return Caller(
        method="GET",
        path=path,
        listener=Listener.TWO_WAY,
        app_key="demo-server-key",
        registry=REGISTRY,
        sent=SentRequest(raw_query=query, raw_headers=[(b"x-n", b"7")], body=body),
    )


def target(operation: str | None = "GET /v2/investors", **parts: Any) -> CallTarget:
    return CallTarget(operation=operation, parts=RequestParts(**parts))


def waiting(*targets: CallTarget) -> Waiting[int]:
    found: Waiting[int] = Waiting()
    for number, each in enumerate(targets):
        found.add(number, each, number)
    return found


def test_the_oldest_that_fits_comes_first() -> None:
    items = waiting(
        target(query={"cursor": "x"}),
        target(query={"cursor": {"matches": "^a"}}),
        target(query={"cursor": "abc"}),
        target(headers={"X-N": "7"}),
        target(),
        target(None, json={"a": {"b": 1}}),
        target(body="{}"),
    )
    assert list(items.fitting(caller(b"cursor=abc"))) == [1, 2, 3, 4]
    assert list(items.fitting(caller(body=b'{"a": {"b": 1, "c": 2}}'))) == [3, 4, 5]
    assert list(items.fitting(caller(body=b"{}"))) == [3, 4, 6]
    assert list(items.fitting(caller(body=None))) == [3, 4]


def test_what_was_removed_is_found_no_more() -> None:
    wanted = [target(query={"cursor": "a"}), target(json={"a": 1}), target(body="b")]
    items = waiting(*wanted)
    assert items.need_body("GET /v2/investors")
    for number, each in enumerate(wanted):
        items.remove(number, each)
    assert len(items) == 0
    assert not items.need_body("GET /v2/investors")
    assert not list(items.fitting(caller(b"cursor=a", b'{"a": 1}')))


def test_the_body_is_needed_only_where_it_decides() -> None:
    items = waiting(
        target("POST /v1/transfers", json={"a": 1}), target("GET /v2/*", query={"a": 1})
    )
    assert items.need_body("POST /v1/transfers")
    assert not items.need_body("GET /v2/investors")
    assert waiting(target(None, body="x")).need_body("GET /v2/investors")


def of_query(each: int) -> CallTarget:
    return target(query={"cursor": str(each), "limit": {"matches": "5"}})


def of_header(each: int) -> CallTarget:
    return target(headers={"X-Other": str(each)})


def of_json(each: int) -> CallTarget:
    return target(json={"a": {"b": each + 2}})


def of_body(each: int) -> CallTarget:
    return target(body=f"text {each}")


def of_operation(each: int) -> CallTarget:
    return target(f"GET /v2/other{each}", query={"cursor": {"matches": "a"}})


@pytest.mark.long
@every_case("kind", [of_query, of_header, of_json, of_body, of_operation])
def test_a_call_costs_the_same_however_many_items_are_for_other_requests(kind: Any) -> None:
    def find(count: int) -> Action:
        items = waiting(*(kind(each) for each in range(count)), target(query={"cursor": "abc"}))
        found = [count]
        assert list(items.fitting(caller(b"cursor=abc&limit=5", b'{"a": {"b": 1}}'))) == found
        return lambda: list(items.fitting(caller(b"cursor=abc&limit=5", b'{"a": {"b": 1}}')))

    assert_flat(find)


@pytest.mark.long
def test_whether_a_body_is_needed_costs_the_same_for_any_number_of_items() -> None:
    def ask(count: int) -> Action:
        items = waiting(*(target(f"POST /v1/a{each}", json={"a": 1}) for each in range(count)))
        for number in range(count - 1):
            items.remove(number, target(f"POST /v1/a{number}", json={"a": 1}))
        assert not items.need_body("GET /v2/investors")
        return lambda: [items.need_body("GET /v2/investors") for _ in range(20)]

    assert_flat(ask)
