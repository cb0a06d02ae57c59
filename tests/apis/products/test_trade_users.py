"""Trade users: requests and answers have the same members, without an envelope."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.products.calls import Api, faults

PATH = "/v1/trade/users"
ONE = f"{PATH}/user-001"
USER = {
    "userId": "user-901",
    "emailAddress": "faye.exemplar@example.com",
    "firstName": "Faye",
    "lastName": "Exemplar",
    "firm": "Lakeview Demo Partners",
    "userRoles": [{"roleName": "Preparer", "groupAssociations": ["Onboarding"]}],
}


def test_a_new_user_is_answered_and_read_back_bare(api: Api) -> None:
    made = api.call("POST", PATH, json=USER)

    assert made.status_code == 201
    assert made.json() == USER
    assert api.read(f"{PATH}/user-901") == USER


def test_key_mail_and_firm_are_enough(api: Api) -> None:
    least = {name: USER[name] for name in ("userId", "emailAddress", "firm")}

    assert api.call("POST", PATH, json=least).json() == least


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, [("emailAddress", "body"), ("firm", "body"), ("userId", "body")]),
        (USER | {"userId": "user-001"}, [("userId", "body")]),
        (USER | {"userId": ""}, [("userId", "body")]),
        (USER | {"userRoles": {}}, [("userRoles", "body")]),
        (USER | {"userRoles": [{"roleName": 1}]}, [("userRoles.0.roleName", "body")]),
    ],
)
def test_a_wrong_new_user_is_refused(api: Api, body: Any, places: Any) -> None:
    found = faults(api.call("POST", PATH, json=body))

    assert sorted(found) == places
    assert api.get(f"{PATH}/user-901").status_code == 404


def test_the_end_user_may_be_named_by_mail(reading: Api) -> None:
    for user in ("ada.testwell@example.com", "somebody"):
        assert reading.get(ONE, {"X-SEIC-CURRENT-USER-CONTEXT": user}).status_code == 200


@pytest.mark.parametrize("body", [{"firstName": "Lea"}, {"emailAddress": "lea@example.com"}, {}])
def test_a_put_leaves_nothing_of_the_former_user_but_the_key(api: Api, body: Any) -> None:
    replaced = api.call("PUT", ONE, json=body)

    assert replaced.status_code == 201
    assert replaced.json() == api.read(ONE) == {"userId": "user-001", **body}


def test_the_key_of_the_path_is_the_key_of_the_user(api: Api) -> None:
    before = api.read(ONE)

    replaced = api.call("PUT", ONE, json=before | {"userId": "x"})

    assert replaced.json() == api.read(ONE) == before
    assert api.get(f"{PATH}/x").status_code == 404


def test_a_wrong_replacement_leaves_the_user_as_it_was(api: Api) -> None:
    before = api.read(ONE)

    assert faults(api.call("PUT", ONE, json={"firstName": 1})) == [("firstName", "body")]
    assert api.call("PUT", f"{PATH}/user-901", json=USER).status_code == 404
    assert api.read(ONE) == before


def test_a_deleted_user_is_gone(api: Api) -> None:
    deleted = api.call("DELETE", ONE)

    assert (deleted.status_code, deleted.json()) == (200, {"userId": "user-001"})
    for method in ("GET", "DELETE"):
        assert api.call(method, ONE).status_code == 404
