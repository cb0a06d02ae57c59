"""Third parties, wire instructions, banks and payments."""

from __future__ import annotations

from tests.facts.table import AnyOf, Within, fact, facts_of, get, like, picks, values

THIRD = "/v1/thirdparties/metadata"
WIRES = "/v1/investors/INV-0001/wireInstructions"
BANKS = "/v1/financialinstitutions/lookup"
THIRD_PAGE = "third-parties/get/metadata"
WIRE_PAGE = "investor-wire-instructions/get/{investorExternalId}/wireInstructions"
BANK_PAGE = "financial-institution-look-up/get/financialinstitutions/lookup"
PAYMENTS = "/v1/payments"
PAYMENT_PAGE = "payments/get/payments"
PERIODS = ("thisQuarter", "thisYear", "thisMonth", "thisWeek", "yesterday")

PARTIES = (
    fact(
        "third-parties-01",
        "third parties have attributes and relationships to firms, products and investors",
        THIRD_PAGE,
        get(f"{THIRD}?externalId=TP-0001"),
        each={"externalId": "TP-0001", "relationships": dict},
        count=1,
    ),
    picks("third-parties-02", THIRD_PAGE, THIRD, "alternateId=TA-0001", externalId="TP-0001"),
    facts_of(
        "third-parties-03",
        "nsccId is a parameter; only some custodians have such a number",
        THIRD_PAGE,
        (get(f"{THIRD}?nsccId=0000"),),
    ),
    picks(
        "third-parties-04",
        THIRD_PAGE,
        THIRD,
        "classification=Individual",
        classification="Individual",
    ),
    picks("third-parties-05", THIRD_PAGE, THIRD, "type=Custodian", type="Custodian"),
    picks("third-parties-06", THIRD_PAGE, THIRD, "active=false", active=False),
    picks("third-parties-07", THIRD_PAGE, THIRD, "clientSpecific=true", clientSpecific=True),
    fact(
        "third-parties-08",
        "section leaves other sections out; without it all members come",
        THIRD_PAGE,
        get(f"{THIRD}?section=contact&externalId=TP-0001"),
        each={"contact": dict},
        lacks=("data.0.address", "data.0.relationships"),
    ),
    fact(
        "third-parties-09",
        "cursors are encoded where encoded is left out, or is true",
        THIRD_PAGE,
        get(f"{THIRD}?limit=1"),
        body={"paging.next": like(r".*[?&]cursor=VFAt[A-Za-z0-9%]+(&.*)?")},
    ),
    fact(
        "third-parties-11",
        "cursors are not encoded where encoded is false",
        THIRD_PAGE,
        get(f"{THIRD}?limit=1&encoded=false"),
        body={"paging.next": like(r".*[?&]cursor=TP-\d+(&.*)?")},
    ),
    fact(
        "third-parties-10",
        "a switch whose name begins with validateRe turns the checks of a request off",
        THIRD_PAGE,
        get(f"{THIRD}?validateRequest=false&active=perhaps"),
        each={"externalId": str},
    ),
    fact(
        "wires-01",
        "the wire instructions of an investor have the data of its bank",
        WIRE_PAGE,
        get(WIRES),
        each={"investorExternalId": "INV-0001", "type": AnyOf(("SWIFT_BIC", "ABARoutingNo"))},
    ),
    values("wires-02", WIRE_PAGE, WIRES, "type", ("SWIFT_BIC", "ABARoutingNo")),
    values("wires-03", WIRE_PAGE, WIRES, "lastModifiedSince", PERIODS),
    values("wires-04", WIRE_PAGE, WIRES, "createdSince", PERIODS),
    facts_of(
        "wires-05",
        "active, product, second key, fund relationship and limit are parameters",
        "/node/157",
        tuple(
            get(f"{WIRES}?{query}")
            for query in (
                "active=true",
                "productExternalId=FND-01-A",
                "investorAlternateId=A-0001",
                "fundInvestorExternalId=FI-01A-0001",
                "limit=10",
            )
        ),
        each={"investorExternalId": "INV-0001"},
    ),
    fact(
        "wires-06",
        "validateRequest turns the checks of a request on and off",
        WIRE_PAGE,
        get(f"{WIRES}?validateRequest=false&active=perhaps"),
    ),
    fact(
        "banks-01",
        "a bank is found by a part of its name",
        BANK_PAGE,
        get(f"{BANKS}?name=sample savings"),
        each={"name": like("Sample Savings.*"), "code": str, "address": dict},
    ),
    fact(
        "banks-02",
        "a bank is found by a part of its code",
        BANK_PAGE,
        get(f"{BANKS}?code=00000000"),
        each={"code": like(".*00000000.*")},
    ),
    fact(
        "banks-03",
        "name or code is needed",
        BANK_PAGE,
        get(f"{BANKS}?type=ABA"),
        status=400,
        body={"errors": list},
    ),
    fact(
        "banks-04",
        "the example of the page: SWIFT and the name New York",
        BANK_PAGE,
        get(f"{BANKS}?type=SWIFT&name=New York"),
        each={"type": "SWIFT", "name": like("(?i).*new york.*")},
    ),
    fact(
        "banks-05",
        "the example of the page: ABA and the code 001",
        BANK_PAGE,
        get(f"{BANKS}?type=ABA&code=001"),
        each={"type": "ABA", "code": like(".*001.*")},
    ),
    facts_of(
        "banks-06",
        "without active only active banks come; with false the inactive ones",
        BANK_PAGE,
        (get(f"{BANKS}?name=bank&active=false"),),
        each={"active": False},
    ),
    fact(
        "banks-07",
        "without active no inactive bank comes",
        BANK_PAGE,
        get(f"{BANKS}?name=bank"),
        each={"active": True},
    ),
    fact(
        "banks-08",
        "dateType says which date startDate and endDate are about",
        BANK_PAGE,
        get(f"{BANKS}?name=bank&dateType=created&startDate=2025-01-01&endDate=2025-06-30"),
        each={"createDate": Within("2025-01-01", "2025-07-01")},
    ),
    fact(
        "banks-09",
        "dateType needs both dates",
        BANK_PAGE,
        get(f"{BANKS}?name=bank&dateType=modified"),
        status=400,
    ),
    fact(
        "payments-01",
        "payments are read at /v1/payments",
        PAYMENT_PAGE,
        get(PAYMENTS),
        each={"investorExternalId": str, "productExternalId": str},
    ),
    picks(
        "payments-02",
        PAYMENT_PAGE,
        PAYMENTS,
        "transactionExternalId=IT-00001",
        transactionExternalId="IT-00001",
    ),
    picks(
        "payments-03",
        PAYMENT_PAGE,
        PAYMENTS,
        "investorExternalId=INV-0001",
        investorExternalId="INV-0001",
    ),
    picks(
        "payments-04",
        PAYMENT_PAGE,
        PAYMENTS,
        "investorAlternateId=A-0001",
        investorExternalId="INV-0001",
    ),
    picks(
        "payments-05",
        PAYMENT_PAGE,
        PAYMENTS,
        "productExternalId=FND-01-A",
        productExternalId="FND-01-A",
    ),
    picks(
        "payments-06",
        PAYMENT_PAGE,
        PAYMENTS,
        "productInvestorExternalId=FI-01A-0001",
        productInvestorExternalId="FI-01A-0001",
    ),
    facts_of(
        "payments-07",
        "startDate, endDate and the four change filters are parameters",
        PAYMENT_PAGE,
        tuple(
            get(f"{PAYMENTS}?{name}=2025-06-30")
            for name in (
                "startDate",
                "endDate",
                "createStartDate",
                "createEndDate",
                "changeStartDate",
                "changeEndDate",
            )
        ),
        fewer_than=PAYMENTS,
    ),
)
