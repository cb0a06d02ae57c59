"""Payments: the money of investors' transactions."""

from __future__ import annotations

import pytest

from tests.apis.products.calls import DATE_FILTERS, WRONG_DATES, Api, Fits

PAYMENTS = "/v1/payments"


def has(name: str, value: str) -> Fits:
    return lambda each: each[name] == value


@pytest.mark.long
def test_filters_pick_payments(reading: Api) -> None:
    reading.check_filters(
        PAYMENTS,
        {
            "transactionExternalId=IT-00007": has("transactionExternalId", "IT-00007"),
            "productInvestorExternalId=FI-01A-0001": has(
                "productInvestorExternalId", "FI-01A-0001"
            ),
            "productExternalId=FND-01-A": has("productExternalId", "FND-01-A"),
            "investorExternalId=INV-0001": has("investorExternalId", "INV-0001"),
            "investorAlternateId=A-0001": has("investorAlternateId", "A-0001"),
            "startDate=2026-01-04": lambda each: each["paymentDate"] >= "2026-01-04",
            "endDate=2025-10-03": lambda each: each["paymentDate"] <= "2025-10-03",
            "startDate=2025-04-01&endDate=2025-12-31": lambda each: (
                "2025-04-01" <= each["paymentDate"] <= "2025-12-31"
            ),
            "investorExternalId=INV-0001&startDate=2025-03-01": lambda each: (
                each["investorExternalId"] == "INV-0001" and each["paymentDate"] >= "2025-03-01"
            ),
            **DATE_FILTERS,
        },
    )


def test_wrong_dates_are_named(reading: Api) -> None:
    wrong = {query: place for query, place in WRONG_DATES.items() if "active" not in query}
    reading.check_wrong(PAYMENTS, wrong | {"startDate=today": ("startDate", "query")})


def test_pages_give_every_payment_once(reading: Api) -> None:
    reading.check_walk(PAYMENTS, "paymentId", 30)


def test_an_unknown_transaction_has_no_payments(reading: Api) -> None:
    assert reading.read(f"{PAYMENTS}?transactionExternalId=IT-99999")["data"] == []


def test_a_transaction_of_an_investor_leads_to_its_payment(reading: Api) -> None:
    path = "/v1/investorallocation/INV-0001/transactions?externalFundId=FND-01"
    (first, *_) = reading.read(path, {"category": "OEF"})["data"]

    query = f"transactionExternalId={first['transactionId']}"
    (payment,) = reading.read(f"{PAYMENTS}?{query}")["data"]

    assert payment["amount"] == first["amount"]
    assert payment["paymentDate"] == first["settlementDate"]
