"""From a trade initiation to its tracking number, and what can be read by that number."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.products.calls import Api, Fits, faults

INITIATION = "/v1/trade/initiation"
STATUS = "/v1/trade/status"
USER = {"X-SEIC-CURRENT-USER-CONTEXT": "ada.testwell@example.com"}

REQUEST: dict[str, Any] = {
    "requestType": "New Subscription",
    "channel": "Direct",
    "firm": "Lakeview Demo Partners",
    "team": "Treasury",
    "products": [
        {"productName": "Lakeview Demo Equity Fund", "productExternalId": "FND-01", "amount": 1000},
        {"productName": "Lakeview Demo Credit Fund", "productExternalId": "FND-02"},
    ],
    "investor": {
        "standard": {"fullName": "Alder Cove Trust", "externalId": "INV-9001"},
        "pii": {"primaryTaxId": "00-0009001"},
    },
}
ADVISOR = {"fullName": "Faye Exemplar", "firm": "Harbor Demo Advisers"}


def test_every_product_of_a_request_gets_a_tracking_number(api: Api) -> None:
    answer = api.call("POST", INITIATION, json=REQUEST)

    assert answer.status_code == 201
    made = answer.json()["data"]
    assert [each["trackingNumber"] for each in made] == ["TN-000165", "TN-000166"]
    assert [each["productName"] for each in made] == [
        each["productName"] for each in REQUEST["products"]
    ]
    assert api.read(STATUS)["paging"]["totalCount"] == 66


def test_status_transaction_forms_and_investor_are_read_by_the_number(api: Api) -> None:
    (number, other) = (
        each["trackingNumber"] for each in api.call("POST", INITIATION, json=REQUEST).json()["data"]
    )

    (status,) = api.read(f"{STATUS}?trackingNumber={number}")["data"]
    assert (status["status"], status["team"], status["productExternalId"]) == (
        "Initiated",
        "Treasury",
        "FND-01",
    )
    assert status["investorName"] == "Alder Cove Trust"
    assert status["initialDate"].endswith("Z")
    transaction = api.read(f"/v1/trade/transactions/{number}", USER)["data"]
    assert transaction["orderId"] == status["orderId"]
    assert (transaction["amount"], transaction["investorExternalId"]) == (1000, "INV-9001")
    assert "amount" not in api.read(f"/v1/trade/transactions/{other}", USER)["data"]
    forms = api.read(f"/v1/trade/autofill/formdata/{number}")["data"]
    assert forms["investor"] == REQUEST["investor"]
    assert forms["product"] == REQUEST["products"][0]
    (investor,) = api.read(f"/v1/investors/fulfillment/{number}")["data"]["results"]
    assert investor == {"firm": REQUEST["firm"], **REQUEST["investor"]}


def test_an_advisor_alone_or_beside_the_investor_is_enough(api: Api) -> None:
    alone = {name: each for name, each in REQUEST.items() if name != "investor"}

    for body in (alone | {"advisor": ADVISOR}, REQUEST | {"advisor": ADVISOR}):
        answer = api.call("POST", INITIATION, json=body)
        assert answer.status_code == 201, answer.text
        number = answer.json()["data"][0]["trackingNumber"]
        assert api.read(f"/v1/trade/autofill/formdata/{number}")["data"]["advisor"] == ADVISOR


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"requestType": None}, [("requestType", "body")]),
        ({"products": None}, [("products", "body")]),
        ({"products": []}, [("products", "body")]),
        ({"products": [REQUEST["products"][0], {}]}, [("products.1", "body")]),
        ({"products": [{"productName": "x", "amount": "1"}]}, [("products.0.amount", "body")]),
        ({"investor": None}, [("", "body")]),
        ({"investor": {"pii": {"dob": "tomorrow"}}}, [("investor.pii.dob", "body")]),
    ],
)
def test_what_a_request_lacks_is_named_and_nothing_is_begun(
    api: Api, change: dict[str, Any], places: Any
) -> None:
    body = {name: each for name, each in (REQUEST | change).items() if each is not None}

    answer = api.call("POST", INITIATION, json=body)

    assert faults(answer) == places
    assert api.read(STATUS)["paging"]["totalCount"] == 64


def test_a_request_of_more_than_a_thousand_products_is_refused(api: Api) -> None:
    products = [{"productExternalId": "FND-01"}] * 1001

    assert faults(api.call("POST", INITIATION, json=REQUEST | {"products": products})) == [
        ("products", "body")
    ]
    assert api.read(STATUS)["paging"]["totalCount"] == 64


def test_investor_or_advisor_is_asked_for_in_words(api: Api) -> None:
    body = {name: each for name, each in REQUEST.items() if name != "investor"}

    reason = api.call("POST", INITIATION, json=body).json()["errors"][0]["reason"]

    assert "'investor'" in reason
    assert "'advisor'" in reason


def has(name: str, value: object) -> Fits:
    return lambda each: each.get(name) == value


def test_filters_pick_requests(reading: Api) -> None:
    lakeview = "Lakeview%20Demo%20Partners"
    harbor = "Harbor%20Demo%20Advisers"
    reading.check_filters(
        STATUS,
        {
            f'firmsAndTeams=[["{lakeview}","Treasury"]]': lambda each: (
                each["firm"][:8] == "Lakeview" and each.get("team") == "Treasury"
            ),
            f'firmsAndTeams=[["{harbor}"]]': lambda each: each["firm"][:6] == "Harbor",
            f'firmsAndTeams=[["{harbor}"],["{lakeview}","Onboarding"]]': lambda each: (
                each["firm"][:6] == "Harbor" or each.get("team") == "Onboarding"
            ),
            "requestType=Full%20Redemption": has("requestType", "Full Redemption"),
            "orderId=ORD-5003": has("orderId", "ORD-5003"),
            "productId=200002": has("productId", "200002"),
            "investorId=100007": has("investorId", "100007"),
            "trackingNumber=TN-000140": has("trackingNumber", "TN-000140"),
            "status=Approved": has("status", "Approved"),
            "initialDateStart=2026-01-01": lambda each: each["initialDate"] >= "2026-01-01",
            "initialDateEnd=2025-06-30": lambda each: each["initialDate"] < "2025-07-01",
            "submittedDateStart=2025-12-31T19:00:00-05:00": lambda each: (
                each.get("submittedDate", "") >= "2026-01-01"
            ),
            "submittedDateEnd=2025-12-31": lambda each: (
                "" < each.get("submittedDate", "") < "2026-01-01"
            ),
            "approvedDateStart=2025-07-01T00:00:00Z&approvedDateEnd=2026-03-31": lambda each: (
                "2025-07-01" <= each.get("approvedDate", "") < "2026-04-01"
            ),
        },
    )


def test_wrong_values_are_named(reading: Api) -> None:
    reading.check_wrong(
        STATUS,
        {
            "initialDateStart=2026-01-01T00": ("initialDateStart", "query"),
            "submittedDateEnd=soon&approvedDateStart=x": [
                ("submittedDateEnd", "query"),
                ("approvedDateStart", "query"),
            ],
            "firmsAndTeams=Lakeview": ("firmsAndTeams", "query"),
            'firmsAndTeams=["Lakeview"]': ("firmsAndTeams", "query"),
            'firmsAndTeams=[["a","b","c"]]': ("firmsAndTeams", "query"),
            "firmsAndTeams=[[]]": ("firmsAndTeams", "query"),
        },
    )


def test_the_walk_gives_every_request_once(reading: Api) -> None:
    reading.check_walk(STATUS, "trackingNumber", 10)


def test_every_request_of_the_records_is_whole(reading: Api) -> None:
    story = reading.every(STATUS)[-1]
    number = story["trackingNumber"]

    transaction = reading.read(f"/v1/trade/transactions/{number}", USER)["data"]
    assert transaction["status"] == story["status"]
    assert reading.read(f"/v1/trade/autofill/formdata/{number}")["data"]["channel"]
    assert reading.read(f"/v1/investors/fulfillment/{number}")["data"]["results"]


def test_a_transaction_is_read_with_and_without_the_name_of_an_end_user(reading: Api) -> None:
    path = "/v1/trade/transactions/TN-000101"

    assert reading.read(path) == reading.read(path, USER)
    assert reading.read(path, {next(iter(USER)): "ada"}) == reading.read(path)


@pytest.mark.parametrize("product", [{"productExternalId": "FND-01"}, {"productId": "200001"}])
@pytest.mark.parametrize("who", ["investor", "advisor"])
def test_the_documented_parts_are_enough_to_begin(
    api: Api, product: dict[str, str], who: str
) -> None:
    body = {"requestType": "New Subscription", "products": [product], who: {}}

    answer = api.call("POST", INITIATION, json=body)

    assert answer.status_code == 201
    number = answer.json()["data"][0]["trackingNumber"]
    (story,) = api.read(f"{STATUS}?trackingNumber={number}")["data"]
    assert product.items() <= story.items()
    assert "firm" not in story
    assert api.read(f"/v1/trade/transactions/{number}")["data"]["trackingNumber"] == number
    assert api.read(f"/v1/trade/autofill/formdata/{number}")["data"]["product"] == product
    assert api.read(f"/v1/investors/fulfillment/{number}")["data"]["results"]


def test_times_of_iso_8601_are_read_in_utc(reading: Api) -> None:
    instant = reading.every(STATUS)[0]["initialDate"]
    spellings = (
        instant,
        instant.removesuffix("Z"),
        instant.replace("Z", "+00:00"),
        instant.replace("Z", "0000Z"),
    )

    for query in spellings:
        found = reading.every(f"{STATUS}?initialDateStart={query}&initialDateEnd={query}")
        assert [each["initialDate"] for each in found] == [instant], query


@pytest.mark.parametrize("path", ["/v1/trade/transactions", "/v1/trade/autofill/formdata"])
def test_an_unknown_tracking_number_is_not_found(reading: Api, path: str) -> None:
    assert reading.get(f"{path}/TN-999999", USER).status_code == 404


def test_firms_and_teams_are_read_with_and_without_quotes_and_an_empty_team(reading: Api) -> None:
    firm, team = "Lakeview Demo Partners", "Treasury"
    pair = reading.every(f'{STATUS}?firmsAndTeams=[["{firm}","{team}"]]')
    whole = reading.every(f'{STATUS}?firmsAndTeams=[["{firm}"]]')

    assert 0 < len(pair) < len(whole)
    for text in (f"[[{firm},{team}]]", f"[[{firm}, '{team}']]"):
        assert reading.every(f"{STATUS}?firmsAndTeams={text}") == pair, text
    for text in (f'[["{firm}",null]]', f'[["{firm}",""]]', f"[[{firm},]]", f"[[{firm}],[{firm}]]"):
        assert reading.every(f"{STATUS}?firmsAndTeams={text}") == whole, text
