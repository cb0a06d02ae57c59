"""How parameters select records: every ``match``, ``every`` and ``chosen``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.apis.engine import LIST, Engine, operation
from tests.cases import every_case

EASTERN = ZoneInfo("America/New_York")


def picked(
    parameters: str, records: Sequence[Mapping[str, Any]], query: str, now: datetime | None = None
) -> list[Any]:
    engine = Engine.of(operation(LIST, f"[{parameters}]"), widgets=records)
    if now is not None:
        engine.now = now
    return engine.ids(query)


def parameter(match: str, *, schema: str = "{type: string}", field: str = "x") -> str:
    return (
        f"{{name: a, in: query, schema: {schema}, x-mock-sei: {{field: {field}, match: {match}}}}}"
    )


def records(*values: Any) -> list[dict[str, Any]]:
    """Records with numbers from one on. None stands for a record without the member."""
    return [
        {"id": number} if value is None else {"id": number, "x": value}
        for number, value in enumerate(values, 1)
    ]


@every_case(
    ("schema", "query", "ids"),
    [
        ("{type: string}", "a=red", [1, 4]),
        ("{type: string}", "a=Red", []),
        ("{type: string}", "a=", []),
        ("{type: integer}", "a=5", [2]),
        ("{type: boolean}", "a=true", [3]),
        ("{type: string, enum: ['true', 'false']}", "a=true", [3]),
        ("{type: array, items: {type: string}}", "a=red,blue", [1, 4]),
        ("{type: string}", "", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_equals(schema: str, query: str, ids: list[int]) -> None:
    """Texts, and flags that are declared as text. A list fits if it contains the value."""
    found = records("red", 5, True, ["red", {"deep": 1}], {"an": "object"}, None)

    assert picked(parameter("equals", schema=schema), found, query) == ids


def test_a_dot_leads_into_a_member() -> None:
    found = records({"y": {"z": "in"}}, {"y": "in"}, "in", None)

    assert picked(parameter("equals", field="x.y.z"), found, "a=in") == [1]


def test_contains_takes_a_part_in_any_case() -> None:
    found = records("Straße 5", "STRASSE", "road", None)

    assert picked(parameter("contains"), found, "a=strasse") == [1, 2]


MOMENTS = (
    "2026-03-30T23:59:59.999",
    "2026-03-31T00:00:00.000",
    "2026-03-31T12:00:00.000",
    "2026-03-31T23:59:59.999",
    "2026-04-01T00:00:00.000",
)


@every_case(
    ("match", "query", "ids"),
    [
        ("from", "a=2026-03-31", [2, 3, 4, 5]),
        ("to", "a=2026-03-31", [1, 2, 3, 4]),
        ("from", "a=2026-03-31T00:00:00.001", [3, 4, 5]),
        ("from", "a=2026-03-31T12:00", [3, 4, 5]),
        ("to", "a=2026-03-31T12:00:00", [1, 2, 3]),
        ("to", "a=2026-03-31T23:59:59.998", [1, 2, 3]),
    ],
)
@every_case("zone", ["", "Z"])
def test_a_bare_date_is_the_first_or_last_instant_of_its_day(
    match: str, query: str, ids: list[int], zone: str
) -> None:
    form = "date-time" if zone else "local-date-time"
    text = parameter(match, schema=f"{{type: string, format: {form}}}")
    query += zone if "T" in query else ""

    assert picked(text, records(*(f"{each}{zone}" for each in MOMENTS), None), query) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("a=2026-03-31T02:00:00%2B02:00", [2, 3, 4, 5]),
        ("a=2026-03-31T08:00:00-04:00", [3, 4, 5]),
        ("a=2026-03-31T00:00:00.0005Z", [2, 3, 4, 5]),
    ],
)
def test_an_offset_is_counted_in(query: str, ids: list[int]) -> None:
    text = parameter("from", schema="{type: string, format: date-time}")

    assert picked(text, records(*(f"{each}Z" for each in MOMENTS)), query) == ids


def test_a_moment_that_no_calendar_has_is_refused() -> None:
    schema = "{type: string, format: date-time}"
    engine = Engine.of(operation(LIST, f"[{parameter('to', schema=schema)}]"))

    ((field, _, reason),) = engine.faults("/v1/widgets?a=0001-01-01T00:00:00%2B14:00")

    assert (field, reason) == ("a", "must be in the years 0001 to 9999")


@every_case(
    ("match", "query", "ids"),
    [
        ("from", "a=2026-03-31T12:00:00", [1, 2, 3, 5]),
        ("to", "a=2026-03-31T12:00:00", [1, 2, 3, 4]),
        ("to", "a=2026-03-31", [1, 2, 3, 4, 5]),
        ("from", "a=2026-03-31", [1, 2, 3, 4, 5]),
    ],
)
def test_records_with_shorter_times_are_compared_as_times(
    match: str, query: str, ids: list[int]
) -> None:
    text = parameter(match, schema="{type: string, format: local-date-time}")
    found = records(
        "2026-03-31T12:00",
        "2026-03-31T12:00:00",
        "2026-03-31T12:00:00.0",
        "2026-03-31",
        "2026-03-31T12:00:01",
    )

    assert picked(text, found, query) == ids


@pytest.mark.parametrize(("match", "ids"), [("from", [2, 3, 4, 5]), ("to", [1, 2, 3, 4])])
def test_a_date_takes_in_its_whole_day(match: str, ids: list[int]) -> None:
    text = parameter(match, schema="{type: string, format: date}")

    assert picked(text, records(*MOMENTS, None), "a=2026-03-31") == ids
    assert picked(text, records(*(each[:10] for each in MOMENTS)), "a=2026-03-31") == ids


AS_OF = parameter("as-of", schema="{type: string, format: date}")
QUARTERS = ("2025-12-31", "2026-03-31", "2025-12-31", "2026-06-30", None)


@every_case(
    ("query", "ids"),
    [
        ("a=2025-12-30", []),
        ("a=2025-12-31", [1, 3]),
        ("a=2026-03-30", [1, 3]),
        ("a=2026-03-31", [2]),
        ("a=2030-01-01", [4]),
        ("", [2]),
    ],
)
def test_as_of_is_the_last_date_that_is_not_after(query: str, ids: list[int]) -> None:
    assert picked(AS_OF, records(*QUARTERS), query) == ids


def test_as_of_looks_at_what_the_other_parameters_left() -> None:
    other = "{name: id, in: query, schema: {type: integer}, x-mock-sei: {field: id}}"

    assert picked(f"{AS_OF}, {other}", records(*QUARTERS), "a=2026-03-31&id=3") == [3]


@every_case(
    ("now", "period", "first", "last"),
    [
        (datetime(2026, 3, 31, 12, tzinfo=EASTERN), "yesterday", "2026-03-30", "2026-03-30"),
        (datetime(2026, 3, 31, 12, tzinfo=EASTERN), "thisWeek", "2026-03-30", "2026-03-31"),
        (datetime(2026, 3, 31, 12, tzinfo=EASTERN), "thisMonth", "2026-03-01", "2026-03-31"),
        (datetime(2026, 3, 31, 12, tzinfo=EASTERN), "thisQuarter", "2026-01-01", "2026-03-31"),
        (datetime(2026, 5, 5, 12, tzinfo=EASTERN), "thisQuarter", "2026-04-01", "2026-05-05"),
        (datetime(2026, 5, 5, 12, tzinfo=EASTERN), "thisYear", "2026-01-01", "2026-05-05"),
        # The year ends at Eastern midnight, five hours after midnight in UTC.
        (datetime(2026, 12, 31, 23, 59, tzinfo=EASTERN), "thisYear", "2026-01-01", "2026-12-31"),
        (datetime(2027, 1, 1, 0, 0, tzinfo=EASTERN), "thisYear", "2027-01-01", "2027-01-01"),
        (datetime(2027, 1, 1, 0, 0, tzinfo=EASTERN), "yesterday", "2026-12-31", "2026-12-31"),
        # Clocks go forward on 8 March 2026 and back on 1 November.
        (datetime(2026, 3, 8, 23, 30, tzinfo=EASTERN), "yesterday", "2026-03-07", "2026-03-07"),
        (datetime(2026, 3, 9, 0, 30, tzinfo=EASTERN), "yesterday", "2026-03-08", "2026-03-08"),
        (datetime(2026, 11, 1, 23, 30, tzinfo=EASTERN), "yesterday", "2026-10-31", "2026-10-31"),
        (datetime(2026, 11, 2, 0, 30, tzinfo=EASTERN), "yesterday", "2026-11-01", "2026-11-01"),
    ],
)
def test_a_period_is_of_eastern_days(now: datetime, period: str, first: str, last: str) -> None:
    edges = records(
        f"{first}T00:00:00.000",
        f"{last}T23:59:59.999",
        first,
        f"{datetime.fromisoformat(f'{first}T00:00').timestamp():.0f}",
        "",
        None,
    )
    outside = [{"id": 9, "x": f"{first[:-2]}00T23:59:59.999"}]

    found = picked(parameter("period"), [*edges, *outside], f"a={period}", now.astimezone(UTC))

    assert found == [1, 2, 3]


def test_a_period_knows_utc_records() -> None:
    found = records("2026-04-01T03:59:59.999Z", "2026-04-01T04:00:00.000Z", "rubbishZ")
    now = datetime(2026, 4, 1, 16, tzinfo=UTC)

    assert picked(parameter("period"), found, "a=thisMonth", now) == [2]
    assert picked(parameter("period"), found, "a=yesterday", now) == [1]


def test_an_unknown_period_is_refused() -> None:
    engine = Engine.of(operation(LIST, f"[{parameter('period')}]"))

    assert engine.faults("/v1/widgets?a=lastWeek")[0].reason.startswith("must be yesterday or")


PAIRS = parameter("pairs", field='"firm,team"')
FIRMS = [
    {"id": 1, "firm": "A", "team": "x"},
    {"id": 2, "firm": "A", "team": "y"},
    {"id": 3, "firm": "B", "team": "x"},
    {"id": 4, "firm": "C"},
]


@every_case(
    ("pairs", "ids"),
    [
        ('[["A","x"]]', [1]),
        ('[["A"]]', [1, 2]),
        ('[["A","y"],["B"]]', [2, 3]),
        ('[["C","x"]]', []),
        ("[]", []),
    ],
)
def test_pairs_of_firm_and_team(pairs: str, ids: list[int]) -> None:
    assert picked(PAIRS, FIRMS, f"a={pairs}") == ids


@every_case(
    "pairs",
    ["", "A,x", '{"A":"x"}', '["A"]', "[[]]", '[["A","x","z"]]', "[[1]]", "[" * 5000, "null"],
)
def test_pairs_that_are_none_are_refused(pairs: str) -> None:
    engine = Engine.of(operation(LIST, f"[{PAIRS}]"), widgets=FIRMS)

    ((field, _, reason),) = engine.faults(f"/v1/widgets?a={pairs}")

    assert field == "a"
    assert reason.startswith("must be an array of pairs")


def test_one_value_picks_every_record() -> None:
    text = (
        "{name: a, in: query, schema: {type: integer}, x-mock-sei: {field: x, every: all}}, "
        "{name: b, in: query, x-mock-sei: {field: y}}"
    )
    found = records(1, 2, None)

    assert picked(text, found, "a=all") == [1, 2, 3]
    assert picked(text, found, "a=2") == [2]


CHOSEN = """
{name: kind, in: query, schema: {type: string, enum: [created, modified]}},
{name: a, in: query, schema: {type: string, format: date},
 x-mock-sei: {match: from, chosen: {by: kind, created: made, modified: changed}}}
"""


@every_case(
    ("query", "ids"),
    [
        ("a=2026-02-01&kind=created", [2]),
        ("a=2026-02-01&kind=modified", [1]),
        ("a=2026-02-01", [1, 2]),
        ("kind=created", [1, 2]),
    ],
)
def test_another_parameter_chooses_the_field(query: str, ids: list[int]) -> None:
    found = [
        {"id": 1, "made": "2026-01-01", "changed": "2026-03-01"},
        {"id": 2, "made": "2026-02-01", "changed": "2026-01-01"},
    ]

    assert picked(CHOSEN, found, query) == ids
