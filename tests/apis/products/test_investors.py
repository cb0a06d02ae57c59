"""Investors: four views of one record, creation, and changes by JSON Patch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.products.calls import (
    DATE_FILTERS,
    PATCH_TYPE,
    WRONG_DATES,
    Api,
    Fits,
    Record,
    faults,
)

FULL, STANDARD, ENHANCED, METADATA = (
    "/v2/investors",
    "/v1/investors/standard",
    "/v1/investors/enhanced",
    "/v1/investors/metadata",
)
ONE = "/v1/investors/INV-0001"
KEYS = {
    *("id", "externalId", "alternateId", "name", "active", "createDate", "changeDate"),
    "fundInvestorExternalIds",
}

FILTERS: dict[str, Fits] = {
    "externalId=INV-0007": lambda each: each["externalId"] == "INV-0007",
    "alternateId=A-0130": lambda each: each["externalId"] == "INV-0130",
    "active=true": lambda each: each["active"] is True,
    "active=false": lambda each: each["active"] is False,
    "fundInvestorExternalId=FI-01A-0001": lambda each: each["externalId"] == "INV-0001",
    "active=false&createStartDate=2025-09-01": lambda each: (
        not each["active"] and each["createDate"] >= "2025-09-01"
    ),
    **DATE_FILTERS,
}


@pytest.mark.long
@pytest.mark.parametrize("path", [FULL, STANDARD, ENHANCED, METADATA])
def test_filters_pick_investors(reading: Api, path: str) -> None:
    reading.check_filters(path, FILTERS)


@pytest.mark.parametrize("path", [FULL, STANDARD, ENHANCED, METADATA])
def test_wrong_values_are_named(reading: Api, path: str) -> None:
    reading.check_wrong(
        path,
        WRONG_DATES
        | {
            "limit=x&active=1": [("limit", "query"), ("active", "query")],
        },
    )


@pytest.mark.long
def test_the_first_page_holds_fifty_and_the_walk_gives_all(reading: Api) -> None:
    assert len(reading.read(FULL)["data"]) == 50
    assert reading.read(f"{FULL}?limit=500")["paging"]["limit"] == 50
    reading.check_walk(FULL, "externalId", 50)
    reading.check_walk(f"{METADATA}?active=true", "externalId", 7)


@pytest.mark.parametrize(("limit", "is_noted"), [("100", True), ("51", True), ("50", False)])
def test_a_limit_above_the_largest_page_is_noted_in_the_journal_every_time(
    reading: Api, limit: str, is_noted: bool
) -> None:
    note = f"limit={limit}: a page has at most 50 records; follow paging for the others"
    for _ in range(2):  # the second answer comes from memory
        reading.read(f"{FULL}?limit={limit}")
        assert (note in reading.served.platform.journal.last.notes) is is_noted


def test_a_start_date_is_the_first_instant_and_an_end_date_the_last(reading: Api) -> None:
    made = reading.read(f"{FULL}?externalId=INV-0001")["data"][0]["createDate"]
    day = made[:10]

    for query in (f"createStartDate={day}", f"createEndDate={day}", f"createEndDate={made}"):
        assert reading.read(f"{FULL}?externalId=INV-0001&{query}")["data"], query
    before = f"{day}T00:00:00.000"
    assert not reading.read(f"{FULL}?externalId=INV-0001&createEndDate={before}")["data"]


def members(record: Record) -> set[str]:
    return set(record) - KEYS


def test_each_reading_has_its_members(reading: Api) -> None:
    full, standard, enhanced, metadata = (
        reading.read(f"{path}?limit=1")["data"][0] for path in (FULL, STANDARD, ENHANCED, METADATA)
    )

    assert set(metadata) == KEYS
    assert members(standard) == {"standard", "address", "pii"}
    assert members(enhanced) == {"fatca", "pooledInvestment", "cftcNfa", "insurance", "tax"}
    assert members(full) == members(standard) | members(enhanced) | {"compliance"}


def test_sections_leave_the_others_out(reading: Api) -> None:
    for path, sections in ((FULL, "standard,pii"), (FULL, "compliance"), (ENHANCED, "tax,cftcNfa")):
        record = reading.read(f"{path}?section={sections}&limit=1")["data"][0]
        assert set(record) == KEYS | set(sections.split(","))


def test_an_unknown_section_counts_as_not_sent(api: Api) -> None:
    everything = api.read(f"{FULL}?limit=1")["data"]

    assert api.read(f"{FULL}?limit=1&section=colour")["data"] == everything
    (note,) = api.served.platform.journal.last.notes
    assert note.startswith("section has a value that is not known here")
    assert set(api.read(f"{FULL}?limit=1&section=Standard,colour")["data"][0]) == KEYS | {
        "standard"
    }


def test_a_new_investor_needs_a_key_and_a_name(api: Api) -> None:
    answer = api.call(
        "POST", "/v1/investors", json={"externalId": "INV-9001", "name": "Alder Cove"}
    )

    assert answer.status_code == 202
    assert answer.json().keys() == {"jobStatusQueryKey"}
    record = api.read(f"{FULL}?externalId=INV-9001&active=true")["data"][0]
    assert (record["id"], record["name"], record["active"]) == (100131, "Alder Cove", True)
    assert record["createDate"] == record["changeDate"]
    assert api.read(METADATA)["paging"]["totalCount"] == 131


def test_everything_of_a_new_investor_is_kept(api: Api) -> None:
    body = {
        "externalId": "INV-9002",
        "name": "Hazel Ridge Trust",
        "active": False,
        "id": 7,
        "standard": {"fullName": "Hazel Ridge Trust", "employeeEligibleFlag": True},
        "ownMember": {"kept": True},
    }

    assert api.call("POST", "/v1/investors", json=body).status_code == 202

    record = api.read(f"{FULL}?externalId=INV-9002")["data"][0]
    assert record["id"] == 100131
    assert {name: record[name] for name in body if name != "id"} == {
        name: value for name, value in body.items() if name != "id"
    }


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, [("externalId", "body"), ("name", "body")]),
        ({"externalId": "INV-9001"}, [("name", "body")]),
        ({"externalId": "", "name": "x"}, [("externalId", "body")]),
        ({"externalId": 1, "name": "x"}, [("externalId", "body")]),
        ({"externalId": "INV-0001", "name": "x"}, [("externalId", "body")]),
        (
            {"externalId": "I", "name": "x", "standard": {"employeeEligibleFlag": "yes"}, "pii": 3},
            [("pii", "body"), ("standard.employeeEligibleFlag", "body")],
        ),
        ([], [("", "body")]),
    ],
)
def test_a_wrong_new_investor_is_refused(api: Api, body: Any, places: Any) -> None:
    assert faults(api.call("POST", "/v1/investors", json=body)) == places
    assert api.read(METADATA)["paging"]["totalCount"] == 130


def test_a_body_has_its_media_type_and_is_json(api: Api) -> None:
    for content, kind, place in (
        (b"{}", "text/plain", ("content-type", "header")),
        (b"{}", PATCH_TYPE, ("content-type", "header")),
        (b"", "application/json", ("", "body")),
        (b'{"externalId": NaN}', "application/json", ("", "body")),
        (b"{", "application/json", ("", "body")),
        (b"\xff", "application/json", ("", "body")),
    ):
        answer = api.call("POST", "/v1/investors", {"Content-Type": kind}, content=content)
        assert faults(answer) == [place], content
    answer = api.call("PATCH", ONE, {"Content-Type": "application/json"}, content=b"[]")
    assert faults(answer) == [("content-type", "header")]


def test_a_patch_changes_and_dates_the_record(api: Api) -> None:
    before = api.read(f"{FULL}?externalId=INV-0001")["data"][0]

    answer = api.patch(
        ONE,
        [
            {"op": "test", "path": "/active", "value": True},
            {"op": "replace", "path": "/name", "value": "Alder Cove Trust"},
            {"op": "add", "path": "/standard/citizenshipIsoCodes/-", "value": "IE"},
            {"op": "remove", "path": "/insurance"},
        ],
    )

    assert answer.status_code == 202
    assert answer.json()["jobStatusQueryKey"]
    after = api.read(f"{FULL}?externalId=INV-0001")["data"][0]
    assert after["name"] == "Alder Cove Trust"
    assert after["standard"]["citizenshipIsoCodes"][-1] == "IE"
    assert "insurance" not in after
    assert after["changeDate"] > before["changeDate"]
    assert after["createDate"] == before["createDate"]


def test_a_patch_may_change_the_key(api: Api) -> None:
    change = {"op": "replace", "path": "/externalId", "value": "INV-9001"}

    assert api.patch(ONE, [change]).status_code == 202

    assert api.patch(ONE, [change]).status_code == 404
    assert api.read(f"{FULL}?externalId=INV-9001")["data"][0]["id"] == 100001


GROWING = [{"op": "add", "path": "/a", "value": ["x" * 50]}] + [
    {"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(40)
]


@pytest.mark.parametrize(
    ("operations", "places"),
    [
        ([{"op": "replace", "path": "/colour/red", "value": 1}], [("1", "body")]),
        ([{"op": "remove", "path": "/colour"}], [("1", "body")]),
        ([{"op": "test", "path": "/name", "value": "somebody"}], [("1", "body")]),
        ([{"op": "replace", "path": "name", "value": "x"}], [("1", "body")]),
        ([{"op": "copy", "from": "/colour", "path": "/name"}], [("1", "body")]),
        ([{"op": "replace", "path": "/id", "value": 1}], [("id", "body")]),
        ([{"op": "remove", "path": "/id"}], [("id", "body")]),
        ([{"op": "remove", "path": "/externalId"}], [("externalId", "body")]),
        ([{"op": "replace", "path": "/externalId", "value": "INV-0002"}], [("externalId", "body")]),
        ([{"op": "replace", "path": "/active", "value": "yes"}], [("active", "body")]),
        ([{"op": "replace", "path": "", "value": [1]}], [("", "body")]),
        (GROWING, None),
    ],
)
def test_a_patch_that_fails_leaves_the_record_as_it_was(
    api: Api, operations: list[Any], places: Any
) -> None:
    before = api.read(f"{FULL}?externalId=INV-0001")["data"][0]
    first = {"op": "replace", "path": "/alternateId", "value": "changed"}

    found = faults(api.patch(ONE, [first, *operations]))

    assert places is None or found == places
    assert api.read(f"{FULL}?externalId=INV-0001")["data"] == [before]


@pytest.mark.parametrize(
    ("operations", "places"),
    [
        ({"name": "x"}, [("", "body")]),
        ([3], [("0", "body")]),
        ([{"path": "/name"}], [("0.op", "body")]),
        ([{"op": "change", "path": "/name"}], [("0.op", "body")]),
        ([{"op": "add", "path": 3}], [("0.path", "body")]),
        ([{"op": "add", "path": "/name"}], [("0", "body")]),
        ([{"op": "move", "path": "/name"}], [("0", "body")]),
    ],
)
def test_what_is_no_patch_is_refused(api: Api, operations: Any, places: Any) -> None:
    assert faults(api.patch(ONE, operations)) == places


def test_an_unknown_investor_is_not_found(api: Api) -> None:
    answer = api.patch("/v1/investors/INV-9999", [{"op": "remove", "path": "/name"}])

    assert answer.status_code == 404
    assert "externalId" in (api.served.platform.journal.last.refused_because or "")
