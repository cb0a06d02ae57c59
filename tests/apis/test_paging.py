"""Pages: by cursor, by offset, and the links between them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.collections import ordered
from mock_sei.apis.paging import page
from tests.apis.engine import LIST, Engine, operation, widgets
from tests.cases import every_case

PARAMETERS = """[
  {name: limit, in: query, schema: {type: integer}}, {name: cursor, in: query},
  {name: sort, in: query, x-mock-sei: {use: sort}},
  {name: order, in: query, x-mock-sei: {use: order}},
  {name: flag, in: query, schema: {type: boolean}},
  {name: tags, in: query, schema: {type: array}},
]"""


def engine_of(records: Sequence[dict[str, Any]], rule: str = LIST) -> Engine:
    return Engine.of(operation(rule, PARAMETERS), widgets=records)


def cursor(text: str) -> str:
    return urlencode({"cursor": base64.b64encode(text.encode()).decode()})


def walk(engine: Engine, query: str, direction: str = "next") -> list[Any]:
    """The keys of all pages, beginning with a query."""
    pages, target = [], f"/v1/widgets?{query}"
    while target:
        body = engine.call(target).body
        pages.append([each.get("id") for each in body["data"]])
        link = body["paging"][direction]
        target = (link or "").removeprefix("https://localhost")
        assert len(pages) < 100, "the walk never ends"
    return pages if direction == "next" else pages[::-1]


@every_case(
    ("limit", "count"),
    [
        *[("", 50), ("limit=1", 1), ("limit=50", 50), ("limit=51", 50), ("limit=2147483647", 50)],
        *[("limit=0", 50), ("limit=-1", 50)],
    ],
)
def test_a_page_holds_at_most_fifty(limit: str, count: int) -> None:
    paging = engine_of(widgets(60)).call(f"/v1/widgets?{limit}").body["paging"]

    assert paging["limit"] == count
    assert paging["totalCount"] == 60


@every_case("limit", ["x", "1.5", "", "%EF%BC%95", "9" * 400, "--1"])
def test_a_limit_that_is_declared_a_number_is_one(limit: str) -> None:
    text = operation(LIST, "[{name: limit, in: query, schema: {type: integer}}]")

    ((field, location, _),) = Engine.of(text).faults(f"/v1/widgets?limit={limit}")

    assert (field, location) == ("limit", "query")


def test_a_least_limit_of_a_users_document_holds() -> None:
    text = operation(LIST, "[{name: limit, in: query, schema: {type: integer, minimum: 1}}]")

    assert Engine.of(text).faults("/v1/widgets?limit=0")
    assert Engine.of(text, widgets=widgets(2)).ids("limit=1") == [1]


@every_case("limit", ["0", "-1", "x", "1.5", "", "%EF%BC%95", "9" * 400, "--1"])
def test_a_limit_that_says_no_size_counts_as_not_sent_and_is_noted(limit: str) -> None:
    """Some pages declare it as text, and no page says which texts are refused."""
    text = operation(LIST, "[{name: limit, in: query, schema: {type: string}}]")
    engine = Engine.of(text, widgets=widgets(60))

    paging = engine.call(f"/v1/widgets?limit={limit}").body["paging"]

    assert paging["limit"] == 50
    (note,) = engine.findings.notes
    assert note.startswith("limit must be a whole number, 1 or more")


KEYS: list[list[Any]] = [
    [1, 2, 3, 10, 20],
    ["a", "b", "é", "Z", "10", "9"],
    [1, 2, "1", "2", "x"],
    [0.5, 1.5, 2, 10.25],
    [1, 1, 1, 1, 1, 2, 2],
    ["x"] * 7,
    [None, None, None, 1],
    [True, False, ["list"], {"an": "object"}],
]


@pytest.mark.long
@every_case("keys", KEYS, ids=str)
@every_case("limit", [1, 2, 3])
def test_a_walk_gives_every_record_once_whatever_the_keys(keys: list[Any], limit: int) -> None:
    records = [{"id": key} | {"n": number} for number, key in enumerate(keys)]
    engine = engine_of(records)
    expected = [each["id"] for each in ordered(records, "id")]

    pages = walk(engine, f"limit={limit}")

    assert [key for each in pages for key in each] == expected
    assert all(len(each) == limit for each in pages[:-1])


@pytest.mark.long
@given(
    st.lists(st.integers() | st.text() | st.floats(allow_nan=False) | st.none(), max_size=20),
    st.integers(1, 7),
)
def test_any_keys_can_be_walked(keys: list[Any], limit: int) -> None:
    records = ordered([{"id": key, "n": number} for number, key in enumerate(keys)], "id")
    seen: list[Any] = []
    values: dict[str, Any] = {"limit": limit}
    while True:
        shown, paging = page(records, key="id", values=values, url="")
        seen.extend(shown)
        if paging["next"] is None:
            break
        values["cursor"] = query_of(paging["next"])["cursor"]
        assert len(seen) <= len(records)

    assert seen == list(records)


def query_of(link: str) -> dict[str, str]:
    return dict(parse_qsl(link.partition("?")[2], keep_blank_values=True))


def test_a_walk_back_gives_the_same() -> None:
    engine = engine_of(widgets(11))

    pages = walk(engine, f"limit=4&{cursor('9')}", direction="previous")

    assert pages == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11]]


@pytest.mark.parametrize("query", ["sort=name", "sort=name&order=desc", "order=desc"])
def test_an_order_of_the_callers_own_is_walked_too(query: str) -> None:
    records = [{"id": number, "name": f"n{number % 3}"} for number in range(1, 8)]
    engine = engine_of(records)
    whole = engine.ids(query)
    assert whole != list(range(1, 8))

    assert [key for each in walk(engine, f"{query}&limit=2") for key in each] == whole


def test_a_cursor_of_a_removed_record_goes_on_behind_it() -> None:
    engine = engine_of([each for each in widgets(9) if each["id"] != 5])

    assert engine.ids(f"limit=2&{cursor('5')}") == [6, 7]
    assert engine.ids(f"limit=2&{cursor('99')}") == []
    assert engine_of([]).ids(cursor("5")) == []


@every_case(
    "query",
    [
        "cursor=%21",
        "cursor=YWJj",
        "cursor=/w==",
        "cursor=NQ",
        cursor("5\x1fx"),
        f"order=desc&{cursor('9')}",
        cursor("5\x1f-1"),
        cursor("9" * 5000),
    ],
)
def test_a_foreign_cursor_is_refused(query: str) -> None:
    engine = engine_of(widgets(9))
    ((field, _, reason),) = engine.faults(f"/v1/widgets?{query}")

    assert field == "cursor"
    assert reason.startswith("not a cursor of this resource")


def test_the_links_repeat_the_filters() -> None:
    link = (
        engine_of(widgets(3)).call("/v1/widgets?flag=true&tags=a,b&limit=2").body["paging"]["next"]
    )

    assert link.startswith("https://localhost/v1/widgets?")
    assert query_of(link) == {"flag": "true", "tags": "a,b", "limit": "2", "cursor": "Mw=="}


OFFSETS = """[
  {name: startAt, in: query, x-mock-sei: {use: start}},
  {name: maxResult, in: query, schema: {type: integer}, x-mock-sei: {use: count}},
]"""
OFFSET_RULE = "{collection: widgets, key: id, paging: offset}"


@every_case(
    ("query", "first", "count"),
    [
        ("", 1, 50),
        ("startAt=50", 51, 10),
        ("startAt=10&maxResult=3", 11, 3),
        ("maxResult=500", 1, 50),
        ("maxResult=0", None, 0),
        ("startAt=999999999", None, 0),
    ],
)
def test_pages_by_offset(query: str, first: int | None, count: int) -> None:
    """Work Desk's ``startAt`` and ``maxResult``."""
    body = (
        Engine.of(operation(OFFSET_RULE, OFFSETS), widgets=widgets(60))
        .call(f"/v1/widgets?{query}")
        .body
    )

    assert len(body["data"]) == count
    assert not body["data"] or body["data"][0]["id"] == first
    assert body["paging"]["total"] == 60


