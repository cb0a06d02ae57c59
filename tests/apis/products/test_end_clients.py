"""End clients: names, kinds and prospects."""

from __future__ import annotations

import pytest

from tests.apis.products.calls import DATE_FILTERS, WRONG_DATES, Api, Fits

PATH = "/v1/endclients/metadata"


def has(name: str, value: object) -> Fits:
    return lambda each: each.get(name) == value


@pytest.mark.long
def test_filters_pick_end_clients(reading: Api) -> None:
    reading.check_filters(
        PATH,
        {
            "firstName=Cleo": has("firstName", "Cleo"),
            "middleName=X": has("middleName", "X"),
            "lastName=Fixtura": has("lastName", "Fixtura"),
            "classification=Entity": has("classification", "Entity"),
            "classification=Individual": has("classification", "Individual"),
            "endClientName=Cleo Sampleton": has("endClientName", "Cleo Sampleton"),
            "externalId=EC-0005": has("externalId", "EC-0005"),
            "active=false": has("active", False),
            "prospect=true": has("prospect", True),
            "prospectStatus=Qualified": has("prospectStatus", "Qualified"),
            "lastName=Fixtura&active=true": lambda each: (
                each.get("lastName") == "Fixtura" and each["active"]
            ),
            **DATE_FILTERS,
        },
    )


@pytest.mark.parametrize(
    ("name", "values"),
    [("prefix", ["Mr.", "Mrs.", "Ms.", "Dr."]), ("suffix", ["Jr.", "Sr.", "Esq."])],
)
def test_every_listed_value_picks_somebody(reading: Api, name: str, values: list[str]) -> None:
    reading.check_filters(PATH, {f"{name}={value}": has(name, value) for value in values})


def test_wrong_values_are_named(reading: Api) -> None:
    reading.check_wrong(
        PATH,
        WRONG_DATES
        | {
            "prefix=Mr": ("prefix", "query"),
            "suffix=III": ("suffix", "query"),
            "classification=Person&prospect=maybe": [
                ("classification", "query"),
                ("prospect", "query"),
            ],
        },
    )


def test_the_walk_gives_every_end_client_once(reading: Api) -> None:
    reading.check_walk(PATH, "externalId", 25)
