"""Portfolio reporting: portfolios, their positions, transactions and performance."""

from __future__ import annotations

import pytest

from tests.apis.products.calls import Api, Fits
from tests.cases import every_case

METADATA = "/v1/portfolio/metadata"
POSITIONS = "/v2/portfolio/PRT-01/positions"
TRANSACTIONS = "/v1/portfolio/PRT-01/transactions"
DAILY = f"{TRANSACTIONS}?reportingPeriod=Daily"
PERFORMANCE = "/v2/portfolio/PRT-01/performance"
ALWAYS = f"{PERFORMANCE}?startDate=2020-01-01"
CLOSED = f"{POSITIONS}?asOfDate=2026-09-30"


@pytest.mark.parametrize("query", ["externalId=PRT-02", "id=9002"])
def test_a_portfolio_is_found_by_either_key(reading: Api, query: str) -> None:
    reading.check_filters(METADATA, {query: lambda each: each["externalId"] == "PRT-02"})


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("securityExternalId=SEC-CASH", lambda each: each["securityExternalId"] == "SEC-CASH"),
        ("id=500062", lambda each: each["id"] == "500062"),
    ],
)
def test_a_filter_picks_positions(reading: Api, query: str, fits: Fits) -> None:
    reading.check_filters(CLOSED, {query: fits})


@every_case(
    ("query", "expected"),
    [
        ("asOfDate=2025-03-30", set()),
        ("asOfDate=2025-03-31", {("2025-03-31", "Closed", "Trade")}),
        ("asOfDate=2026-09-29", {("2026-06-30", "Closed", "Trade")}),
        ("asOfDate=2026-11-17", {("2026-09-30", "Closed", "Trade")}),
        ("asOfDate=2026-11-18", {("2026-11-18", "Daily", "Trade")}),
        ("asOfDate=2026-11-18&reportingPeriod=Closed", {("2026-09-30", "Closed", "Trade")}),
        ("asOfDate=2026-11-17&reportingPeriod=Daily", set()),
        ("asOfDate=2026-11-18&dateType=Settlement", {("2026-09-30", "Closed", "Settlement")}),
    ],
)
def test_positions_are_those_of_one_date(
    reading: Api, query: str, expected: set[tuple[str, str, str]]
) -> None:
    found = reading.every(f"{POSITIONS}?{query}")

    assert {
        (each["asOfDate"], each["reportingPeriod"], each["dateType"]) for each in found
    } == expected


def test_without_a_date_positions_and_performance_are_todays(api: Api) -> None:
    api.stop_clock(2026, 7, 4)

    for path in (POSITIONS, PERFORMANCE):
        assert {each["asOfDate"] for each in api.read(path)["data"]} == {"2026-06-30"}


@pytest.mark.parametrize("path", [CLOSED, DAILY])
def test_securities_are_added_when_asked_for(reading: Api, path: str) -> None:
    bare, full = reading.every(path), reading.every(f"{path}&includeSecurities=true")

    assert reading.every(f"{path}&includeSecurities=false") == bare
    assert [
        {**each, "security": more["security"]} for each, more in zip(bare, full, strict=True)
    ] == full
    assert all("security" not in each for each in bare)
    assert all(
        each["security"]["securityExternalId"] == each["securityExternalId"] for each in full
    )


@pytest.mark.long
@every_case(
    ("query", "fits"),
    [
        ("id=600020", lambda each: each["id"] == "600020"),
        ("securityExternalId=SEC-CASH", lambda each: each["securityExternalId"] == "SEC-CASH"),
        ("status=inactive", lambda each: each["status"] == "inactive"),
        ("status=active", lambda each: each["status"] == "active"),
        ("startDate=2026-01-23", lambda each: each["tradeDate"] >= "2026-01-23"),
        ("endDate=2026-01-23", lambda each: each["tradeDate"] <= "2026-01-23"),
        ("startDate=2025-01-06&dateType=Settlement",
         lambda each: each["settlementDate"] >= "2025-01-06"),
        ("endDate=2025-01-03&dateType=Settlement",
         lambda each: each["settlementDate"] <= "2025-01-03"),
        ("endDate=2025-01-03&dateType=Trade", lambda each: each["tradeDate"] <= "2025-01-03"),
    ],
)  # fmt: skip
def test_a_filter_picks_transactions(reading: Api, query: str, fits: Fits) -> None:
    reading.check_filters(DAILY, {query: fits})


@pytest.mark.parametrize(
    ("period", "last"),
    [("Weekly", "2026-11-13"), ("Monthly", "2026-10-31"), ("Quarterly", "2026-09-30")],
)
def test_a_period_holds_what_its_last_finished_one_does(
    reading: Api, period: str, last: str
) -> None:
    found = reading.every(f"{TRANSACTIONS}?reportingPeriod={period}")

    assert found == [each for each in reading.every(DAILY) if each["tradeDate"] <= last]


@pytest.mark.parametrize(
    ("query", "other"),
    [("type=Separately Managed Account", "type=Fund"), ("firmId=FIRM-01", "firmId=FIRM-02")],
)
def test_a_portfolio_has_one_product_type_and_one_firm(
    reading: Api, query: str, other: str
) -> None:
    assert reading.every(f"{DAILY}&{query}") == reading.every(DAILY)
    assert reading.every(f"{DAILY}&{other}") == []


def test_transactions_require_their_period(reading: Api) -> None:
    assert reading.faults(TRANSACTIONS) == [("reportingPeriod", "query")]