@every_case(
    ("query", "noted"),
    [
        ("startAt=-1", ["startAt"]),
        ("startAt=x&maxResult=-1", ["maxResult", "startAt"]),
        ("startAt=" + "9" * 400, ["startAt"]),
        ("startAt=59", []),
    ],
)
def test_offsets_that_say_no_position_count_as_not_sent_and_are_noted(
    query: str, noted: list[str]
) -> None:
    engine = Engine.of(operation(OFFSET_RULE, OFFSETS), widgets=widgets(60))

    assert len(engine.call(f"/v1/widgets?{query}").body["data"]) == (50 if noted else 1)
    assert [each.split()[0] for each in engine.findings.notes] == noted


def test_no_paging_gives_all_in_the_envelope_alone() -> None:
    engine = engine_of(widgets(60), "{collection: widgets, key: id, paging: none}")

    assert engine.call().body == {"data": widgets(60)}


@pytest.mark.parametrize(
    ("envelope", "body"),
    [
        ("data", {"data": [{"id": 1}]}),
        ("results", {"data": {"results": [{"id": 1}]}}),
        ("none", [{"id": 1}]),
    ],
)
def test_envelopes(envelope: str, body: object) -> None:
    rule = f"{{collection: widgets, key: id, paging: none, envelope: {envelope}}}"

    assert engine_of(widgets(1), rule).call().body == body
