"""A look-up by an order finds the same records as a look at every record, for any filter values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.filters import select, steps_of
from mock_sei.apis.operations import Key
from mock_sei.apis.records import Record, RecordTable, find_value, order_of
from tests.apis.engine import Engine

DOCUMENT = """
paths:
  /v1/widgets:
    get:
      x-mock-sei: {collection: widgets, key: id}
      parameters:
        - {name: x, in: query, x-mock-sei: {field: x}, schema: {type: string}}
        - {name: xy, in: query, x-mock-sei: {field: "x,y.z"}, schema: {type: string}}
        - name: since
          in: query
          x-mock-sei: {field: at, match: from}
          schema: {type: string, format: date}
        - name: since-time
          in: query
          x-mock-sei: {field: at, match: from}
          schema: {type: string, format: local-date-time}
        - name: until
          in: query
          x-mock-sei: {field: at, match: to}
          schema: {type: string, format: date-time}
        - {name: within, in: query, x-mock-sei: {field: at, match: period}, schema: {type: string}}
        - {name: in, in: query, x-mock-sei: {field: x, match: folder}, schema: {type: string}}
        - {name: part, in: query, x-mock-sei: {field: x, match: contains}, schema: {type: string}}
        - name: as-of
          in: query
          x-mock-sei: {field: at, match: as-of, unless: [since, until]}
          schema: {type: string}
      responses: {"200": {description: good}}
"""

ENGINE = Engine.of(DOCUMENT)
LIST = ENGINE.catalogue.find("GET", "/v1/widgets")[0]
NOW = datetime(2026, 3, 9, 3, 30, tzinfo=UTC)

SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, 1.5, "", "a", "a/", "ab", "1", "true", {"z": 1}]
)
TIMES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        "",
        "2026-03-08",
        "2026-03-08T23:00",
        "2026-03-09T00:00:00.000",
        "2026-03-09T00:00:00.5",
        "2026-03-09T03:30:00.000Z",
        "2026-03-09T04:30:00Z",
        "2026-04-01",
        7,
    ]
)
RECORDS = st.fixed_dictionaries(
    {"id": st.integers(0, 9)},
    optional={
        "x": SCALARS | st.lists(SCALARS, max_size=3),
        "y": st.fixed_dictionaries({"z": SCALARS}) | st.lists(SCALARS, max_size=2),
        "at": TIMES,
    },
)
WANTED: st.SearchStrategy[Any] = st.sampled_from([True, 0, 1, 1.5, "", "a", "a/", "1", "true"])
DAYS = st.sampled_from(["2026-03-08", "2026-03-09", "2026-03-31"])
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "x": WANTED | st.lists(WANTED, max_size=3).map(tuple),
        "xy": WANTED,
        "since": DAYS,
        "since-time": DAYS | st.just("2026-03-09T00:00:00.500"),
        "until": DAYS | st.just("2026-03-09T04:30:00.000Z"),
        "within": st.sampled_from(["yesterday", "thisWeek", "thisMonth"]),
        "in": st.sampled_from(["", "a", "a/"]),
        "part": st.sampled_from(["", "A"]),
        "as-of": DAYS | st.just("2020-01-01"),
    },
).map(lambda values: {("query", name): each for name, each in values.items()})


def looked_at(records: list[Record], values: dict[Key, Any], then: tuple[str, ...]) -> list[Record]:
    found: Any = records
    for each in reversed(then):
        found = sorted(found, key=lambda record: order_of(find_value(record, each)))
    for step in steps_of(LIST, values, NOW):
        found = step.choose(found)
    return list(found)


@given(st.lists(RECORDS, max_size=30), VALUES, st.sampled_from([("id",), ("x", "id")]))
def test_an_order_finds_what_a_look_at_each_finds(
    records: list[Record], values: dict[Key, Any], then: tuple[str, ...]
) -> None:
    found = select(RecordTable.of(records), steps_of(LIST, values, NOW), then)

    assert list(found) == looked_at(records, values, then)