def test_a_tracking_id_may_come_with_the_call(reading: Api) -> None:
    own = "0b0e6a5c-6a1e-4a32-9a53-0f8c5f0d9d11"

    answer = reading.call("GET", DAILY, headers={"requestTrackingId": own})

    assert answer.headers["RequestTrackingId"] == own


@pytest.mark.long
@every_case(
    ("query", "fits"),
    [
        *((f"periodFrequency={name}", lambda each, name=name: each["periodFrequency"] == name)
          for name in ("Daily", "Weekly", "Monthly", "Quarterly")),
        ("returnType=Gross", lambda each: each["returnType"] == "Gross"),
        ("returnType=Net", lambda each: each["returnType"] == "Net"),
        ("endDate=2025-12-31", lambda each: each["asOfDate"] <= "2025-12-31"),
        ("lastModifiedDate=2026-07-01", lambda each: each["lastModifiedDate"] >= "2026-07-01"),
    ],
)  # fmt: skip
def test_a_filter_picks_performance(reading: Api, query: str, fits: Fits) -> None:
    reading.check_filters(ALWAYS, {query: fits})


def test_performance_is_in_the_currency_of_the_portfolio(reading: Api) -> None:
    assert reading.every(f"{ALWAYS}&currencyIsoCode=USD") == reading.every(ALWAYS)
    assert reading.every(f"{ALWAYS}&currencyIsoCode=EUR") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("asOfDate=2026-11-17", {"2026-11-17"}),
        ("asOfDate=2026-11-01&periodFrequency=Quarterly", {"2026-09-30"}),
        ("asOfDate=2026-03-30&returnType=Net", {"2026-02-28"}),
        ("startDate=2026-06-30&endDate=2026-07-31", {"2026-06-30", "2026-07-31"}),
    ],
)
def test_performance_is_as_of_a_date_or_in_a_range(
    reading: Api, query: str, expected: set[str]
) -> None:
    found = reading.every(f"{PERFORMANCE}?{query}")

    assert {each["asOfDate"] for each in found} == expected


def test_performance_has_the_ten_members_of_version_two(reading: Api) -> None:
    documented = {
        "beginningAccrualAmount", "beginningMarketValue", "beginningMarketValueWithAccruedIncome",
        "endingMarketValue", "endingAccruedIncome", "endingMarketValueWithAccruedIncome",
        "netContributionAndWithdrawalAmount", "lastModifiedDate", "periodFrequency", "oneDay",
    }  # fmt: skip

    assert all(documented <= each.keys() for each in reading.every(ALWAYS))


@pytest.mark.parametrize(
    ("path", "key"),
    [(METADATA, "externalId"), (CLOSED, "id"), (DAILY, "id"), (ALWAYS, "id")],
)
def test_walking_the_pages_gives_every_record_once(reading: Api, path: str, key: str) -> None:
    reading.check_walk(path, key, 4)


@pytest.mark.parametrize(
    ("path", "query", "fields"),
    [
        (METADATA, "limit=a", ["limit"]),
        (POSITIONS, "asOfDate=1&includeSecurities=yes", ["asOfDate", "includeSecurities"]),
        (TRANSACTIONS, "reportingPeriod=Yearly&status=Active", ["reportingPeriod"]),
        (DAILY, "startDate=2026-02-30&endDate=1", ["startDate", "endDate"]),
        (PERFORMANCE, "periodFrequency=Yearly&returnType=net", ["periodFrequency", "returnType"]),
        (PERFORMANCE, "lastModifiedDate=1", ["lastModifiedDate"]),
        (PERFORMANCE, "currencyIsoCode=dollar", ["currencyIsoCode"]),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(reading: Api, path: str, query: str, fields: list[str]) -> None:
    mark = "&" if "?" in path else "?"

    assert reading.faults(f"{path}{mark}{query}") == [(each, "query") for each in fields]


@pytest.mark.parametrize("path", [POSITIONS, DAILY, PERFORMANCE])
def test_an_empty_portfolio_has_nothing_and_an_unknown_one_is_not_found(
    reading: Api, path: str
) -> None:
    assert reading.every(path.replace("PRT-01", "PRT-06")) == []
    assert "externalId" in reading.missing(path.replace("PRT-01", "PRT-99"))


@pytest.mark.parametrize(
    ("known", "sent"),
    [
        ("Daily", "daily"),
        ("Daily", "daily%20incremental"),
        ("Closed", "CLOSED"),
        ("Closed", "closed+period"),
    ],
)
def test_the_period_of_positions_is_read_in_any_spelling_of_the_pages(
    reading: Api, known: str, sent: str
) -> None:
    found = reading.every(f"{POSITIONS}?reportingPeriod={known}")

    assert found
    assert reading.every(f"{POSITIONS}?reportingPeriod={sent}") == found


def test_the_period_of_transactions_is_read_in_any_case(reading: Api) -> None:
    found = reading.every(f"{TRANSACTIONS}?reportingPeriod=Monthly")

    assert found
    assert reading.every(f"{TRANSACTIONS}?reportingPeriod=monthly") == found


def test_an_unknown_kind_of_date_counts_as_not_sent(api: Api) -> None:
    plain = api.every(POSITIONS)

    assert api.every(f"{POSITIONS}?dateType=settlement") != plain
    assert api.every(f"{POSITIONS}?dateType=Effective") == plain
    assert "Known values: Trade, Settlement" in api.served.platform.journal.last.notes[0]
    assert "Effective" not in api.served.platform.journal.last.notes[0]
