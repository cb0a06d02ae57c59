"""Products and their relationships, accounts, end clients, third parties, wires and banks."""

from __future__ import annotations

from tests.facts.table import AnyOf, Has, Within, fact, facts_of, get, picks, post, send, values

PRODUCTS = "/v1/products"
METADATA = "/v1/products/metadata"
RELATIONSHIPS = "/v1/products/FND-01/relationships"
ACCOUNTS = "/v1/accounts"
CLIENTS = "/v1/endclients/metadata"
PRODUCT_PAGE = "products/get/products"
METADATA_PAGE = "products/get/metadata"
RELATIONSHIP_PAGE = "products/get/{externalId}/relationships"
ACCOUNT_PAGE = "accounts/get/accounts"
CLIENT_PAGE = "end-clients/get/endclients/metadata"
BOTH = (PRODUCTS, METADATA)


CATALOGUE = (
    fact(
        "products-01",
        "products come with their names, identifiers and identifying data",
        PRODUCT_PAGE,
        get(PRODUCTS),
        each={"externalId": str, "name": str, "type": str, "source": str},
    ),
    fact(
        "products-02",
        "the metadata list the products of the firm, or one of them",
        METADATA_PAGE,
        get(f"{METADATA}?externalId=FND-01"),
        each={"externalId": "FND-01"},
        count=1,
    ),
    picks("products-03", PRODUCT_PAGE, PRODUCTS, "accountId=LV100", accountId="LV100"),
    picks("products-04", METADATA_PAGE, METADATA, "accountId=LV100", externalId="FND-01"),
    values(
        "products-05",
        PRODUCT_PAGE,
        PRODUCTS,
        "source",
        ("NTAS", "Geneva", "InvesTier", "InvesTran"),
    ),
    values(
        "products-06",
        PRODUCT_PAGE,
        PRODUCTS,
        "type",
        ("Fund", "Class", "Series", "Vehicle", "Master", "Sleeve"),
    ),
    picks("products-07", PRODUCT_PAGE, PRODUCTS, "type=Class", type="Class"),
    values(
        "products-08",
        PRODUCT_PAGE,
        PRODUCTS,
        "subType",
        ("Equalization Group", "Standard", "Virtual"),
    ),
    values(
        "products-09",
        METADATA_PAGE,
        METADATA,
        "subtype",
        ("Equalization Group", "Standard", "Virtual"),
    ),
    picks("products-10", PRODUCT_PAGE, PRODUCTS, "subType=Virtual", subType="Virtual"),
    facts_of(
        "products-11",
        "active is a truth value on products and a text on the metadata",
        METADATA_PAGE,
        tuple(get(f"{path}?active=false") for path in BOTH),
        each={"externalId": str},
        fewer_than=PRODUCTS,
    ),
    facts_of(
        "products-12",
        "a start date counts from the first instant of its day in Eastern time",
        PRODUCT_PAGE,
        (
            get(f"{PRODUCTS}?createStartDate=2021-01-01"),
            get(f"{PRODUCTS}?createStartDate=2021-01-01T00:00:00.000"),
        ),
        each={"createDate": Within("2021-01-01")},
        fewer_than=PRODUCTS,
    ),
    fact(
        "relationships-01",
        "the relationships of a product name its investors and what the relationship has",
        RELATIONSHIP_PAGE,
        get(RELATIONSHIPS),
        each={
            "investorExternalId": str,
            "productExternalId": str,
            "productHierarchy": Has("FND-01"),
        },
    ),
    picks(
        "relationships-02",
        RELATIONSHIP_PAGE,
        RELATIONSHIPS,
        "investorExternalId=INV-0001",
        investorExternalId="INV-0001",
    ),
    picks(
        "relationships-03",
        RELATIONSHIP_PAGE,
        RELATIONSHIPS,
        "alternateId=A-0001",
        investorExternalId="INV-0001",
    ),
    facts_of(
        "relationships-04",
        "source, type, subtype, active and the date filters are parameters of relationships",
        RELATIONSHIP_PAGE,
        tuple(
            get(f"{RELATIONSHIPS}?{query}")
            for query in (
                "source=InvesTier",
                "type=Class",
                "subtype=Standard",
                "active=true",
                "changeStartDate=2020-01-01",
                "changeEndDate=2030-01-01",
                "createStartDate=2020-01-01",
                "createEndDate=2030-01-01",
            )
        ),
        each={"investorExternalId": str},
    ),
    fact(
        "relationships-05",
        "a product is related to an investor by POST, which answers 202",
        "products/post/{externalId}/relationships",
        post(RELATIONSHIPS, {"investorExternalId": "INV-0100"}),
        status=202,
    ),
    fact(
        "relationships-06",
        "relationships of a product that does not exist: 404",
        RELATIONSHIP_PAGE,
        get("/v1/products/FND-77/relationships"),
        status=404,
    ),
    fact(
        "accounts-01",
        "accounts have the data that knowing a customer asks for",
        ACCOUNT_PAGE,
        get(f"{ACCOUNTS}?externalId=AC-0001"),
        each={
            "externalId": "AC-0001",
            "legalName": str,
            "primaryTaxId": str,
            "domicileIsoCode": str,
        },
        count=1,
    ),
    picks(
        "accounts-02",
        ACCOUNT_PAGE,
        ACCOUNTS,
        "alternateId=AA-0001",
        externalId="AC-0001",
    ),
    picks("accounts-03", ACCOUNT_PAGE, ACCOUNTS, "active=false", active=False),
    picks(
        "accounts-04",
        ACCOUNT_PAGE,
        ACCOUNTS,
        "fundInvestorExternalId=FI-01A-0001",
        fundInvestorExternalIds=Has("FI-01A-0001"),
    ),
    values("accounts-05", ACCOUNT_PAGE, ACCOUNTS, "addressType", ("Legal", "Mailing", "Tax")),
    picks(
        "accounts-06",
        ACCOUNT_PAGE,
        ACCOUNTS,
        "erisaType=benefitPlanInvestor",
        erisaType="benefitPlanInvestor",
    ),
    facts_of(
        "accounts-07",
        "dates of creation are in ISO 8601 UTC: a Z or an offset is right",
        ACCOUNT_PAGE,
        (
            get(
                f"{ACCOUNTS}?createStartDate=2025-01-28T15:48:25Z&createEndDate=2025-01-28T15:48:26Z"
            ),
            get(
                f"{ACCOUNTS}?createStartDate=2025-01-28T16:48:25%2B01:00"
                "&createEndDate=2025-01-28T15:48:26Z"
            ),
            get(
                f"{ACCOUNTS}?createStartDate=2025-01-28T10:48:25&createEndDate=2025-01-28T10:48:26"
            ),
        ),
        each={"createDate": "2025-01-28T10:48:25.882"},
        count=1,
    ),
    picks(
        "accounts-08",
        ACCOUNT_PAGE,
        ACCOUNTS,
        "changeStartDate=2026-03-15",
        changeDate=Within("2026-03-15"),
    ),
    fact(
        "accounts-09",
        "a bare date of an end filter counts to the last instant of its day",
        ACCOUNT_PAGE,
        get(f"{ACCOUNTS}?createStartDate=2025-01-28&createEndDate=2025-01-28"),
        each={"createDate": Within("2025-01-28", "2025-01-29")},
    ),
    fact(
        "accounts-10",
        "an account is changed by PATCH under application/json, which answers 202",
        "accounts/patch/accounts/{externalId}",
        send("PATCH", "/v1/accounts/AC-0001", {"legalName": "Renamed Foundation"}),
        status=202,
    ),
    fact(
        "accounts-11",
        "PATCH replaces a part of an account, and the rest stays",
        "accounts/patch/accounts/{externalId}",
        (
            send("PATCH", "/v1/accounts/AC-0001", {"legalName": "Renamed Foundation"}),
            get(f"{ACCOUNTS}?externalId=AC-0001"),
        ),
        each={"legalName": "Renamed Foundation", "alternateId": "AA-0001"},
    ),
    fact(
        "accounts-12",
        "account attributes are asked for by POST of a form; the answer is 200",
        "accounts/post/accounts/attributes",
        post(
            "/v1/accounts/attributes",
            content=b"externalId=AC-0001",
            headers={"Content-Type": "application/xxx-form-url encoded"},
        ),
        status=200,
    ),
    fact(
        "clients-01",
        "end clients are listed with their names",
        CLIENT_PAGE,
        get(CLIENTS),
        each={"externalId": str, "classification": AnyOf(("Individual", "Entity"))},
    ),
    values(
        "clients-02", "/130/postman-collection", CLIENTS, "prefix", ("Mr.", "Mrs.", "Ms.", "Dr.")
    ),
    values("clients-03", "/130/postman-collection", CLIENTS, "suffix", ("Jr.", "Sr.", "Esq.")),
    picks(
        "clients-04",
        CLIENT_PAGE,
        CLIENTS,
        "classification=Individual",
        classification="Individual",
    ),
    picks(
        "clients-05",
        CLIENT_PAGE,
        CLIENTS,
        "externalId=EC-0001",
        externalId="EC-0001",
    ),
    picks("clients-06", CLIENT_PAGE, CLIENTS, "prospect=true", prospect=True),
    picks("clients-07", CLIENT_PAGE, CLIENTS, "active=false", active=False),
    facts_of(
        "clients-08",
        "first, middle and last name, name, prospect status and the date filters are parameters",
        CLIENT_PAGE,
        tuple(
            get(f"{CLIENTS}?{query}")
            for query in (
                "firstName=Ada",
                "middleName=B",
                "lastName=Testwell",
                "endClientName=Cedar",
                "prospectStatus=Open",
                "changeStartDate=2026-01-01",
                "changeEndDate=2026-01-01",
                "createStartDate=2026-01-01T05:00:00Z",
            )
        ),
    ),
)
