"""Portfolio reporting, and the reports of portfolio management."""

from __future__ import annotations

from tests.facts.table import Within, fact, facts_of, get, picks, post

METADATA = "/v1/portfolio/metadata"
POSITIONS = "/v2/portfolio/PRT-01/positions"
DAILY = "/v1/portfolio/PRT-01/transactions?reportingPeriod=Daily"
PERFORMANCE = "/v2/portfolio/PRT-01/performance"
REPORTS = "/v2/reports"
METADATA_PAGE = "portfolio-reporting/v1/get/metadata"
POSITIONS_PAGE = "portfolio-reporting/get/{externalId}/positions-0"
TRANSACTIONS_PAGE = "portfolio-reporting/get/{externalId}/transactions"
PERFORMANCE_PAGE = "portfolio-reporting/get/{externalId}/performance"
REPORTS_PAGE = "portfolio-management/v2/get/reports/metadata"
PATTERN_PAGE = "solutions/portfolio-management"
ASKED = post(REPORTS, {"reportName": "Transaction History"}, keep={"id": "requestId"})
COLLECTED = get(f"{REPORTS}/{{id}}")

ADDED = (
    "beginningAccrualAmount",
    "beginningMarketValue",
    "beginningMarketValueWithAccruedIncome",
    "endingMarketValue",
    "endingAccruedIncome",
    "endingMarketValueWithAccruedIncome",
    "netContributionAndWithdrawalAmount",
    "lastModifiedDate",
    "periodFrequency",
    "oneDay",
)

