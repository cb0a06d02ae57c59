"""Figures of funds and investors: allocation, fund positions, funds of funds."""

from __future__ import annotations

from tests.facts.table import AnyOf, Has, Within, cannot, fact, facts_of, get

ALLOCATION = "/v1/investorallocation/INV-0001"
KINDS = ("positions", "transactions", "performance")
FUND = "externalFundId=FND-01"
FUNDS = "/v1/fundpositions/FND-01"
FUND_KINDS = ("positions", "performance", "fees")
OF_FUNDS = "/v1/fundoffunds/FND-06/transactions"
PERFORMANCE_PAGE = "investor-allocation-and-performance/get/{externalId}/performance"
FUND_PAGE = "/338/postman-collection"
OF_FUNDS_PAGE = "fund-of-fund-allocation-and-performance/get/{externalFundId}/transactions"

FIGURES = (
    fact(
        "allocation-01",
        "positions have beginning and ending balance, contributions, withdrawals, fees and profit",
        "/339/postman-collection",
        get(f"{ALLOCATION}/positions?{FUND}&asOfDate=2026-06-30"),
        each={
            "investorExternalId": "INV-0001",
            "beginningBalance": float,
            "endingBalance": float,
            "contributions": float,
            "withdrawals": float,
        },
    ),
    fact(
        "allocation-02",
        "capital transactions of an investor can be read",
        "/node/339",
        get(f"{ALLOCATION}/transactions?{FUND}&startDate=2025-01-01&endDate=2026-12-31"),
        each={"investorExternalId": "INV-0001"},
    ),
    fact(
        "allocation-03",
        "performance has the net rate of return and the indexes that it comes from",
        PERFORMANCE_PAGE,
        get(f"{ALLOCATION}/performance?{FUND}&asOfDate=2026-06-30"),
        each={"netRateOfReturn": float, "openingIndex": float, "closingIndex": float},
    ),
    facts_of(
        "allocation-04",
        "the fund is required",
        PERFORMANCE_PAGE,
        tuple(get(f"{ALLOCATION}/{kind}?asOfDate=2026-06-30") for kind in KINDS),
        status=400,
        body={"errors.0.field": "externalFundId"},
    ),
    facts_of(
        "allocation-05",
        "all in the path stands for every investor of the fund",
        PERFORMANCE_PAGE,
        (get(f"/v1/investorallocation/all/positions?{FUND}&asOfDate=2026-06-30"),),
        each={"externalFundId": "FND-01"},
        fewer_than="/v1/investorallocation/all/positions?"
        f"{FUND}&startDate=2025-01-01&endDate=2026-12-31",
    ),
    facts_of(
        "allocation-06",
        "asOfDate, startDate and endDate are dates, year first",
        PERFORMANCE_PAGE,
        tuple(
            get(f"{ALLOCATION}/{kind}?{FUND}&startDate=2025-01-01&endDate=2025-12-31")
            for kind in KINDS
        ),
        each={"externalFundId": "FND-01"},
    ),
    facts_of(
        "allocation-07",
        "reportingPeriod is written in both cases on the pages",
        "/node/339",
        tuple(
            get(f"{ALLOCATION}/{kind}?{FUND}&reportingPeriod={value}&asOfDate=2026-06-30")
            for kind in ("positions", "performance")
            for value in ("Closed", "closed")
        ),
        each={"reportingPeriod": "Closed"},
    ),
    facts_of(
        "allocation-08",
        "the other reporting period is called estimated",
        PERFORMANCE_PAGE,
        tuple(
            get(f"/v1/investorallocation/all/positions?{FUND}&reportingPeriod={value}")
            for value in ("estimated", "Estimated")
        ),
    ),
    facts_of(
        "allocation-09",
        "the header category has one value, OEF",
        PERFORMANCE_PAGE,
        tuple(
            get(f"{ALLOCATION}/{kind}?{FUND}&asOfDate=2026-06-30", {"category": "OEF"})
            for kind in KINDS
        ),
    ),
    fact(
        "allocation-10",
        "limit is a page's size",
        PERFORMANCE_PAGE,
        get(f"/v1/investorallocation/all/positions?{FUND}&asOfDate=2026-06-30&limit=2"),
        count=2,
    ),
    facts_of(
        "funds-01",
        "positions, performance and fees of one fund as of a date",
        FUND_PAGE,
        tuple(get(f"{FUNDS}/{kind}?asOfDate=2026-06-30") for kind in FUND_KINDS),
        each={"externalFundId": "FND-01"},
    ),
    fact(
        "funds-02",
        "the figures are given for each part of a fund that has parts",
        FUND_PAGE,
        get(f"{FUNDS}/positions?asOfDate=2026-06-30"),
        each={"productHierarchy": Has("FND-01"), "type": AnyOf(("Fund", "Class", "Series"))},
    ),
    fact(
        "funds-03",
        "the balances of funds are beginning and ending ones",
        FUND_PAGE,
        get(f"{FUNDS}/positions?asOfDate=2026-06-30"),
        each={"beginningBalance": float, "endingBalance": float},
    ),
    fact(
        "funds-04",
        "figures of a fund that does not exist: 404",
        FUND_PAGE,
        get("/v1/fundpositions/FND-77/positions"),
        status=404,
    ),
    cannot(
        "funds-05",
        "the newest pages call the two accounting products 1.0.0",
        "/338/postman-collection, /339/postman-collection",
        "it is the label of a page; no page has the path below which they are",
    ),
    fact(
        "funds-of-funds-01",
        "capital activity of a fund of funds; the reporting period is mandatory",
        OF_FUNDS_PAGE,
        get(f"{OF_FUNDS}?reportingPeriod=Daily"),
        each={"externalFundId": "FND-06", "tradeDate": str},
    ),
    fact(
        "funds-of-funds-02",
        "without reporting period the call is wrong",
        OF_FUNDS_PAGE,
        get(OF_FUNDS),
        status=400,
        body={"errors.0.field": "reportingPeriod"},
    ),
    facts_of(
        "funds-of-funds-03",
        "the values of reportingPeriod",
        OF_FUNDS_PAGE,
        tuple(
            get(f"{OF_FUNDS}?reportingPeriod={value}")
            for value in ("Daily", "Weekly", "Monthly", "Quarterly")
        ),
        each={"externalFundId": "FND-06"},
    ),
    fact(
        "funds-of-funds-04",
        "tradeStartDate and tradeEndDate bound the trade date",
        OF_FUNDS_PAGE,
        get(f"{OF_FUNDS}?reportingPeriod=Daily&tradeStartDate=2025-06-01&tradeEndDate=2025-12-31"),
        each={"tradeDate": Within("2025-06-01", "2026-01-01")},
        fewer_than=f"{OF_FUNDS}?reportingPeriod=Daily",
    ),
    fact(
        "funds-of-funds-05",
        "excludeInternalInvestments leaves out what is between master and feeder",
        OF_FUNDS_PAGE,
        get(f"{OF_FUNDS}?reportingPeriod=Daily&excludeInternalInvestments=true"),
        each={"internalInvestment": False},
        fewer_than=f"{OF_FUNDS}?reportingPeriod=Daily",
    ),
    fact(
        "funds-of-funds-06",
        "limit is a page's size",
        OF_FUNDS_PAGE,
        get(f"{OF_FUNDS}?reportingPeriod=Daily&limit=3"),
        count=3,
    ),
)
