"""Firms and teams: a firm of SEI Trade is updated as a whole."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.apis.products.calls import Api, Record, faults

NAME = "Harbor Demo Advisers"
HARBOR = f"/v1/firms/{quote(NAME)}"
USER = {"X-SEIC-CURRENT-USER-CONTEXT": "ada.testwell@example.com"}
WHOLE: Record = {
    "firm": NAME,
    "firmType": "Placement Agent",
    "active": False,
    "teams": [{"team": "Treasury"}, {"team": "Night Shift"}],
}


def firm(api: Api, name: str = NAME) -> Record:
    found = api.served.platform.state.apis.collections.find("firms", "firm", name)
    assert found is not None
    return dict(found)


@pytest.mark.parametrize("headers", [{}, USER], ids=["no user", "a user"])
def test_an_update_answers_201_and_is_kept(api: Api, headers: dict[str, str]) -> None:
    answer = api.call("PUT", HARBOR, headers, json=WHOLE)

    assert answer.status_code == 201, answer.text
    assert answer.json() == WHOLE == firm(api)


def test_the_other_firm_stays_as_it_was(api: Api) -> None:
    before = firm(api, "Lakeview Demo Partners")

    api.call("PUT", HARBOR, json=WHOLE)

    assert firm(api, "Lakeview Demo Partners") == before


def test_members_of_ones_own_are_kept_too(api: Api) -> None:
    api.call("PUT", HARBOR, json=WHOLE | {"region": "East"})

    assert firm(api)["region"] == "East"


def test_an_unknown_firm_is_404(api: Api) -> None:
    assert "No record" in api.missing("/v1/firms/Nobody", "PUT", json={"firmType": "Manager"})
    assert api.served.platform.journal.last.actual == "Nobody"


def test_wrong_members_are_named_and_nothing_is_kept(api: Api) -> None:
    before = firm(api)

    answer = api.call("PUT", HARBOR, json=WHOLE | {"active": "yes", "teams": ["Treasury"]})

    assert sorted(faults(answer)) == [("active", "body"), ("teams.0", "body")]
    assert firm(api) == before


def test_a_firm_keeps_its_key(api: Api) -> None:
    other = firm(api, "Lakeview Demo Partners")

    api.call("PUT", HARBOR, json=WHOLE | {"firm": other["firm"]})

    assert firm(api)["firm"] == NAME
    assert firm(api, other["firm"]) == other


def test_an_update_replaces_the_whole_firm_but_its_key(api: Api) -> None:
    answer = api.call("PUT", HARBOR, json={"teams": [{"team": "Treasury"}]})

    assert answer.status_code == 201
    assert answer.json() == firm(api) == {"firm": NAME, "teams": [{"team": "Treasury"}]}
