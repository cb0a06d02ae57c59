"""Account attributes: a form picks accounts, under the content types that the pages spell."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2
import pytest

from mock_sei.apis.bodies import LARGEST_FORM
from tests.apis.products.calls import Api, faults

PATH = "/v1/accounts"
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
    assert "no parameter externalId" in str(reading.served.platform.journal.last.findings.notes)


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

    because = reading.served.platform.journal.last.refused_because or ""
    assert AS_THE_PAGE_SPELLS_IT in because
    assert "application/x-www-form-urlencoded" in because


def test_other_methods_on_the_attributes_are_405(reading: Api) -> None:
    http, headers = reading.served.client(), reading.served.headers()

    assert http.get(ATTRIBUTES, headers=headers).status_code == 405


def test_the_largest_form_is_read(reading: Api) -> None:
    fields = b"externalId=AC-0009&alternateId=AA-0009"
    padding = b"&" * 99 + b"x" * (LARGEST_FORM - len(fields) - 99)

    assert send_form(reading, fields + padding[1:], AS_THE_PAGE_SPELLS_IT).status_code == 200
