"""Fund positions and performance: balances, returns and fees of funds and their parts."""

from __future__ import annotations

import pytest

from tests.apis.products.calls import Api

BASE = "/v1/fundpositions"
OPERATIONS = {"positions": "positionId", "performance": "performanceId", "fees": "feeId"}
RANGE = "startDate=2020-01-01"

every_operation = pytest.mark.parametrize("operation", OPERATIONS)


@every_operation
def test_a_fund_comes_with_its_parts(reading: Api, operation: str) -> None:
    found = reading.every(f"{BASE}/FND-01/{operation}?asOfDate=2026-09-30")

    assert {each["productExternalId"] for each in found} == {
        "FND-01", "FND-01-A", "FND-01-A-2025", "FND-01-B", "FND-01-B-2025",
    }  # fmt: skip
    assert {each["externalFundId"] for each in found} == {"FND-01"}


@every_operation
def test_a_part_is_asked_for_like_a_fund(reading: Api, operation: str) -> None:
    found = reading.every(f"{BASE}/FND-01-B/{operation}?asOfDate=2026-09-30")

    assert {each["productExternalId"] for each in found} == {"FND-01-B", "FND-01-B-2025"}


@every_operation
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("asOfDate=2025-03-30", set()),
        ("asOfDate=2025-07-01", {"2025-06-30"}),
        ("asOfDate=2030-01-01", {"2026-09-30"}),
        ("asOfDate=2030-01-01&reportingPeriod=Closed", {"2026-06-30"}),
        ("asOfDate=2030-01-01&reportingPeriod=Estimated", {"2026-09-30"}),
        ("startDate=2025-12-31&endDate=2026-03-31", {"2025-12-31", "2026-03-31"}),
    ],
)
def test_dates_pick_quarters(reading: Api, operation: str, query: str, expected: set[str]) -> None:
    found = reading.every(f"{BASE}/FND-02/{operation}?{query}")

    assert {each["asOfDate"] for each in found} == expected


@every_operation
def test_walking_the_pages_gives_every_record_once(reading: Api, operation: str) -> None:
    reading.check_walk(f"{BASE}/FND-01/{operation}?{RANGE}", OPERATIONS[operation], 8)


@every_operation
def test_a_fund_of_another_system_has_no_figures(reading: Api, operation: str) -> None:
    assert reading.every(f"{BASE}/FND-04/{operation}?{RANGE}") == []


@every_operation
def test_an_unknown_fund_is_not_found(reading: Api, operation: str) -> None:
    assert "externalId" in reading.missing(f"{BASE}/FND-99/{operation}")


@every_operation
@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("asOfDate=2026&reportingPeriod=Final", ["asOfDate"]),
        ("startDate=x&endDate=y", ["startDate", "endDate"]),
    ],
)
def test_a_wrong_value_is_named(
    reading: Api, operation: str, query: str, fields: list[str]
) -> None:
    found = reading.faults(f"{BASE}/FND-01/{operation}?{query}")

    assert found == [(each, "query") for each in fields]