PORTFOLIOS = (
    picks("portfolios-01", METADATA_PAGE, METADATA, "externalId=PRT-01", externalId="PRT-01"),
    picks("portfolios-02", METADATA_PAGE, METADATA, "id=9001", externalId="PRT-01"),
    fact(
        "portfolios-03",
        "holdings of a portfolio at the end of a period",
        POSITIONS_PAGE,
        get(f"{POSITIONS}?asOfDate=2026-06-30&reportingPeriod=closed"),
        each={"externalId": "PRT-01", "securityExternalId": str, "asOfDate": str},
    ),
    facts_of(
        "portfolios-04",
        "reportingPeriod of positions is written so on the two pages of positions",
        POSITIONS_PAGE,
        tuple(
            get(f"{POSITIONS}?reportingPeriod={value}")
            for value in ("daily", "closed", "daily incremental", "closed period", "Daily")
        ),
        each={"externalId": "PRT-01"},
    ),
    facts_of(
        "portfolios-05",
        "the values of dateType are on no page, so none is refused",
        POSITIONS_PAGE,
        (
            get(f"{POSITIONS}?asOfDate=2026-06-30&dateType=Posting"),
            get(f"{DAILY}&dateType=Posting"),
        ),
        each={"externalId": "PRT-01"},
    ),
    fact(
        "portfolios-06",
        "with includeSecurities every position has the data of its security",
        POSITIONS_PAGE,
        get(f"{POSITIONS}?asOfDate=2026-06-30&includeSecurities=true"),
        each={"security": dict},
    ),
    fact(
        "portfolios-07",
        "without includeSecurities positions come without them",
        POSITIONS_PAGE,
        get(f"{POSITIONS}?asOfDate=2026-06-30"),
        each={"externalId": "PRT-01"},
        lacks=("data.0.security",),
    ),
    fact(
        "portfolios-08",
        "securityExternalId picks the positions in one security",
        POSITIONS_PAGE,
        get(f"{POSITIONS}?asOfDate=2025-03-31&securityExternalId=SEC-002"),
        each={"securityExternalId": "SEC-002"},
        fewer_than=f"{POSITIONS}?asOfDate=2025-03-31",
    ),
    fact(
        "portfolios-09",
        "asOfDate is a date; another text is wrong",
        POSITIONS_PAGE,
        get(f"{POSITIONS}?asOfDate=06/30/2026"),
        status=400,
        body={"errors.0.field": "asOfDate"},
    ),
    fact(
        "portfolios-10",
        "activity of a portfolio over a range of dates",
        TRANSACTIONS_PAGE,
        get(f"{DAILY}&startDate=2025-06-01&endDate=2025-12-31"),
        each={"tradeDate": Within("2025-06-01", "2026-01-01")},
        fewer_than=DAILY,
    ),
    facts_of(
        "portfolios-11",
        "reportingPeriod of transactions is mandatory and has four values",
        TRANSACTIONS_PAGE,
        tuple(
            get(DAILY.replace("Daily", value))
            for value in ("Daily", "Weekly", "Monthly", "Quarterly")
        ),
        each={"externalId": "PRT-01"},
    ),
    fact(
        "portfolios-12",
        "without reportingPeriod transactions are refused",
        TRANSACTIONS_PAGE,
        get("/v1/portfolio/PRT-01/transactions"),
        status=400,
        body={"errors.0.field": "reportingPeriod"},
    ),
    facts_of(
        "portfolios-13",
        "id, security, status, type and firmId are parameters of transactions",
        TRANSACTIONS_PAGE,
        tuple(
            get(f"{DAILY}&{query}")
            for query in (
                "id=600001",
                "securityExternalId=SEC-CASH",
                "status=active",
                "type=Separately Managed Account",
                "firmId=FIRM-01",
                "includeSecurities=true",
                "limit=5",
            )
        ),
        each={"externalId": "PRT-01"},
    ),
    fact(
        "portfolios-14",
        "performance has the members that version 2 added",
        PERFORMANCE_PAGE,
        get(f"{PERFORMANCE}?asOfDate=2026-06-30"),
        each=dict.fromkeys(ADDED, ...),
    ),
    facts_of(
        "portfolios-15",
        "the values of periodFrequency",
        PERFORMANCE_PAGE,
        tuple(
            get(f"{PERFORMANCE}?periodFrequency={value}")
            for value in ("Daily", "Weekly", "Monthly", "Quarterly")
        ),
    ),
    fact(
        "portfolios-16",
        "returnType is gross or net",
        PERFORMANCE_PAGE,
        get(f"{PERFORMANCE}?asOfDate=2026-06-30&returnType=Net"),
        each={"returnType": "Net"},
    ),
    facts_of(
        "portfolios-17",
        "a range of dates, lastModifiedDate and currencyIsoCode are parameters of performance",
        PERFORMANCE_PAGE,
        tuple(
            get(f"{PERFORMANCE}?{query}")
            for query in (
                "startDate=2025-01-01&endDate=2025-12-31",
                "startDate=2025-01-01&endDate=2025-12-31&lastModifiedDate=2025-04-01",
                "startDate=2025-01-01&endDate=2025-12-31&currencyIsoCode=USD",
            )
        ),
        each={"externalId": "PRT-01"},
    ),
    fact(
        "portfolios-18",
        "a portfolio that does not exist is 404",
        POSITIONS_PAGE,
        get("/v2/portfolio/PRT-77/positions"),
        status=404,
    ),
    picks(
        "reports-01",
        REPORTS_PAGE,
        f"{REPORTS}/metadata",
        "reportName=Positions",
        reportName="Positions",
    ),
    fact(
        "reports-02",
        "limit of the reports is a text",
        REPORTS_PAGE,
        get(f"{REPORTS}/metadata?limit=2"),
        count=2,
    ),
    fact(
        "reports-03",
        "a request for a report is answered with 202 and its number",
        PATTERN_PAGE,
        ASKED,
        status=202,
        body={"requestId": str},
    ),
    fact(
        "reports-04",
        "until it is finished a report is in progress",
        PATTERN_PAGE,
        (ASKED, COLLECTED),
        body={"status": "In Progress"},
    ),
    fact(
        "reports-05",
        "a finished report comes with its data in one answer",
        PATTERN_PAGE,
        (ASKED, COLLECTED, COLLECTED),
        body={"data.0.id": str},
    ),
    fact(
        "reports-06",
        "a report comes as CSV on request",
        PATTERN_PAGE,
        (ASKED, COLLECTED, get(f"{REPORTS}/{{id}}", {"Accept": "text/csv"})),
        headers={"content-type": "text/csv; charset=utf-8"},
        holds="tradeDate",
    ),
    fact(
        "reports-07",
        "a client waits 1, 2, 4, 8 seconds and so on; five times are enough for a report",
        PATTERN_PAGE,
        (ASKED, *(COLLECTED,) * 5),
        body={"data.0.id": str},
    ),
)
