"""Accounts: filters by address and kind, and changes by the members that are sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.products.calls import DATE_FILTERS, WRONG_DATES, Api, faults

PATH = "/v1/accounts"
ONE = f"{PATH}/AC-0001"


@pytest.mark.long
def test_filters_pick_accounts(reading: Api) -> None:
    reading.check_filters(
        PATH,
        {
            "externalId=AC-0009": lambda each: each["externalId"] == "AC-0009",
            "alternateId=AA-0010": lambda each: each["externalId"] == "AC-0010",
            "active=true": lambda each: each["active"],
            "active=false": lambda each: not each["active"],
            "fundInvestorExternalId=FI-01A-0010": lambda each: each["externalId"] == "AC-0010",
            "addressType=Tax": lambda each: len(each["addresses"]) == 3,
            "addressType=Mailing": lambda each: len(each["addresses"]) > 1,
            "erisaType=governmentPlan": lambda each: each["erisaType"] == "governmentPlan",
            **DATE_FILTERS,
        },
    )
    assert reading.read(f"{PATH}?addressType=Legal")["paging"]["totalCount"] == 130
    assert reading.read(f"{PATH}?erisaType=nothing")["data"] == []


def test_wrong_values_are_named(reading: Api) -> None:
    reading.check_wrong(PATH, WRONG_DATES | {"addressType=legal": ("addressType", "query")})


def test_the_walk_gives_every_account_once(reading: Api) -> None:
    reading.check_walk(PATH, "externalId", 40)


def read(api: Api) -> dict[str, Any]:
    (found,) = api.read(f"{PATH}?externalId=AC-0001")["data"]
    return dict(found)


def test_the_members_sent_take_the_place_of_its_own(api: Api) -> None:
    before = read(api)
    change = {"legalName": "Alder Cove Trust", "active": False, "ownMember": [1]}

    answer = api.call("PATCH", ONE, json=change)

    assert answer.status_code == 202
    assert answer.json()["jobStatusQueryKey"]
    after = read(api)
    assert after == before | change | {"changeDate": after["changeDate"]}
    assert after["changeDate"] > before["changeDate"]


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ([], [("", "body")]),
        ("text", [("", "body")]),
        ({"legalName": 1, "active": "no"}, [("active", "body"), ("legalName", "body")]),
        ({"legalName": "x", "externalId": "AC-0002"}, [("externalId", "body")]),
        ({"legalName": "x", "externalId": None}, [("externalId", "body")]),
        ({"legalName": "x", "id": 1}, [("id", "body")]),
        ({"addresses": [{"type": 1}]}, [("addresses.0.type", "body")]),
        ({"birthDate": "1970-02-31"}, [("birthDate", "body")]),
    ],
)
def test_a_wrong_change_leaves_the_account_as_it_was(api: Api, body: Any, places: Any) -> None:
    before = read(api)

    assert faults(api.call("PATCH", ONE, json=body)) == places
    assert read(api) == before


def test_a_json_patch_is_no_body_of_this_product(api: Api) -> None:
    answer = api.patch(ONE, [{"op": "remove", "path": "/active"}])

    assert faults(answer) == [("content-type", "header")]


def test_an_unknown_account_is_not_found(api: Api) -> None:
    assert api.call("PATCH", f"{PATH}/AC-9999", json={"legalName": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("createStartDate=2025-01-28T15:48:25Z", True),
        ("createStartDate=2025-01-28T15:48:25.001Z", False),
        ("createStartDate=2025-01-28T16:48:25%2B01:00", True),
        ("createStartDate=2025-01-28T16:48:25+01:00", True),
        ("createStartDate=2025-01-28T10:48:25-0500", True),
        ("createStartDate=2025-01-28T10:48:25", True),
        ("createEndDate=2025-01-28T15:48:24.999Z", False),
        ("createEndDate=2025-01-28T15:48:25Z", True),
        ("changeEndDate=2025-07-28T15:48:25Z", True),
        ("changeEndDate=2025-07-28T15:48:24Z", False),
    ],
)
def test_a_time_in_utc_is_read_as_the_eastern_one(api: Api, sent: str, found: bool) -> None:
    """Eastern time is five hours behind UTC in winter and four in summer."""
    api.served.platform.data.replace(
        "accounts",
        [
            {
                "id": 1,
                "externalId": "AC-1",
                "createDate": "2025-01-28T10:48:25.000",
                "changeDate": "2025-07-28T11:48:25.000",
            }
        ],
    )

    assert bool(api.read(f"{PATH}?{sent}")["data"]) is found


def test_an_unknown_value_is_kept_and_noted(api: Api) -> None:
    answer = api.call("PATCH", ONE, json={"classification": "Trustee"})

    assert answer.status_code == 202
    (note,) = api.served.platform.journal.last.notes
    assert note.startswith("classification has a value that is not known here")
    assert read(api)["classification"] == "Trustee"


def test_a_member_that_is_null_is_taken_away(api: Api) -> None:
    assert "legalName" in api.read(f"{PATH}?externalId=AC-0001")["data"][0]

    assert api.call("PATCH", ONE, json={"legalName": None}).status_code == 202

    assert "legalName" not in api.read(f"{PATH}?externalId=AC-0001")["data"][0]
    assert "legalName" in " ".join(api.served.platform.journal.entries[-2].notes)


def test_true_and_false_are_read_in_any_case(reading: Api) -> None:
    def count(query: str) -> int:
        found: int = reading.read(f"{PATH}?{query}")["paging"]["totalCount"]
        return found

    assert count("active=TRUE") == count("active=true") != count("active=False")
