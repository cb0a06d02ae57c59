"""Accounts: filters over addresses and kinds, and changes by the members that are sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from mock_sei.apis.bodies import LARGEST_FORM
from tests.apis.products.calls import DATE_FILTERS, WRONG_DATES, Api, faults

PATH = "/v1/accounts"
ONE = f"{PATH}/AC-0001"


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
        ({}, [("", "body")]),
        ([], [("", "body")]),
        ("text", [("", "body")]),
        ({"legalName": ""}, [("legalName", "body")]),
        ({"legalName": None, "active": "no"}, [("active", "body"), ("legalName", "body")]),
        ({"legalName": "x", "externalId": "AC-0002"}, [("externalId", "body")]),
        ({"legalName": "x", "id": 1}, [("id", "body")]),
        ({"addresses": [{"type": "Home"}]}, [("addresses.0.type", "body")]),
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


ATTRIBUTES = f"{PATH}/attributes"
AS_THE_PAGE_SPELLS_IT = "application/xxx-form-url encoded"
FORM_TYPES = (
    AS_THE_PAGE_SPELLS_IT,
    "application/xxx-form-urlencoded",
    "application/x-www-form-urlencoded",
    "Application/X-WWW-Form-URLEncoded; charset=utf-8",
    None,
)


def send_form(
    api: Api, form: str | bytes, media_type: str | None, url: str = ""
) -> httpx2.Response:
    headers = {} if media_type is None else {"Content-Type": media_type}
    return api.call("POST", url or ATTRIBUTES, headers, content=form)


@pytest.mark.parametrize("media_type", FORM_TYPES)
def test_a_form_picks_attributes(reading: Api, media_type: str | None) -> None:
    answer = send_form(reading, "externalId=AC-0009&alternateId=AA-0009", media_type)

    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["data"]
    (account,) = reading.read(f"{PATH}?externalId=AC-0009")["data"]
    assert found.items() <= account.items()
    assert found["primaryTaxId"] == account["primaryTaxId"]
    assert "addresses" not in found


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("investorExternalId=INV-0012", ["AC-0012"]),
        ("fundInvestorExternalId=FI-01A-0010", ["AC-0010"]),
        ("alternateId=AA-0007&somethingElse=1", ["AC-0007"]),
        ("externalId=nobody", []),
        ("externalId=AC-0001&alternateId=AA-0002", []),
    ],
)
def test_each_field_of_the_form_picks(reading: Api, form: str, keys: list[str]) -> None:
    found = send_form(reading, form, AS_THE_PAGE_SPELLS_IT).json()["data"]

    assert [each["externalId"] for each in found] == keys


def test_without_a_form_every_account_comes_page_by_page(reading: Api) -> None:
    keys: list[str] = []
    url: str | None = f"{ATTRIBUTES}?limit=45"
    while url:
        parts = urlsplit(url)
        answer = send_form(reading, b"", AS_THE_PAGE_SPELLS_IT, f"{parts.path}?{parts.query}")
        keys += [each["externalId"] for each in answer.json()["data"]]
        url = answer.json()["paging"]["next"]

    assert keys == [f"AC-{number:04}" for number in range(1, 131)]


def test_a_field_of_the_form_is_none_of_the_query(reading: Api) -> None:
    answer = send_form(reading, b"", None, f"{ATTRIBUTES}?externalId=AC-0009")

    assert answer.json()["paging"]["totalCount"] == 130
    assert "no parameter externalId" in str(reading.platform.sandbox.journal.last.findings.notes)


@pytest.mark.parametrize(
    ("form", "media_type", "place"),
    [
        (b'{"externalId": "AC-0009"}', "application/json", ("content-type", "header")),
        (b"externalId=AC-0009", "application/xxx-form", ("content-type", "header")),
        (b"externalId=1&externalId=2", AS_THE_PAGE_SPELLS_IT, ("externalId", "body")),
        (b"externalId=%FF", AS_THE_PAGE_SPELLS_IT, ("", "body")),
        (b"externalId=\xff", AS_THE_PAGE_SPELLS_IT, ("", "body")),
        (b"&a=1" * 101, AS_THE_PAGE_SPELLS_IT, ("", "body")),
        (b"externalId=" + b"1" * LARGEST_FORM, AS_THE_PAGE_SPELLS_IT, ("", "body")),
    ],
)
def test_what_is_no_such_form_is_400(
    reading: Api, form: bytes, media_type: str, place: tuple[str, str]
) -> None:
    assert faults(send_form(reading, form, media_type)) == [place]


def test_the_refused_media_type_is_told_with_those_that_are_taken(reading: Api) -> None:
    send_form(reading, b"{}", "application/json")

    because = reading.platform.sandbox.journal.last.refused_because or ""
    assert AS_THE_PAGE_SPELLS_IT in because
    assert "application/x-www-form-urlencoded" in because


def test_other_methods_on_the_attributes_are_405(reading: Api) -> None:
    http, headers = reading.platform.client(), reading.platform.headers()

    assert http.get(ATTRIBUTES, headers=headers).status_code == 405


def test_the_largest_form_is_read(reading: Api) -> None:
    fields = b"externalId=AC-0009&alternateId=AA-0009"
    padding = b"&" * 99 + b"x" * (LARGEST_FORM - len(fields) - 99)

    assert send_form(reading, fields + padding[1:], AS_THE_PAGE_SPELLS_IT).status_code == 200
