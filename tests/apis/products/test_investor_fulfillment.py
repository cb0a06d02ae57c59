"""An investor as its onboarding captured it, in an envelope that only this page documents."""

from __future__ import annotations

from tests.apis.products.calls import Api

PATH = "/v1/investors/fulfillment"


def test_the_investor_comes_in_results(reading: Api) -> None:
    body = reading.read(f"{PATH}/TN-000101")

    assert body.keys() == {"data"}
    assert body["data"].keys() == {"results"}
    (investor,) = body["data"]["results"]
    assert list(investor) == ["firm", "standard", "pii", "compliance"]
    assert list(investor["compliance"]) == [
        "formPfBeneficialOwnerType",
        "beneficialOwnersFormPf",
        "erisaType",
        "erisaPercentage",
        "finra5130",
        "finra5130Percentage",
        "finra5131",
    ]


def test_every_investors_members_stand_in_the_order_of_the_page(reading: Api) -> None:
    order = [
        "fullName",
        "externalId",
        "alternateId",
        "accountNumber",
        "subscriberType",
        "taxType",
        "taxStatus",
        "accreditedInvestor",
        "qualifiedPurchaser",
        "employeeEligibleFlag",
        "domicileIsoCode",
        "citizenshipIsoCodes",
        "placeOfBusinessIsoCode",
        "placeOfBusinessStateCode",
    ]
    for number in range(101, 105):
        (investor,) = reading.read(f"{PATH}/TN-000{number}")["data"]["results"]
        found = list(investor["standard"])
        assert found == order[: len(found)]
        assert list(investor["pii"]) == ["primaryTaxId", "secondaryTaxId", "foreignTaxId", "dob"]


def test_its_keys_are_those_of_the_investor(reading: Api) -> None:
    (captured,) = reading.read(f"{PATH}/TN-000112")["data"]["results"]
    key = captured["standard"]["externalId"]

    (investor,) = reading.read(f"/v2/investors?externalId={key}")["data"]
    assert investor["name"] == captured["standard"]["fullName"]
    assert investor["pii"]["primaryTaxId"] == captured["pii"]["primaryTaxId"]


def test_an_unknown_tracking_number_is_not_found(reading: Api) -> None:
    assert reading.get(f"{PATH}/1234").status_code == 404
