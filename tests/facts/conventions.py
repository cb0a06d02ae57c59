"""Dates, times, names and values that the products share."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.facts.table import Within, cannot, fact, facts_of, get, like, post, shown
from tests.support import Served

INVESTORS = "/v2/investors"
PENDING = "/v1/transactions"
STYLE_PAGE = "api-style-guide"
MILLISECONDS = like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}")


def made_at(served: Served, moment: datetime) -> str:
    """The date of creation of an investor that is made at this moment."""
    served.platform.clock.set(moment, frozen=True)
    http, headers = served.client(), served.headers()
    body = {"externalId": "INV-9001", "name": "Alder Cove Trust"}
    assert http.post("/v1/investors", json=body, headers=headers).status_code == 202
    found = http.get(f"{INVESTORS}?externalId=INV-9001", headers=headers).json()["data"]
    return str(found[0]["createDate"])


CONVENTIONS = (
    facts_of(
        "dates-01",
        "a date with time has the form yyyy-MM-ddTHH:mm:ss.SSS and no offset",
        "investors/get/standard",
        (
            get(f"{INVESTORS}?changeStartDate=2026-03-15T12:00:00.000"),
            get(f"{PENDING}?changeStartDate=2026-03-15T12:00:00.000"),
        ),
        each={"changeDate": Within("2026-03-15T12:00:00.000")},
    ),
    facts_of(
        "dates-02",
        "dates in answers have milliseconds and no offset",
        "/node/143",
        (get("/v1/order/tradetickets"), get(INVESTORS), get("/v1/products")),
        each={"createDate": MILLISECONDS, "changeDate": MILLISECONDS},
    ),
    fact(
        "dates-03",
        "a bare date in a start filter is the first instant of the day",
        "products/get/{externalId}/relationships",
        get(f"{INVESTORS}?createStartDate=2025-01-31&createEndDate=2025-01-31"),
        each={"createDate": Within("2025-01-31", "2025-02-01")},
    ),
    shown(
        "dates-04",
        "times are Eastern: five hours behind UTC in winter",
        "investors/get/standard",
        lambda served: made_at(served, datetime(2026, 1, 15, 3, 30, tzinfo=UTC)),
        "2026-01-14T22:30:00.000",
    ),
    cannot(
        "dates-05",
        "times are called Eastern Standard Time in summer too",
        "investors/get/standard",
        "whether daylight time is meant cannot be known; the clock of New York is followed",
    ),
    fact(
        "dates-06",
        "reporting dates are written YYYY-MM-DD",
        "portfolio-reporting/get/{externalId}/positions-0",
        get("/v2/portfolio/PRT-01/positions?asOfDate=2026-06-30"),
        each={"asOfDate": like(r"\d{4}-\d\d-\d\d")},
    ),
    cannot(
        "dates-09",
        "dates of portfolio reporting are UTC, and the back end converts them",
        "portfolio-reporting/get/{externalId}/positions-0",
        "a date without a time is the same day in both; records there have dates only",
    ),
    fact(
        "dates-07",
        "a date that no calendar has is wrong",
        "investors/get/standard",
        get(f"{INVESTORS}?createStartDate=2026-02-30"),
        status=400,
        body={"errors.0.field": "createStartDate"},
    ),
    facts_of(
        "names-01",
        "names of members and parameters are lower camel case",
        STYLE_PAGE,
        (get(INVESTORS), get("/v1/accounts"), get("/v1/endclients/metadata")),
        each={"externalId": str, "changeDate": str},
    ),
    facts_of(
        "names-02",
        "externalId is the client's own key, and it leads to the record",
        "investors/get/standard",
        (get(f"{INVESTORS}?externalId=INV-0001"), get("/v1/accounts?externalId=AC-0001")),
        each={"externalId": like("(INV|AC)-0001")},
        count=1,
    ),
    facts_of(
        "values-01",
        "truth values in queries are true and false",
        "investors/get/investors",
        (get(f"{INVESTORS}?active=true"), get("/v1/products?active=true")),
        each={"active": True},
    ),
    fact(
        "values-02",
        "another word for a truth value is wrong",
        "investors/get/investors",
        get(f"{INVESTORS}?active=perhaps"),
        status=400,
        body={"errors.0.field": "active"},
    ),
    fact(
        "values-03",
        "truth values in bodies are JSON's",
        "investor",
        get("/v1/investors/fulfillment/TN-000101"),
        body={"data.results.0.standard.employeeEligibleFlag": bool},
    ),
    fact(
        "values-04",
        "currencies are three letters",
        "portfolio-reporting/get/{externalId}/performance",
        get("/v2/portfolio/PRT-01/performance?asOfDate=2026-06-30"),
        each={"currencyIsoCode": like("[A-Z]{3}")},
    ),
    fact(
        "values-05",
        "countries are ISO codes",
        "investor",
        get("/v1/investors/fulfillment/TN-000101"),
        body={"data.results.0.standard.domicileIsoCode": like("[A-Z]{2}")},
    ),
    facts_of(
        "envelopes-01",
        "there is no one envelope: trade tickets come in data, beside paging",
        "/node/143",
        (get("/v1/order/tradetickets"),),
        body={"data": list, "paging": dict},
    ),
    fact(
        "envelopes-02",
        "trade users come bare",
        "/node?page=2",
        get("/v1/trade/users/user-001"),
        body={"userId": "user-001"},
        lacks=("data", "paging"),
    ),
    fact(
        "writes-01",
        "what is taken in for processing answers 202",
        "products/post/{externalId}/relationships",
        post("/v1/products/FND-02/relationships", {"investorExternalId": "INV-0100"}),
        status=202,
    ),
    cannot(
        "style-01",
        "the style guide asks new interfaces to follow it, in the words of RFC 2119",
        STYLE_PAGE,
        "only its introduction is readable, and it is about how interfaces are designed",
    ),
    cannot(
        "lists-01",
        "a Lists API gives the values that parameters take",
        "portfolio-reporting/get/{externalId}/transactions",
        "no page of it was found",
    ),
    cannot(
        "contacts-01",
        "texts name contacts and their relationships",
        "pending-transactions/get/transactions",
        "no product of contacts was found",
    ),
    cannot(
        "extranet-01",
        "each environment has an extranet host",
        "basics",
        "what it is for is told on no readable page; the certificate has its name (hosts rows)",
    ),
)
