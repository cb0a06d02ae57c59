"""Wire instructions of one investor, and recent changes by the platform's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.apis.products.calls import Api, Fits, Record
from tests.operations import set_clock

PATH = "/v1/investors/INV-0001/wireInstructions"

NOW = datetime(2026, 5, 14, 16, tzinfo=UTC)  # a Thursday, noon Eastern


def has(name: str, value: object) -> Fits:
    return lambda each: each.get(name) == value


def test_filters_pick_wire_instructions(reading: Api) -> None:
    reading.check_filters(
        PATH,
        {
            "type=SWIFT_BIC": has("type", "SWIFT_BIC"),
            "type=ABARoutingNo": has("type", "ABARoutingNo"),
            "active=true": has("active", True),
            "active=false": has("active", False),
            "productExternalId=FND-01-A": has("productExternalId", "FND-01-A"),
            "fundInvestorExternalId=FI-01A-0001": has("fundInvestorExternalId", "FI-01A-0001"),
        },
    )


def test_the_second_key_must_be_the_investors_own(reading: Api) -> None:
    assert len(reading.read(f"{PATH}?investorAlternateId=A-0001")["data"]) == 10
    assert reading.read(f"{PATH}?investorAlternateId=A-0002")["data"] == []


@pytest.mark.long
def test_wrong_values_are_named(reading: Api) -> None:
    reading.check_wrong(
        PATH,
        {
            "type=ABA": ("type", "query"),
            "active=x&limit=0": ("active", "query"),
            "lastModifiedSince=thisDecade": ("lastModifiedSince", "query"),
            "createdSince=today&validateRequest=1": [
                ("createdSince", "query"),
                ("validateRequest", "query"),
            ],
        },
    )
    assert len(reading.read(f"{PATH}?type=ABA&validateRequest=false")["data"]) == 10


def test_an_investor_sees_its_own_and_an_unknown_one_is_not_found(reading: Api) -> None:
    own = reading.read("/v1/investors/INV-0002/wireInstructions")["data"]

    assert {each["investorExternalId"] for each in own} == {"INV-0002"}
    assert reading.read("/v1/investors/INV-0130/wireInstructions")["data"] == []
    assert reading.get("/v1/investors/INV-9999/wireInstructions").status_code == 404


def test_the_walk_gives_every_instruction_once(reading: Api) -> None:
    reading.check_walk(PATH, "externalId", 3)


def wire(number: int, day: str) -> Record:
    return {
        "externalId": f"W-{number}",
        "investorExternalId": "INV-0001",
        "type": "SWIFT_BIC",
        "active": True,
        "createDate": f"{day}T23:59:59.999",
        "changeDate": f"{day}T00:00:00.000",
    }


def test_periods_are_those_of_the_clock(api: Api) -> None:
    platform = api.served.platform
    set_clock(platform, now=NOW, frozen=True)
    days = ["2025-12-31", "2026-01-01", "2026-03-31", "2026-04-01", "2026-04-30", "2026-05-01"]
    days += ["2026-05-10", "2026-05-11", "2026-05-13", "2026-05-14", "2026-05-15"]
    records = [wire(number, day) for number, day in enumerate(days, 10)]
    platform.data.replace("wire-instructions", records)
    api = Api(api.served)  # gets a token of the new time

    for period, first, last in (
        ("yesterday", "2026-05-13", "2026-05-13"),
        ("thisWeek", "2026-05-11", "2026-05-14"),
        ("thisMonth", "2026-05-01", "2026-05-14"),
        ("thisQuarter", "2026-04-01", "2026-05-14"),
        ("thisYear", "2026-01-01", "2026-05-14"),
    ):
        wanted = [day for day in days if first <= day <= last]
        for name, member in (("lastModifiedSince", "changeDate"), ("createdSince", "createDate")):
            found = api.read(f"{PATH}?{name}={period}")["data"]
            assert [each[member][:10] for each in found] == wanted, (name, period)
