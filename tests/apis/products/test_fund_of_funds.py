"""Funds of funds: their capital activity in the funds below them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.apis.products.calls import Api

BASE = "/v1/fundoffunds/FND-06/transactions"
DAILY = f"{BASE}?reportingPeriod=Daily"


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("tradeStartDate=2025-09-01", lambda each: each["tradeDate"] >= "2025-09-01"),
        ("tradeEndDate=2025-09-01", lambda each: each["tradeDate"] <= "2025-09-01"),
        ("excludeInternalInvestments=true", lambda each: not each["internalInvestment"]),
    ],
)
def test_a_filter_picks_transactions(
    reading: Api, query: str, fits: Callable[[dict[str, Any]], bool]
) -> None:
    reading.check_filters(DAILY, {query: fits})


def test_the_bounds_hold_the_days_they_name(reading: Api) -> None:
    days = sorted({each["tradeDate"] for each in reading.every(DAILY)})
    query = f"tradeStartDate={days[3]}&tradeEndDate={days[5]}"

    assert {each["tradeDate"] for each in reading.every(f"{DAILY}&{query}")} == set(days[3:6])


def test_internal_investments_come_unless_left_out(reading: Api) -> None:
    everything = reading.every(DAILY)

    assert reading.every(f"{DAILY}&excludeInternalInvestments=false") == everything
    assert any(each["internalInvestment"] for each in everything)


@pytest.mark.parametrize(
    ("period", "last"),
    [("Weekly", "2026-11-13"), ("Monthly", "2026-10-31"), ("Quarterly", "2026-09-30")],
)
def test_a_period_holds_what_its_last_finished_one_does(
    reading: Api, period: str, last: str
) -> None:
    found = reading.every(f"{BASE}?reportingPeriod={period}")

    assert found == [each for each in reading.every(DAILY) if each["tradeDate"] <= last]
    assert found != reading.every(DAILY)


def test_the_period_is_required(reading: Api) -> None:
    assert reading.faults(BASE) == [("reportingPeriod", "query")]


def test_every_wrong_value_has_an_entry(reading: Api) -> None:
    query = "reportingPeriod=Yearly&tradeStartDate=x&tradeEndDate=y&excludeInternalInvestments=1"

    assert [field for field, _ in reading.faults(f"{BASE}?{query}")] == [
        "reportingPeriod", "tradeStartDate", "tradeEndDate", "excludeInternalInvestments",
    ]  # fmt: skip


def test_walking_the_pages_gives_every_transaction_once(reading: Api) -> None:
    reading.check_walk(DAILY, "transactionId", 10)


def test_another_fund_has_none_and_an_unknown_one_is_not_found(reading: Api) -> None:
    assert reading.every(DAILY.replace("FND-06", "FND-01")) == []
    assert "externalFundId" in reading.missing(DAILY.replace("FND-06", "FND-99"))
