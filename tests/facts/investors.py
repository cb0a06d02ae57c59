"""Investors, and the investor of an onboarding (Investor v1)."""

from __future__ import annotations

from tests.facts.table import Fact, Has, Within, cannot, fact, facts_of, get, like, post, send

ALL = "/v2/investors"
READINGS = (
    ALL,
    "/v1/investors/standard",
    "/v1/investors/enhanced",
    "/v1/investors/metadata",
)
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
NEW = {"externalId": "INV-9001", "name": "Alder Cove Trust"}
RENAMED = [{"op": "replace", "path": "/name", "value": "Renamed Trust"}]
FULFILLMENT = "/v1/investors/fulfillment/TN-000101"
INVESTOR = "data.results.0"


def picks(number: str, query: str, **each: object) -> Fact:
    """A filter that all four readings of investors have."""
    return facts_of(
        number,
        f"{query.partition('=')[0]} is a filter of all four readings",
        "investors/get/investors",
        tuple(get(f"{path}?{query}") for path in READINGS),
        each={name.replace("__", "."): value for name, value in each.items()},
        fewer_than=ALL,
    )


INVESTORS = (
    fact(
        "investors-01",
        "version 2 of the list has the full set of attributes",
        "investors/get/investors",
        get(f"{ALL}?externalId=INV-0001"),
        each={
            "standard.fullName": str,
            "compliance.erisaType": str,
            "fatca": dict,
            "pooledInvestment": dict,
            "cftcNfa": dict,
            "insurance": dict,
            "tax": dict,
        },
        count=1,
    ),
    fact(
        "investors-02",
        "the standard set has legal name, identifiers, address, tax and identity data",
        "investors/get/standard",
        get("/v1/investors/standard?externalId=INV-0001"),
        each={
            "externalId": "INV-0001",
            "standard.fullName": str,
            "address": dict,
            "pii.primaryTaxId": str,
        },
        count=1,
    ),
    fact(
        "investors-03",
        "the enhanced set has pooled investment, CFTC and NFA, insurance and tax data",
        "investors/get/enhanced",
        get("/v1/investors/enhanced?externalId=INV-0001"),
        each={"pooledInvestment": dict, "cftcNfa": dict, "insurance": dict, "tax": dict},
        count=1,
    ),
    facts_of(
        "investors-04",
        "the metadata list all investors of the firm, or one of them",
        "investors/get/metadata",
        (get("/v1/investors/metadata"), get("/v1/investors/metadata?externalId=INV-0001")),
        each={"externalId": like("INV-[0-9]{4}"), "name": str},
    ),
    picks("investors-05", "externalId=INV-0002", externalId="INV-0002"),
    picks("investors-06", "alternateId=A-0003", externalId="INV-0003"),
    picks("investors-07", "active=false", active=False),
    picks(
        "investors-08",
        "fundInvestorExternalId=FI-01A-0001",
        externalId="INV-0001",
    ),
    picks("investors-09", "changeStartDate=2026-03-15", changeDate=Within("2026-03-15")),
    picks("investors-10", "changeEndDate=2025-12-31", changeDate=Within(end="2026-01-01")),
    picks("investors-11", "createStartDate=2026-01-01", createDate=Within("2026-01-01")),
    picks("investors-12", "createEndDate=2025-06-30", createDate=Within(end="2025-07-01")),
    fact(
        "investors-13",
        "section leaves out what is in other sections; several are parted by commas",
        "investors/get/investors",
        get(f"{ALL}?externalId=INV-0001&section=standard,pii"),
        each={"externalId": "INV-0001", "standard": dict, "pii": dict},
        lacks=("data.0.compliance", "data.0.fatca"),
    ),
    facts_of(
        "investors-14",
        "the names of the sections are on no page, so no name is refused",
        "investors/get/enhanced",
        (get(f"{ALL}?section=identity"), get("/v1/investors/enhanced?section=identity")),
        each={"externalId": str},
    ),
    fact(
        "investors-15",
        "an investor is created from its key and its name; the answer is 202",
        "investors/post/investors",
        post("/v1/investors", NEW),
        status=202,
    ),
    fact(
        "investors-16",
        "an investor may be created with everything at once, and is read back",
        "investors/post/investors",
        (
            post(
                "/v1/investors",
                {**NEW, "standard": {"fullName": "Alder Cove Trust"}, "pii": {"primaryTaxId": "1"}},
            ),
            get(f"{ALL}?externalId=INV-9001"),
        ),
        each={"name": "Alder Cove Trust", "standard.fullName": "Alder Cove Trust"},
        count=1,
    ),
    facts_of(
        "investors-17",
        "key and name are the least that a new investor has; one of them is not enough",
        "investors/post/investors",
        (
            post("/v1/investors", {"externalId": "INV-9001"}),
            post("/v1/investors", {"name": "Alder Cove Trust"}),
        ),
        status=400,
        body={"errors.0.field": str, "errors.0.location": str, "errors.0.reason": str},
    ),
    fact(
        "investors-18",
        "a change of an investor is a JSON Patch under its own content type; the answer is 202",
        "investors/patch/investors/{externalId}",
        send("PATCH", "/v1/investors/INV-0001", RENAMED, headers=JSON_PATCH),
        status=202,
    ),
    fact(
        "investors-19",
        "what was changed is read back, and the rest stays",
        "investors/patch/investors/{externalId}",
        (
            send("PATCH", "/v1/investors/INV-0001", RENAMED, headers=JSON_PATCH),
            get(f"{ALL}?externalId=INV-0001"),
        ),
        each={"name": "Renamed Trust", "alternateId": "A-0001"},
    ),
    fact(
        "investors-20",
        "everything of an investor may change but its internal identifier",
        "investors/patch/investors/{externalId}",
        send(
            "PATCH",
            "/v1/investors/INV-0001",
            [{"op": "replace", "path": "/id", "value": 1}],
            headers=JSON_PATCH,
        ),
        status=400,
    ),
    fact(
        "investors-21",
        "even the key of the client may change",
        "investors/patch/investors/{externalId}",
        (
            send(
                "PATCH",
                "/v1/investors/INV-0001",
                [{"op": "replace", "path": "/externalId", "value": "INV-9009"}],
                headers=JSON_PATCH,
            ),
            get(f"{ALL}?externalId=INV-9009"),
        ),
        each={"externalId": "INV-9009", "alternateId": "A-0001"},
        count=1,
    ),
    fact(
        "investors-22",
        "an investor that does not exist cannot be changed: 404",
        "investors/patch/investors/{externalId}",
        send("PATCH", "/v1/investors/INV-7777", RENAMED, headers=JSON_PATCH),
        status=404,
    ),
    fact(
        "investors-23",
        "an investor is one record, in however many funds it is",
        "investors/get/investors",
        get(f"{ALL}?fundInvestorExternalId=FI-01A-0001"),
        each={"fundInvestorExternalIds": Has("FI-01A-0001")},
        count=1,
    ),
    fact(
        "fulfillment-01",
        "the investor of an onboarding is read by its tracking number, in data and results",
        "investor/get/{trackingNumber}",
        get(FULFILLMENT),
        body={f"{INVESTOR}.firm": str, f"{INVESTOR}.standard.fullName": str},
    ),
    fact(
        "fulfillment-02",
        "the members of the standard section and their types",
        "investor",
        get(FULFILLMENT),
        body={
            f"{INVESTOR}.standard.{name}": kind
            for name, kind in {
                "fullName": str,
                "externalId": str,
                "alternateId": str,
                "accountNumber": str,
                "subscriberType": str,
                "taxType": str,
                "taxStatus": str,
                "accreditedInvestor": str,
                "qualifiedPurchaser": str,
                "employeeEligibleFlag": bool,
                "domicileIsoCode": str,
                "citizenshipIsoCodes": list,
                "placeOfBusinessIsoCode": str,
                "placeOfBusinessStateCode": str,
            }.items()
        },
    ),
    fact(
        "fulfillment-03",
        "the members of the personal section; the date of birth is a date",
        "investor",
        get(FULFILLMENT),
        body={
            f"{INVESTOR}.pii.primaryTaxId": str,
            f"{INVESTOR}.pii.secondaryTaxId": str,
            f"{INVESTOR}.pii.foreignTaxId": str,
            f"{INVESTOR}.pii.dob": like(r"\d{4}-\d{2}-\d{2}"),
        },
    ),
    fact(
        "fulfillment-04",
        "the members of the compliance section; percentages are texts",
        "investor",
        get(FULFILLMENT),
        body={
            f"{INVESTOR}.compliance.{name}": kind
            for name, kind in {
                "formPfBeneficialOwnerType": str,
                "beneficialOwnersFormPf": list,
                "erisaType": str,
                "erisaPercentage": like(r"[\d.]+"),
                "finra5130": str,
                "finra5130Percentage": str,
                "finra5131": str,
            }.items()
        },
    ),
    fact(
        "fulfillment-05",
        "a tracking number that nothing has is 404",
        "investor/get/{trackingNumber}",
        get("/v1/investors/fulfillment/TN-777777"),
        status=404,
    ),
    cannot(
        "fulfillment-06",
        "a client can subscribe to notices of changed investors",
        "investor",
        "no page shows how one subscribes, or what a notice holds",
    ),
)
