"""Products: funds and their parts, and which investors are in them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.products.calls import Api, Fits
from tests.cases import every_case

PRODUCTS = "/v1/products"
METADATA = "/v1/products/metadata"
FUND = "/v1/products/FND-01/relationships"
CLASS = "/v1/products/FND-01-A/relationships"
JOB = "/v1/insight/status"


@pytest.mark.long
@every_case(
    ("query", "fits"),
    [
        ("externalId=FND-01", lambda each: each["externalId"] == "FND-01"),
        ("accountId=LV103", lambda each: each["accountId"] == "LV103"),
        *((f"source={name}", lambda each, name=name: each["source"] == name)
          for name in ("NTAS", "Geneva", "InvesTier", "InvesTran")),
        *((f"type={name}", lambda each, name=name: each["type"] == name)
          for name in ("Fund", "Class", "Series", "Vehicle", "Master", "Sleeve")),
        ("active=false", lambda each: not each["active"]),
        ("changeStartDate=2021-06-01", lambda each: each["changeDate"] >= "2021-06-01"),
        ("changeEndDate=2021-06-01", lambda each: each["changeDate"] < "2021-06-02"),
        ("createStartDate=2021-06-01T10:00", lambda each: each["createDate"] >= "2021-06-01T10"),
        ("createEndDate=2021-06-01", lambda each: each["createDate"] < "2021-06-02"),
        ("type=Class&active=false", lambda each: each["type"] == "Class" and not each["active"]),
    ],
)  # fmt: skip
@every_case("path", [PRODUCTS, METADATA])
def test_a_filter_picks_products(reading: Api, path: str, query: str, fits: Fits) -> None:
    reading.check_filters(path, {query: fits})


@pytest.mark.parametrize("kind", ["Equalization Group", "Standard", "Virtual"])
@pytest.mark.parametrize(("path", "name"), [(PRODUCTS, "subType"), (METADATA, "subtype")])
def test_the_sub_type_picks_by_the_name_of_its_page(
    reading: Api, path: str, name: str, kind: str
) -> None:
    reading.check_filters(path, {f"{name}={kind}": lambda each: each.get("subType") == kind})


@pytest.mark.parametrize(("path", "name"), [(PRODUCTS, "subtype"), (METADATA, "subType")])
def test_the_sub_type_in_other_letters_is_ignored(reading: Api, path: str, name: str) -> None:
    assert reading.every(f"{path}?{name}=Virtual") == reading.every(path)


def test_metadata_are_what_identifies_a_product(reading: Api) -> None:
    fund = reading.read(f"{METADATA}?externalId=FND-01-A")["data"][0]

    assert set(fund) == {
        "externalId", "accountId", "name", "type", "subType", "source", "active",
        "createDate", "changeDate",
    }  # fmt: skip


@pytest.mark.long
@every_case(
    ("query", "fits"),
    [
        ("alternateId=A-0001", lambda each: each["alternateId"] == "A-0001"),
        ("investorExternalId=INV-0003", lambda each: each["investorExternalId"] == "INV-0003"),
        ("source=InvesTran", lambda each: each["source"] == "InvesTran"),
        ("type=Series", lambda each: each["type"] == "Series"),
        ("subtype=Virtual", lambda each: each.get("subType") == "Virtual"),
        ("active=true", lambda each: each["active"]),
        ("active=false", lambda each: not each["active"]),
        ("changeStartDate=2025-06-01", lambda each: each["changeDate"] >= "2025-06-01"),
        ("changeEndDate=2025-06-01", lambda each: each["changeDate"] < "2025-06-02"),
        ("createStartDate=2025-01-01", lambda each: each["createDate"] >= "2025-01-01"),
        ("createEndDate=2025-01-01", lambda each: each["createDate"] < "2025-01-02"),
    ],
)
def test_a_filter_picks_relationships(reading: Api, query: str, fits: Fits) -> None:
    reading.check_filters(FUND, {query: fits})


def test_relationships_of_a_fund_are_those_of_its_parts_too(reading: Api) -> None:
    fund, share_class = reading.every(FUND), reading.every(CLASS)

    assert {each["productExternalId"] for each in fund} == {
        "FND-01-A", "FND-01-A-2025", "FND-01-B", "FND-01-B-2025", "VEH-01",
    }  # fmt: skip
    assert share_class == [each for each in fund if each["productExternalId"][:8] == "FND-01-A"]


@pytest.mark.parametrize("path", [PRODUCTS, METADATA, FUND])
def test_walking_the_pages_gives_every_record_once(reading: Api, path: str) -> None:
    reading.check_walk(path, "relationshipId" if path == FUND else "externalId", 4)


@every_case(
    ("query", "fields"),
    [
        ("type=fund&active=geneva", ["type", "active"]),
        ("active=yes", ["active"]),
        (
            "changeStartDate=01/02/2026&createEndDate=2026-02-30",
            ["changeStartDate", "createEndDate"],
        ),
        ("changeEndDate=2026-02-01T10&limit=0", ["changeEndDate"]),
        ("cursor=!", ["cursor"]),
    ],
)
@every_case("path", [PRODUCTS, METADATA, FUND])
def test_a_wrong_value_is_named(reading: Api, path: str, query: str, fields: list[str]) -> None:
    assert sorted(reading.faults(f"{path}?{query}")) == sorted((each, "query") for each in fields)


@pytest.mark.parametrize("kind", ["standard", "Mixed", ""])
def test_a_wrong_sub_type_is_named(reading: Api, kind: str) -> None:
    assert reading.faults(f"{PRODUCTS}?subType={kind}") == [("subType", "query")]
    assert reading.faults(f"{METADATA}?subtype={kind}") == [("subtype", "query")]


def test_a_date_alone_is_the_whole_day_in_eastern_time(api: Api) -> None:
    instants = [
        "2026-05-03T23:59:59.999",
        "2026-05-04T00:00:00.000",
        "2026-05-04T23:59:59.999",
        "2026-05-05T00:00:00.000",
    ]
    common = {"name": "Demo", "type": "Fund", "source": "NTAS", "active": True}
    api.add(
        "products",
        *(
            {**common, "externalId": str(number), "createDate": each, "changeDate": each}
            for number, each in enumerate(instants)
        ),
    )

    for kind in ("create", "change"):
        day = api.read(f"{PRODUCTS}?{kind}StartDate=2026-05-04&{kind}EndDate=2026-05-04")["data"]
        assert [each[f"{kind}Date"] for each in day] == instants[1:3]
        later = api.read(f"{PRODUCTS}?{kind}StartDate=2026-05-04T00:00:00.001")["data"]
        assert [each[f"{kind}Date"] for each in later] == instants[2:]


def test_relationships_of_an_unknown_product_are_not_found(reading: Api) -> None:
    assert "externalId" in reading.missing("/v1/products/FND-99/relationships")
    assert "externalId" in reading.missing(
        "/v1/products/FND-99/relationships", "POST", json={"investorExternalId": "INV-0001"}
    )


def test_a_relationship_is_taken_in_and_read_back(api: Api) -> None:
    api.stop_clock(2026, 10, 1, 14, 30)
    body = {"investorExternalId": "INV-0011", "fundInvestorExternalId": "FI-01A-0001"}

    answer = api.call("POST", CLASS, json=body)

    assert answer.status_code == 202
    found = api.read(f"{FUND}?investorExternalId=INV-0011")["data"]
    assert found == [
        {
            **body,
            "relationshipId": answer.json()["relationshipId"],
            "productExternalId": "FND-01-A",
            "type": "Class",
            "subType": "Standard",
            "source": "InvesTier",
            "productHierarchy": ["FND-01", "FND-01-A"],
            "active": True,
            "createDate": "2026-10-01T10:30:00.000",
            "changeDate": "2026-10-01T10:30:00.000",
        }
    ]
    job = api.read(f"{JOB}/{answer.json()['jobStatusQueryKey']}")
    assert (job["status"], job["relationshipId"]) == ("Completed", found[0]["relationshipId"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"investorExternalId": 7}, "investorExternalId"),
        ({"investorExternalId": "INV-9999"}, "investorExternalId"),
        ({"investorExternalId": "INV-0001", "startDate": "tomorrow"}, "startDate"),
    ],
)
def test_a_wrong_relationship_changes_nothing(
    reading: Api, body: dict[str, Any], field: str
) -> None:
    before = reading.read(FUND)["paging"]["totalCount"]

    assert reading.faults(CLASS, "POST", json=body) == [(field, "body")]
    assert reading.read(FUND)["paging"]["totalCount"] == before
