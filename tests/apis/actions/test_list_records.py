"""``list``: what selects records, what only shapes the answer, and selections that follow writes
and the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mock_sei.apis.collections import Record
from tests.apis.engine import Engine, operation
from tests.cases import every_case

PARAMETERS = """[
  {name: colour, in: query, x-mock-sei: {field: colour}},
  {name: when, in: query, x-mock-sei: {field: at, match: period}},
  {name: asOf, in: query, x-mock-sei: {field: day, match: as-of}},
  {name: section, in: query, x-mock-sei: {use: section}},
  {name: noise, in: query, x-mock-sei: {use: ignored}},
  {name: sort, in: query, x-mock-sei: {use: sort}},
  {name: order, in: query, schema: {type: string, enum: [asc, desc]}, x-mock-sei: {use: order}},
]"""
RULE = "{collection: widgets, key: id, identifiers: [id]}"
RECORDS = [
    {"id": 2, "colour": "Red", "at": "2026-03-08T12:00:00.000", "day": "2026-03-08"},
    {"id": 1, "colour": "Green", "at": "2026-03-09T12:00:00.000", "day": "2026-03-09"},
    {"id": 3, "colour": "Red", "day": "2026-03-08"},
]


def engine_of(parameters: str = PARAMETERS) -> Engine:
    return Engine.of(operation(RULE, parameters), widgets=RECORDS)


def without_as_of() -> Engine:
    return engine_of(PARAMETERS.replace("match: as-of", "match: equals"))


def only(number: int) -> Callable[[object], tuple[Record, ...]]:
    return lambda _: ({"id": number},)


def test_records_come_in_the_order_of_their_key() -> None:
    assert without_as_of().ids() == [1, 2, 3]


@every_case(
    ("query", "ids"),
    [
        ("order=desc", [3, 2, 1]),
        ("order=asc", [1, 2, 3]),
        ("sort=colour", [1, 2, 3]),
        ("sort=at", [2, 1, 3]),
        ("sort=at&order=desc", [3, 1, 2]),
        ("sort=nothing", [1, 2, 3]),
        ("noise=x", [1, 2, 3]),
    ],
)
def test_a_parameter_can_order(query: str, ids: list[int]) -> None:
    assert without_as_of().ids(query) == ids


def test_a_section_shows_those_members_and_the_identifiers() -> None:
    assert without_as_of().call("/v1/widgets?section=colour&order=desc").body["data"][0] == {
        "id": 3,
        "colour": "Red",
    }


def test_a_selection_follows_every_write() -> None:
    engine = without_as_of()
    assert engine.ids("colour=Red") == [2, 3]

    engine.state.collections.add("widgets", [{"id": 0, "colour": "Red"}])
    assert engine.ids("colour=Red") == [0, 2, 3]
    engine.state.collections.replace("widgets", engine.state.collections.all("widgets")[0], None)
    assert engine.ids("colour=Red") == [0, 3]


def test_a_selection_follows_the_clock_in_either_zone() -> None:
    """Midnight in Eastern time is not midnight in UTC."""
    engine = without_as_of()

    engine.now = datetime(2026, 3, 9, 3, 30, tzinfo=UTC)  # still the 8th in New York
    assert engine.ids("when=yesterday") == []
    engine.now = datetime(2026, 3, 9, 4, 30, tzinfo=UTC)
    assert engine.ids("when=yesterday") == [2]
    engine.now = datetime(2026, 3, 10, 4, 30, tzinfo=UTC)
    assert engine.ids("when=yesterday") == [1]


def test_as_of_today_follows_the_clock_in_utc() -> None:
    engine = engine_of()

    engine.now = datetime(2026, 3, 8, 23, 59, tzinfo=UTC)
    assert engine.ids() == [2, 3]
    engine.now = datetime(2026, 3, 9, 0, 1, tzinfo=UTC)
    assert engine.ids() == [1]


@pytest.mark.long
def test_a_page_is_never_older_than_the_last_write() -> None:
    """Other clients ask for the same page at the same time."""
    engine = without_as_of()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            engine.call("/v1/widgets?limit=10")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for each in readers:
        each.start()
    try:
        for number in range(300):
            engine.state.collections.change("widgets", only(number))
            assert engine.ids("limit=10") == [number]
    finally:
        stop.set()
        for each in readers:
            each.join()


@pytest.mark.parametrize("query", ["sort=at", "sort=colour", ""])
def test_pages_of_different_orders_are_told_apart(query: str) -> None:
    engine = without_as_of()
    pages = {each: engine.ids(each) for each in ("sort=at", "sort=colour")}

    assert pages == {"sort=at": [2, 1, 3], "sort=colour": [1, 2, 3]}
    assert engine.ids(query) == pages.get(query, [1, 2, 3])
