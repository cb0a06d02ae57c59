"""Pending transactions: reading, changing by JSON Patch, transfers, and their jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.apis.products.calls import Api, Fits
from tests.cases import every_case

TRANSACTIONS = "/v1/transactions"
ONE = "/v1/transactions/PTX-0001"
TRANSFERS = "/v1/transfers"
JOB = "/v1/insight/status"

TYPES = (
    "New Subscription", "Additional Subscription", "Full Redemption", "Partial Redemption",
    "Full Transfer", "Partial Transfer", "Full Switch or Exchange", "Partial Switch or Exchange",
    "New Commitment", "Account Maintenance", "Dividend", "Rebate", "Equalization", "Distribution",
    "Capital Call",
)  # fmt: skip

TRANSFER = {
    "type": "Partial Transfer",
    "investorExternalId": "INV-0001",
    "productExternalId": "FND-01-A",
    "toProductExternalId": "FND-02-A",
    "amount": 250000,
}


def patch(api: Api, *operations: dict[str, Any], path: str = ONE) -> Any:
    return api.call("PATCH", path, **patch_body(*operations))


def patch_body(*operations: Any) -> dict[str, Any]:
    return {
        "content": json.dumps(operations),
        "headers": {"content-type": "application/json-patch+json"},
    }


def read(api: Api, key: str = "PTX-0001") -> dict[str, Any]:
    found: list[dict[str, Any]] = api.read(f"{TRANSACTIONS}?externalId={key}")["data"]
    assert len(found) == 1
    return found[0]


@pytest.mark.long
@every_case("kind", TYPES)
@every_case("status", ["Active", "Cancel"])
def test_every_type_occurs_in_both_states(reading: Api, kind: str, status: str) -> None:
    reading.check_filters(
        TRANSACTIONS,
        {
            f"type={kind}&status={status}": lambda each: (
                (each["type"], each["status"]) == (kind, status)
            )
        },
    )


@pytest.mark.long
@every_case(
    ("query", "fits"),
    [
        ("status=Cancel", lambda each: each["status"] == "Cancel"),
        ("externalId=PTX-0007", lambda each: each["externalId"] == "PTX-0007"),
        ("productExternalId=FND-01-A", lambda each: each["productExternalId"] == "FND-01-A"),
        ("investorExternalId=INV-0003", lambda each: each["investorExternalId"] == "INV-0003"),
        ("contactExternalId=CON-0004", lambda each: each["contactExternalId"] == "CON-0004"),
        ("createStartDate=2026-05-01", lambda each: each["createDate"] >= "2026-05-01"),
        ("createEndDate=2026-05-01", lambda each: each["createDate"] < "2026-05-02"),
        ("changeStartDate=2026-05-01T12:00", lambda each: each["changeDate"] >= "2026-05-01T12"),
        ("changeEndDate=2026-05-01", lambda each: each["changeDate"] < "2026-05-02"),
    ],
)
def test_a_filter_picks_transactions(reading: Api, query: str, fits: Fits) -> None:
    reading.check_filters(TRANSACTIONS, {query: fits})


def test_walking_the_pages_gives_every_transaction_once(reading: Api) -> None:
    reading.check_walk(TRANSACTIONS, "externalId", 7)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("status=active&type=Full", ["status", "type"]),
        ("createStartDate=1&changeEndDate=2026-13-01", ["createStartDate", "changeEndDate"]),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(reading: Api, query: str, fields: list[str]) -> None:
    assert reading.faults(f"{TRANSACTIONS}?{query}") == [(each, "query") for each in fields]


def test_a_transfer_becomes_a_pending_transaction(api: Api) -> None:
    api.stop_clock(2026, 1, 10, 15, 0)

    answer = api.call("POST", TRANSFERS, json={**TRANSFER, "externalId": "PTX-9001"})

    assert answer.status_code == 202
    assert read(api, "PTX-9001") == {
        **TRANSFER,
        "externalId": "PTX-9001",
        "status": "Active",
        "state": "pending",
        "createDate": "2026-01-10T10:00:00.000",
        "changeDate": "2026-01-10T10:00:00.000",
    }
    assert api.read(f"{JOB}/{answer.json()['jobStatusQueryKey']}") == {
        "jobStatusQueryKey": answer.json()["jobStatusQueryKey"],
        "status": "Completed",
        "externalId": "PTX-9001",
    }


def test_a_transfer_without_a_key_gets_one(api: Api) -> None:
    answer = api.call("POST", f"{TRANSFERS}?state=pending", json=TRANSFER)

    assert read(api, answer.json()["externalId"])["amount"] == 250000


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"type": 1}, ["type"]),
        ({"investorExternalId": "INV-9999"}, ["investorExternalId"]),
        ({"productExternalId": "FND-99", "toProductExternalId": "FND-98"},
         ["productExternalId", "toProductExternalId"]),
        ({"amount": "much"}, ["amount"]),
        ({"externalId": "PTX-0001"}, ["externalId"]),
        ({"tradeDate": "2026-02-30", "currencyIsoCode": 1}, ["currencyIsoCode", "tradeDate"]),
    ],
)  # fmt: skip
def test_a_wrong_transfer_is_refused(
    reading: Api, changes: dict[str, Any], fields: list[str]
) -> None:
    body = {**TRANSFER, **changes}

    assert reading.faults(TRANSFERS, "POST", json=body) == [(each, "body") for each in fields]
    assert reading.read(TRANSACTIONS)["paging"]["totalCount"] == 75


def test_a_transfer_of_which_nothing_is_known_is_taken_in(api: Api) -> None:
    answer = api.call("POST", TRANSFERS, json={})

    assert answer.status_code == 202
    assert read(api, answer.json()["externalId"])["status"] == "Active"


def test_a_kind_of_transfer_that_is_not_known_is_kept_and_noted(api: Api) -> None:
    answer = api.call("POST", TRANSFERS, json={**TRANSFER, "type": "In Kind"})

    (note,) = api.served.platform.journal.last.notes
    assert note.startswith("type has a value that is not known here. Known values: Full Transfer")
    assert read(api, answer.json()["externalId"])["type"] == "In Kind"


@pytest.mark.parametrize(("path", "method"), [(TRANSFERS, "POST"), (ONE, "PATCH")])
def test_there_is_no_other_state_than_pending(reading: Api, path: str, method: str) -> None:
    assert reading.faults(f"{path}?state=approved", method) == [("state", "query")]


def test_a_patch_is_taken_in_and_read_back(api: Api) -> None:
    before = read(api)
    api.stop_clock(2026, 7, 1, 12, 0)

    answer = patch(
        api,
        {"op": "test", "path": "/externalId", "value": "PTX-0001"},
        {"op": "replace", "path": "/amount", "value": 1250.5},
        {"op": "remove", "path": "/contactExternalId"},
        {"op": "replace", "path": "/status", "value": "Cancel"},
    )

    assert answer.status_code == 202
    del before["contactExternalId"]
    changes = {"amount": 1250.5, "status": "Cancel", "changeDate": "2026-07-01T08:00:00.000"}
    assert read(api) == {**before, **changes}
    job = api.read(f"{JOB}/{answer.json()['jobStatusQueryKey']}")
    assert (job["status"], job["externalId"]) == ("Completed", "PTX-0001")


@pytest.mark.parametrize(
    ("operations", "field"),
    [
        ([{"op": "test", "path": "/amount", "value": -1}], "1"),
        ([{"op": "remove", "path": "/nothing"}], "1"),
        ([{"op": "replace", "path": "/status", "value": 1}], "status"),
        ([{"op": "replace", "path": "/amount", "value": "much"}], "amount"),
        ([{"op": "increase", "path": "/amount"}], "1.op"),
        ([{"op": "add"}], "1.path"),
    ],
)
def test_a_patch_that_fails_leaves_the_record_as_it_was(
    reading: Api, operations: list[dict[str, Any]], field: str
) -> None:
    before = read(reading)
    first = {"op": "replace", "path": "/amount", "value": 1}
    if operations[0].get("path") == "/amount" and operations[0]["op"] == "replace":
        first["path"] = "/currencyIsoCode"
        first["value"] = "EUR"

    faults = reading.faults(ONE, "PATCH", **patch_body(first, *operations))

    assert faults == [(field, "body")]
    assert read(reading) == before


def test_a_patch_is_json_patch_and_nothing_else(reading: Api) -> None:
    assert reading.faults(ONE, "PATCH", json={"amount": 1}) == [("content-type", "header")]


def test_the_key_of_the_path_is_copied_into_the_transaction(api: Api) -> None:
    answer = patch(api, {"op": "replace", "path": "/externalId", "value": "PTX-9"})

    assert answer.json()["externalId"] == "PTX-0001"
    (note,) = api.served.platform.journal.last.notes
    assert note == "externalId in the body differs from the one in the path, which is kept"
    assert read(api)["externalId"] == "PTX-0001"


def test_every_member_of_a_transaction_may_be_taken_away(api: Api) -> None:
    gone = [name for name in read(api) if name not in ("externalId", "changeDate")]

    answer = patch(api, *({"op": "remove", "path": f"/{name}"} for name in gone))

    assert answer.status_code == 202
    assert read(api).keys() == {"externalId", "changeDate"}


def test_patching_what_is_not_there_is_not_found(reading: Api) -> None:
    body = patch_body({"op": "remove", "path": "/amount"})

    assert "externalId" in reading.missing("/v1/transactions/PTX-9999", "PATCH", **body)


def test_an_unknown_job_is_not_found(reading: Api) -> None:
    assert "key" in reading.missing(f"{JOB}/5ee3a2c8-6c5f-4ab4-9d21-0d6a1f7b9b11")


def test_jobs_are_known_to_insight_alone(api: Api) -> None:
    key = api.call("POST", TRANSFERS, json=TRANSFER).json()["jobStatusQueryKey"]

    assert api.faults(f"/v1/Insight/status/{key}") == [("appName", "path")]
    assert api.faults(f"/v1/trade/status/{key}") == [("appName", "path")]
