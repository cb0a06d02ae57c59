"""Signing ceremonies: begun, cancelled, and notified again, by tracking number or by group."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.apis.products.calls import Api, Record

SUBSCRIBE = "/v1/esign/subscribe"
CANCEL = "/v1/esign/cancel"
RESEND = "/v1/esign/resend"
ALL = (SUBSCRIBE, CANCEL, RESEND)
ON_ONE_THAT_GOES_ON = (CANCEL, RESEND)

UNSIGNED = {"trackingNumber": "TN-000105"}
GOING_ON = {"trackingNumber": "TN-000101"}
OVER = {"trackingNumber": "TN-000102"}
HOST = {"hostName": "Ben Mockridge", "hostEmail": "ben.mockridge.1@example.com"}
SPELLINGS = ("opportunityGroupID", "opportunityGroupId")


def records(api: Api, collection: str, **wanted: object) -> list[Record]:
    found = api.served.platform.state.apis.collections.all(collection)
    return [dict(each) for each in found if wanted.items() <= each.items()]


def ceremonies(api: Api, **wanted: object) -> list[Record]:
    return records(api, "esign-ceremonies", **wanted)


def group_of(api: Api, names: Record) -> str:
    (opportunity,) = records(api, "trade-opportunities", **names)
    return str(opportunity["opportunityGroupId"])


def post(api: Api, path: str, body: Any) -> httpx2.Response:
    return api.call("POST", path, json=body)


def refused(api: Api, path: str, body: Any, status: int) -> str:
    """The code of the error. The refused call must not have changed the ceremonies."""
    before = ceremonies(api)
    answer = post(api, path, body)
    assert answer.status_code == status, answer.text
    assert ceremonies(api) == before
    return str(answer.json()["code"])


def why(api: Api) -> str:
    return api.served.platform.journal.last.refused_because or ""


def test_a_ceremony_begins_and_its_key_is_a_bare_text(api: Api) -> None:
    answer = post(api, SUBSCRIBE, UNSIGNED | HOST)

    assert answer.status_code == 200
    (made,) = ceremonies(api, **UNSIGNED)
    assert answer.json() == made["ceremonyId"]
    assert made["opportunityGroupId"] == group_of(api, UNSIGNED)
    assert HOST.items() <= made.items()
    assert made["status"] == "In Progress"
    assert made["startedDate"].endswith("Z")


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("path", ALL)
def test_a_group_is_named_in_both_spellings(api: Api, path: str, spelling: str) -> None:
    group = group_of(api, UNSIGNED if path == SUBSCRIBE else GOING_ON)

    assert post(api, path, {spelling: group}).status_code == 200

    assert len(ceremonies(api, opportunityGroupId=group)) == 1
    assert not any("opportunityGroupID" in each for each in ceremonies(api))


@pytest.mark.parametrize("body", [{}, HOST, {"trackingNumber": "", "opportunityGroupID": ""}])
def test_no_member_is_required_to_begin(api: Api, body: Record) -> None:
    for _ in range(2):  # a body without names cannot conflict
        assert post(api, SUBSCRIBE, body).status_code == 200


def test_an_empty_number_beside_another_counts_as_not_sent(api: Api) -> None:
    assert post(api, SUBSCRIBE, UNSIGNED | {"opportunityGroupID": ""}).status_code == 200
    assert post(api, CANCEL, UNSIGNED | {"opportunityGroupId": ""}).status_code == 200


def test_a_second_ceremony_conflicts_until_the_first_is_cancelled(api: Api) -> None:
    assert refused(api, SUBSCRIBE, GOING_ON, 409) == "resource.state.failure"
    assert "TN-000101" in why(api)
    assert "in progress" in why(api)

    assert post(api, CANCEL, GOING_ON).status_code == 200
    assert post(api, SUBSCRIBE, GOING_ON).status_code == 200
    assert refused(api, SUBSCRIBE, GOING_ON, 409)
    assert [each["status"] for each in ceremonies(api, **GOING_ON)] == ["Cancelled", "In Progress"]


def test_a_group_has_one_ceremony_of_its_own(api: Api) -> None:
    group = group_of(api, UNSIGNED)

    assert post(api, SUBSCRIBE, {"opportunityGroupID": group}).status_code == 200

    assert refused(api, SUBSCRIBE, {"opportunityGroupId": group}, 409)


def test_cancelling_ends_it_and_says_so(api: Api) -> None:
    answer = post(api, CANCEL, GOING_ON)

    assert answer.json() == {
        **GOING_ON,
        "opportunityGroupId": group_of(api, GOING_ON),
        "userMessage": "The signing ceremony is cancelled.",
    }
    (cancelled,) = ceremonies(api, **GOING_ON)
    assert cancelled["status"] == "Cancelled"
    assert cancelled["endedDate"].endswith("Z")


def test_a_group_cancels_the_ceremonies_of_all_its_opportunities(api: Api) -> None:
    products = [{"productName": f"Lakeview Demo {name}"} for name in ("Equity Fund", "Credit Fund")]
    request = {
        "requestType": "New Subscription",
        "firm": "Lakeview Demo Partners",
        "products": products,
        "investor": {"standard": {"fullName": "Alder Cove Trust"}},
    }
    made = api.call("POST", "/v1/trade/initiation", json=request).json()["data"]
    (group,) = {each["opportunityGroupId"] for each in made}
    for each in made:
        numbers = {"trackingNumber": each["trackingNumber"]}
        assert post(api, SUBSCRIBE, numbers).status_code == 200

    assert post(api, CANCEL, {"opportunityGroupId": group}).status_code == 200

    found = ceremonies(api, opportunityGroupId=group)
    assert [each["status"] for each in found] == ["Cancelled", "Cancelled"]


def test_sending_the_mail_again_leaves_the_ceremony_in_progress(api: Api) -> None:
    for _ in range(2):
        answer = post(api, RESEND, GOING_ON)
        assert answer.json()["userMessage"] == "The signers get their mail again."

    (found,) = ceremonies(api, **GOING_ON)
    assert found["status"] == "In Progress"
    assert found["resentDate"].endswith("Z")


@pytest.mark.parametrize("path", ON_ONE_THAT_GOES_ON)
def test_what_is_over_conflicts(api: Api, path: str) -> None:
    assert refused(api, path, OVER, 409) == "resource.state.failure"

    entry = api.served.platform.journal.last
    assert (entry.expected, entry.actual) == ("status In Progress", "status Completed")


@pytest.mark.parametrize("path", ALL)
def test_an_unknown_number_is_not_authorized(api: Api, path: str) -> None:
    for body in ({"trackingNumber": "TN-999999"}, {"opportunityGroupID": "none"}):
        assert refused(api, path, body, 404) == "resource.access.failure"
        assert "not authorized" in why(api)
        assert str(*body.values()) in why(api)


@pytest.mark.parametrize("path", ALL)
def test_a_tracking_number_of_another_group_is_not_authorized(api: Api, path: str) -> None:
    names = UNSIGNED if path == SUBSCRIBE else GOING_ON
    own, other = group_of(api, names), group_of(api, OVER)

    refused(api, path, names | {"opportunityGroupID": other}, 404)

    assert post(api, path, names | {"opportunityGroupID": own}).status_code == 200


@pytest.mark.parametrize("path", ON_ONE_THAT_GOES_ON)
@pytest.mark.parametrize("body", [{}, {"trackingNumber": "", "opportunityGroupId": ""}])
def test_a_ceremony_must_be_named(api: Api, path: str, body: Record) -> None:
    assert refused(api, path, body, 422) == "request.payload.failure"

    assert "trackingNumber or opportunityGroupId is required" in why(api)


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("body", [{"trackingNumber": 5}, [], "TN-000101", None])
def test_json_that_does_not_fit_is_422(api: Api, path: str, body: Any) -> None:
    content = json.dumps(body).encode()

    answer = api.call("POST", path, {"Content-Type": "application/json"}, content=content)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


def test_two_spellings_with_two_values_are_422(api: Api) -> None:
    body = dict(zip(SPELLINGS, ("one", "two"), strict=True))

    assert refused(api, SUBSCRIBE, body, 422)

    assert "another spelling" in why(api)


@pytest.mark.parametrize("path", ALL)
def test_what_is_no_json_is_400(api: Api, path: str) -> None:
    answer = api.call("POST", path, {"Content-Type": "application/json"}, content=b'{"tracking')

    assert answer.status_code == 400


def test_starting_wants_json_and_the_others_take_any_media_type(api: Api) -> None:
    content = b'{"trackingNumber": "TN-000101"}'

    def status(path: str, media_type: str | None) -> int:
        headers = {} if media_type is None else {"Content-Type": media_type}
        return api.call("POST", path, headers, content=content).status_code

    for media_type in ("text/plain", None):
        assert status(SUBSCRIBE, media_type) == 400
    for media_type in ("text/plain", "application/json", "*/*", None):
        assert status(RESEND, media_type) == 200
    assert status(CANCEL, None) == 200


@pytest.mark.parametrize("path", ALL)
def test_other_methods_are_405(api: Api, path: str) -> None:
    http, headers = api.served.client(), api.served.headers()

    for method in ("GET", "PUT", "DELETE"):
        answer = http.request(method, path, headers=headers)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
