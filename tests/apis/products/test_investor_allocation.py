"""Investor allocation and performance: balances, transactions and returns of investors."""

from __future__ import annotations

import pytest

from tests.apis.products.calls import Api
from tests.cases import every_case

BASE = "/v1/investorallocation"
OPERATIONS = ("positions", "transactions", "performance")
KEYS = {"positions": "positionId", "transactions": "transactionId", "performance": "performanceId"}
RANGE = "startDate=2020-01-01"
"""Without a date, only the latest figures are answered."""


def path(operation: str, investor: str = "all", fund: str = "FND-01") -> str:
    return f"{BASE}/{investor}/{operation}?externalFundId={fund}"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_all_stands_for_every_investor_of_the_fund(reading: Api, operation: str) -> None:
    everything = reading.every(f"{path(operation)}&{RANGE}")
    investors = {each["investorExternalId"] for each in everything}

    assert len(investors) > 10
    one = max(investors)
    assert reading.every(f"{path(operation, one)}&{RANGE}") == [
        each for each in everything if each["investorExternalId"] == one
    ]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fund", ["FND-01-A", "FND-01-B-2025"])
def test_the_fund_may_be_a_part_of_one(reading: Api, operation: str, fund: str) -> None:
    found = reading.every(f"{path(operation, fund=fund)}&{RANGE}")

    assert 0 < len(found) < len(reading.every(f"{path(operation)}&{RANGE}"))
    assert all(fund in each["productHierarchy"] for each in found)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_fund_is_required(reading: Api, operation: str) -> None:
    assert reading.faults(f"{BASE}/all/{operation}") == [("externalFundId", "query")]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_unknown_investor_is_not_found(reading: Api, operation: str) -> None:
    assert "externalId" in reading.missing(path(operation, "INV-9999"))
    assert "externalId" in reading.missing(path(operation, "ALL"))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_investor_without_a_part_in_the_fund_has_nothing(reading: Api, operation: str) -> None:
    assert reading.read(path(operation, "INV-0011"))["data"] == []
    assert reading.read(path(operation, fund="FND-03"))["data"] == []


@pytest.mark.long
@every_case("operation", ["positions", "performance"])
@every_case(
    ("day", "expected"),
    [
        ("2025-03-30", set()),
        ("2025-03-31", {"2025-03-31"}),
        ("2025-06-29", {"2025-03-31"}),
        ("2026-01-15", {"2025-12-31"}),
        ("2030-01-01", {"2026-09-30"}),
    ],
)
def test_figures_are_those_of_the_last_date_not_after_it(
    reading: Api, operation: str, day: str, expected: set[str]
) -> None:
    found = reading.every(f"{path(operation)}&asOfDate={day}")

    assert {each["asOfDate"] for each in found} == expected


@pytest.mark.parametrize("operation", ["positions", "performance"])
def test_without_a_date_the_figures_are_todays(api: Api, operation: str) -> None:
    for today, expected in (((2026, 8, 3), "2026-06-30"), ((2026, 9, 30), "2026-09-30")):
        api.stop_clock(*today)
        found = api.read(path(operation))["data"]
        assert {each["asOfDate"] for each in found} == {expected}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_range_holds_its_first_and_last_day(reading: Api, operation: str) -> None:
    field = "tradeDate" if operation == "transactions" else "asOfDate"
    everything = f"{path(operation)}&{RANGE}"
    days = sorted({each[field] for each in reading.every(everything)})
    first, last = days[1], days[-2]

    reading.check_filters(
        everything.removesuffix(RANGE) + "endDate=2030-01-01",
        {f"startDate={first}": lambda each: each[field] >= first},
    )
    reading.check_filters(everything, {f"endDate={last}": lambda each: each[field] <= last})


def test_transactions_as_of_a_date_are_those_until_then(reading: Api) -> None:
    reading.check_filters(
        path("transactions"),
        {"asOfDate=2025-12-31": lambda each: each["tradeDate"] <= "2025-12-31"},
    )


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("period", ["Closed", "Estimated"])
def test_a_period_is_closed_or_estimated(reading: Api, operation: str, period: str) -> None:
    reading.check_filters(
        f"{path(operation)}&{RANGE}",
        {f"reportingPeriod={period}": lambda each: each["reportingPeriod"] == period},
    )


def test_the_last_closed_figures_are_before_the_estimated_ones(reading: Api) -> None:
    found = reading.every(f"{path('positions')}&reportingPeriod=Closed&asOfDate=2026-11-30")

    assert {each["asOfDate"] for each in found} == {"2026-06-30"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_walking_the_pages_gives_every_record_once(reading: Api, operation: str) -> None:
    reading.check_walk(f"{path(operation)}&{RANGE}", KEYS[operation], 9)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("asOfDate=31.03.2026&reportingPeriod=closed", ["asOfDate"]),
        ("startDate=2026-02-30&endDate=2026-01-01T00:00", ["startDate", "endDate"]),
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_value_is_named(
    reading: Api, operation: str, query: str, fields: list[str]
) -> None:
    assert reading.faults(f"{path(operation)}&{query}") == [(each, "query") for each in fields]


def test_every_wrong_value_has_an_entry_beside_what_is_missing(reading: Api) -> None:
    assert sorted(reading.faults(f"{BASE}/all/positions?asOfDate=never")) == [
        ("asOfDate", "query"),
        ("externalFundId", "query"),
    ]


@pytest.mark.parametrize("category", ["OEF", "oef", "CEF"])
def test_the_category_changes_nothing(reading: Api, category: str) -> None:
    found = reading.read(path("positions"))

    assert reading.read(path("positions"), {"category": category}) == found


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_reporting_period_is_read_in_any_case(reading: Api, operation: str) -> None:
    everything = reading.every(f"{path(operation)}&{RANGE}")

    for period in ("Closed", "Estimated"):
        found = reading.every(f"{path(operation)}&{RANGE}&reportingPeriod={period.lower()}")
        assert found == [each for each in everything if each["reportingPeriod"] == period]
    assert reading.every(f"{path(operation)}&{RANGE}&reportingPeriod=Final") == everything
