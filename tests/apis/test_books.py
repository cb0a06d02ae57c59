"""The sample data is consistent: it is read only from the files and computed again in decimals."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from mock_sei.fixtures import bundled_folder

Record = dict[str, Any]

QUARTER_ENDS = (
    "2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31",
    "2026-03-31", "2026-06-30", "2026-09-30",
)  # fmt: skip
AMOUNTS = (
    "beginningBalance", "contributions", "withdrawals", "grossProfitAndLoss", "managementFees",
    "incentiveFees", "fees", "netProfitAndLoss", "endingBalance",
)  # fmt: skip

CENT = Decimal("0.01")
LARGEST_FILE = 400_000


@cache
def read(collection: str) -> tuple[Record, ...]:
    text = (bundled_folder() / "data" / f"{collection}.json").read_text(encoding="utf-8")
    return tuple(json.loads(text, parse_float=Decimal, parse_int=Decimal))


def grouped(records: Iterable[Record], *names: str) -> dict[tuple[Any, ...], list[Record]]:
    found = defaultdict(list)
    for each in records:
        found[tuple(each[name] for name in names)].append(each)
    return found


def holdings(collection: str) -> dict[tuple[Any, ...], list[Record]]:
    return grouped(read(collection), "fundInvestorExternalId", "productExternalId")


def funds(collection: str) -> dict[tuple[Any, ...], list[Record]]:
    return grouped(read(collection), "productExternalId")


def dated(record: Record) -> date:
    return date.fromisoformat(record["asOfDate"])


def test_there_is_enough_of_everything() -> None:
    assert len(read("product-relationships")) >= 120
    assert len(read("investor-positions")) >= 300
    assert len(read("pending-transactions")) >= 60
    sizes = {each.name: each.stat().st_size for each in bundled_folder().glob("data/*.json")}
    assert {name for name, size in sizes.items() if size > LARGEST_FILE} == set()


@pytest.mark.parametrize("collection", ["investor-positions", "fund-positions"])
def test_an_ending_balance_is_what_came_of_the_beginning_one(collection: str) -> None:
    for each in read(collection):
        beginning, contributions, withdrawals, gross, management, incentive, fees, net, ending = (
            each[name] for name in AMOUNTS
        )
        assert fees == management + incentive, each
        assert net == gross - fees, each
        assert ending == beginning + contributions - withdrawals + gross - fees, each
        assert ending >= 0, each


@pytest.mark.parametrize(
    ("series", "collection"), [(holdings, "investor-positions"), (funds, "fund-positions")]
)
def test_the_next_beginning_balance_is_the_last_ending_one(
    series: Callable[[str], dict[tuple[Any, ...], list[Record]]], collection: str
) -> None:
    for quarters in series(collection).values():
        assert {each["asOfDate"] for each in quarters} <= set(QUARTER_ENDS)
        for before, after in pairwise(quarters):
            assert date.fromisoformat(after["periodStartDate"]) == dated(before) + timedelta(days=1)
            assert after["beginningBalance"] == before["endingBalance"], after


def test_a_fund_has_what_its_investors_have() -> None:
    whole = {(each["productExternalId"], each["asOfDate"]): each for each in read("fund-positions")}
    parts = defaultdict(list)
    for each in read("investor-positions"):
        for product in each["productHierarchy"]:
            parts[product, each["asOfDate"]].append(each)

    assert whole.keys() == parts.keys()
    for key, fund in whole.items():
        assert fund["investorCount"] == len(parts[key])
        for name in AMOUNTS:
            assert fund[name] == sum(each[name] for each in parts[key]), (key, name)


def test_a_funds_fees_are_listed_by_their_kind() -> None:
    fees = grouped(read("fund-fees"), "productExternalId", "asOfDate")

    for each in read("fund-positions"):
        listed = fees[each["productExternalId"], each["asOfDate"]]
        assert sum(fee["amount"] for fee in listed) == each["fees"]
        assert {fee["feeType"] for fee in listed} == {"Management", "Incentive"}


def test_transactions_explain_contributions_and_withdrawals() -> None:
    moved: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for each in read("investor-transactions"):
        quarter = min(end for end in QUARTER_ENDS if end >= each["tradeDate"])
        key = (each["fundInvestorExternalId"], each["productExternalId"], quarter)
        moved[(*key, each["activity"])] += each["amount"]

    for each in read("investor-positions"):
        key = (each["fundInvestorExternalId"], each["productExternalId"], each["asOfDate"])
        assert moved.pop((*key, "Contribution"), 0) == each["contributions"]
        assert moved.pop((*key, "Withdrawal"), 0) == each["withdrawals"]
    assert moved == {}


def test_every_transaction_of_an_investor_is_paid_on_its_settlement_date() -> None:
    shared = {
        "transactionExternalId": "transactionId",
        "investorExternalId": "investorExternalId",
        "productInvestorExternalId": "fundInvestorExternalId",
        "productExternalId": "productExternalId",
        "paymentDate": "settlementDate",
        "amount": "amount",
        "currencyIsoCode": "currencyIsoCode",
    }
    transactions = read("investor-transactions")
    alternates = {each["externalId"]: each["alternateId"] for each in read("investors")}

    for each, paid in zip(transactions, read("payments"), strict=True):
        assert {name: paid[name] for name in shared} == {
            name: each[other] for name, other in shared.items()
        }
        assert (paid["direction"] == "Received") == (each["activity"] == "Contribution")
        assert paid["investorAlternateId"] == alternates[paid["investorExternalId"]]
        assert paid["createDate"][:10] == each["tradeDate"]


def test_payments_add_up_to_what_came_in_and_went_out() -> None:
    totals = {
        kind: sum(each["amount"] for each in read("payments") if each["direction"] == kind)
        for kind in ("Received", "Paid")
    }

    positions = read("investor-positions")
    assert totals["Received"] == sum(each["contributions"] for each in positions)
    assert totals["Paid"] == sum(each["withdrawals"] for each in positions)


def test_a_ceremony_is_of_an_opportunity_that_has_come_so_far() -> None:
    stories = {each["trackingNumber"]: each for each in read("trade-opportunities")}
    users = {each["emailAddress"] for each in read("trade-users")}
    expected = {"In Progress": {"In Progress"}, "Completed": {"Submitted", "Approved"}}

    for each in read("esign-ceremonies"):
        story = stories[each["trackingNumber"]]
        assert each["opportunityGroupId"] == story["opportunityGroupId"]
        assert story["status"] in expected[each["status"]]
        assert each["hostEmail"] in users
        assert story["initialDate"] < each["startedDate"]
        if each["status"] == "Completed":
            assert each["startedDate"] < each["endedDate"] < story["submittedDate"]
    assert len(read("esign-ceremonies")) == len(
        {each["trackingNumber"] for each in read("esign-ceremonies")}
    )


def test_firms_have_the_teams_of_their_opportunities_and_users() -> None:
    firms = {each["firm"]: {team["team"] for team in each["teams"]} for each in read("firms")}

    for story in read("trade-opportunities"):
        assert story.get("team") in {None, *firms[story["firm"]]}
    for user in read("trade-users"):
        for role in user["userRoles"]:
            assert set(role["groupAssociations"]) <= firms[user["firm"]]


@pytest.mark.parametrize(
    ("key", "positions", "performance"),
    [
        ("fundInvestorExternalId", "investor-positions", "investor-performance"),
        ("externalFundId", "fund-positions", "fund-performance"),
    ],
)
def test_returns_follow_from_the_balances(key: str, positions: str, performance: str) -> None:
    names = (key, "productExternalId")
    returns = grouped(read(performance), *names)

    for series, balances in grouped(read(positions), *names).items():
        index = Decimal(100)
        for balance, rates in zip(balances, returns.pop(series), strict=True):
            base = balance["beginningBalance"] + balance["contributions"]
            assert rates["asOfDate"] == balance["asOfDate"]
            for kind in ("gross", "net"):
                earned = balance[f"{kind}ProfitAndLoss"] / base
                assert rates[f"{kind}RateOfReturn"] == pytest.approx(earned, abs=Decimal("1e-8"))
            assert rates["openingIndex"] == index
            index = index * (1 + rates["netRateOfReturn"])
            assert rates["closingIndex"] == pytest.approx(index, abs=Decimal("1e-5"))
            index = rates["closingIndex"]
            so_far = rates["inceptionToDateRateOfReturn"]
            assert so_far == pytest.approx(index / 100 - 1, abs=Decimal("1e-7"))
    assert returns == {}


def test_every_position_belongs_to_a_relationship_of_an_investor() -> None:
    related = {
        (each["investorExternalId"], each["fundInvestorExternalId"], each["productExternalId"])
        for each in read("product-relationships")
    }
    investors = {each["externalId"]: each for each in read("investors")}

    for investor, key, _ in related:
        assert key in investors[investor]["fundInvestorExternalIds"]
    for collection in ("investor-positions", "investor-transactions", "pending-transactions"):
        for each in read(collection):
            owner = each["investorExternalId"], each["fundInvestorExternalId"]
            assert (*owner, each["productExternalId"]) in related


def test_a_positions_value_is_its_quantity_at_its_price() -> None:
    for each in read("portfolio-positions"):
        hundred = 100 if each["security"]["securityType"] == "Bond" else 1
        value = each["quantity"] * each["price"] / hundred
        assert abs(each["marketValue"] - value) <= CENT, each
        assert each["marketValueWithAccruedIncome"] == each["marketValue"] + each["accruedIncome"]
        assert each["quantity"] > 0, each


def test_a_portfolio_is_worth_what_its_positions_are() -> None:
    positions = grouped(read("portfolio-positions"), "externalId", "asOfDate", "dateType")
    performance = grouped(read("portfolio-performance"), "externalId", "asOfDate")

    for each in read("portfolios"):
        held = positions.get((each["externalId"], each["marketValueDate"], "Trade"), [])
        assert each["marketValue"] == sum(line["marketValue"] for line in held)
    for (key, day, basis), held in positions.items():
        assert abs(sum(line["weight"] for line in held) - 1) < Decimal("0.0001")
        if basis == "Trade":
            for record in performance[key, day]:
                assert record["endingMarketValue"] == sum(line["marketValue"] for line in held)
                accrued = sum(line["accruedIncome"] for line in held)
                assert record["endingAccruedIncome"] == accrued


@pytest.mark.parametrize(
    ("basis", "name"), [("Trade", "tradeDate"), ("Settlement", "settlementDate")]
)
def test_transactions_explain_what_a_portfolio_holds(basis: str, name: str) -> None:
    transactions = grouped(read("portfolio-transactions"), "externalId")
    positions = grouped(read("portfolio-positions"), "externalId", "asOfDate", "dateType")
    seen = 0

    for (portfolio, day, found_basis), held in positions.items():
        if found_basis != basis:
            continue
        seen += 1
        expected: dict[str, Decimal] = defaultdict(Decimal)
        for each in transactions[portfolio,]:
            if each["status"] == "active" and each[name] <= day:
                expected[each["securityExternalId"]] += each["quantity"]
                expected["SEC-CASH"] += each["amount"]
        found = {each["securityExternalId"]: each["quantity"] for each in held}
        assert found == {key: quantity for key, quantity in expected.items() if quantity}
    assert seen >= 5


def test_the_settled_differs_from_the_traded() -> None:
    positions = grouped(read("portfolio-positions"), "externalId", "asOfDate", "dateType")

    for portfolio, day, basis in list(positions):
        if basis == "Settlement":
            settled, traded = (
                {each["securityExternalId"]: each["quantity"] for each in positions[key]}
                for key in ((portfolio, day, "Settlement"), (portfolio, day, "Trade"))
            )
            assert settled != traded


def test_a_portfolios_return_is_what_is_left_over() -> None:
    names = ("externalId", "periodFrequency", "returnType")

    for (_, _, kind), series in grouped(read("portfolio-performance"), *names).items():
        for each in series:
            begin = each["beginningMarketValueWithAccruedIncome"]
            end = each["endingMarketValueWithAccruedIncome"]
            assert begin == each["beginningMarketValue"] + each["beginningAccrualAmount"]
            assert end == each["endingMarketValue"] + each["endingAccruedIncome"]
            base = begin + each["netContributionAndWithdrawalAmount"]
            earned = end - base + (each["feeAmount"] if kind == "Gross" else 0)
            assert each["rateOfReturn"] == pytest.approx(earned / base, abs=Decimal("1e-8"))
        for before, after in pairwise(series):
            assert after["beginningMarketValue"] == before["endingMarketValue"], after
            assert after["beginningAccrualAmount"] == before["endingAccruedIncome"], after


def test_a_quarters_money_is_that_of_its_months() -> None:
    names = ("externalId", "returnType", "periodFrequency")
    series = grouped(read("portfolio-performance"), *names)

    for (key, kind, frequency), quarters in series.items():
        if frequency != "Quarterly":
            continue
        for quarter in quarters:
            months = [
                each
                for each in series[key, kind, "Monthly"]
                if quarter["startDate"] <= each["startDate"] <= quarter["asOfDate"]
            ]
            assert len(months) == 3
            for name in ("netContributionAndWithdrawalAmount", "feeAmount"):
                assert quarter[name] == sum(each[name] for each in months)
            assert quarter["endingMarketValue"] == months[-1]["endingMarketValue"]


def test_no_identifier_of_a_security_passes_its_own_check() -> None:
    cusips = {each["security"].get("cusip") for each in read("portfolio-positions")} - {None}

    assert cusips
    for cusip in cusips:
        total = 0
        for position, character in enumerate(cusip[:8]):
            value = int(character, 36) * (2 if position % 2 else 1)
            total += value // 10 + value % 10
        assert (10 - total % 10) % 10 != int(cusip[8]), cusip
