"""Third parties: kinds, sections, plain-text cursors, and validation that can be switched off."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.apis.products.calls import Api, Fits, faults

PATH = "/v1/thirdparties/metadata"


def has(name: str, value: object) -> Fits:
    return lambda each: each.get(name) == value


def test_filters_pick_third_parties(reading: Api) -> None:
    reading.check_filters(
        PATH,
        {
            "externalId=TP-0005": has("externalId", "TP-0005"),
            "alternateId=TA-0006": has("alternateId", "TA-0006"),
            "nsccId=Z004": has("externalId", "TP-0004"),
            "classification=Individual": has("classification", "Individual"),
            "classification=Entity": has("classification", "Entity"),
            "type=Custodian": has("type", "Custodian"),
            "type=Placement%20Agent": has("type", "Placement Agent"),
            "active=false": has("active", False),
            "clientSpecific=true": has("clientSpecific", True),
        },
    )
    assert reading.read(f"{PATH}?type=Neighbour")["data"] == []


def test_wrong_values_are_named(reading: Api) -> None:
    reading.check_wrong(
        PATH,
        {
            "classification=Person": ("classification", "query"),
            "active=1&encoded=no": [("active", "query"), ("encoded", "query")],
            "cursor=TP-0005": ("cursor", "query"),
            "encoded=true&cursor=TP-0005": ("cursor", "query"),
        },
    )


def test_sections_leave_the_others_out(reading: Api) -> None:
    (whole,) = reading.read(f"{PATH}?externalId=TP-0004")["data"]
    (part,) = reading.read(f"{PATH}?externalId=TP-0004&section=contact")["data"]

    assert whole.keys() - part.keys() == {"address", "relationships"}


def test_cursors_are_plain_where_they_are_not_to_be_encoded(reading: Api) -> None:
    paging = reading.read(f"{PATH}?encoded=false&limit=4")["paging"]

    query = parse_qs(urlsplit(paging["next"]).query)
    assert query["cursor"] == ["TP-0005"]
    assert query["encoded"] == ["false"]
    reading.check_walk(f"{PATH}?encoded=false", "externalId", 9)
    reading.check_walk(PATH, "externalId", 9)


def test_without_validation_a_wrong_value_counts_as_not_sent(reading: Api) -> None:
    total = reading.read(PATH)["paging"]["totalCount"]

    body = reading.read(f"{PATH}?validateRequest=false&classification=Person")

    assert body["paging"]["totalCount"] == total
    assert "classification" in reading.served.platform.journal.last.notes[0]
    wrong = reading.get(f"{PATH}?validateRequest=true&classification=Person")
    assert faults(wrong) == [("classification", "query")]
    assert faults(reading.get(f"{PATH}?validateRequest=off")) == [("validateRequest", "query")]
