"""The model of errors with its documented rows, and paging."""

from __future__ import annotations

from typing import Any

from mock_sei.rules.standards import Listener
from tests.facts.table import cannot, fact, facts_of, get, like, post, shown
from tests.support import Served

TICKETS = "/v1/order/tradetickets"
STANDARDS = "faq/api-standards"
ERRORS = "faq/error-handling"
PRECONDITIONS = "Preconditions not met. The security conditions for gateway access were not met"


def refused(served: Served, change: dict[str, Any], **options: Any) -> object:
    """The body of a refused call, but for the tracking id."""
    headers = served.headers()
    if change:
        served.change("demo-server", **change)
    answer = served.get(headers=headers, **options)
    body = dict(answer.json())
    return body.pop("trackingId") == answer.headers["RequestTrackingId"], body


def row(code: str, message: str, errors: list[dict[str, str]]) -> object:
    return True, {"code": code, "message": message, "transient": False, "errors": errors}


def off_the_list(served: Served) -> object:
    return refused(served, {"source_addresses": ("192.0.2.1",)})


def of_another_account(served: Served) -> object:
    return refused(served, {}, http=served.client("svc-web"))


def on_the_plain_host(served: Served) -> object:
    return refused(served, {}, http=served.client(None, listener=Listener.ONE_WAY))


def too_late(served: Served) -> object:
    headers = served.headers()
    served.platform.clock.advance(minutes=61)
    answer = served.get(headers=headers)
    body = dict(answer.json())
    return bool(body.pop("trackingId")), body


def not_granted(served: Served) -> object:
    return refused(served, {"products": ("payments",)})


def of_another_environment(served: Served) -> object:
    """The platform is the pilot; the application has the platform only."""
    return refused(served, {"environments": ("sandbox",)})


ERRORS_AND_PAGING = (
    shown(
        "errors-01",
        "source address off the list: no entry in errors",
        ERRORS,
        off_the_list,
        row("gateway.access.failure", PRECONDITIONS, []),
    ),
    shown(
        "errors-02",
        "token's user is not the certificate's CN: one entry with a reason",
        ERRORS,
        of_another_account,
        row("gateway.access.failure", PRECONDITIONS, [{"reason": "Authorization Failed."}]),
    ),
    shown(
        "errors-03",
        "a client-server application on another host than the MTLS one",
        ERRORS,
        on_the_plain_host,
        row(
            "gateway.access.failure",
            PRECONDITIONS,
            [{"reason": "The incoming traffic pattern is invalid."}],
        ),
    ),
    shown(
        "errors-04",
        "an expired token",
        ERRORS,
        too_late,
        row("gateway.authentication.failure", "Access Token expired", []),
    ),
    shown(
        "errors-05",
        "an application without the product",
        ERRORS,
        not_granted,
        row("gateway.authentication.failure", "Invalid ApiKey for given resource", []),
    ),
    shown(
        "errors-06",
        "an application without the environment",
        ERRORS,
        of_another_environment,
        row("gateway.authentication.failure", "Invalid ApiKey for given resource", []),
    ),
    fact(
        "errors-07",
        "an error has code, message, trackingId, transient and errors",
        STANDARDS,
        get(f"{TICKETS}?id=first"),
        status=400,
        body={
            "code": like(r"[a-zA-Z]+(\.[a-zA-Z]+)+"),
            "message": str,
            "trackingId": str,
            "transient": bool,
            "errors.0.field": "id",
            "errors.0.location": str,
            "errors.0.reason": str,
        },
    ),
    cannot(
        "errors-08",
        "the sample has transient as a text, and a description says message for reason",
        STANDARDS,
        "the pages contradict each other; transient is a boolean and the member is reason",
    ),
    cannot(
        "errors-09",
        "the tracking id in the samples of the five rows is a space or null",
        ERRORS,
        "the other page says that it is the request's GUID, and it has one here",
    ),
    fact(
        "errors-10",
        "401: details of authentication are not valid",
        "investments/get/accounts",
        get(TICKETS, {"Authorization": "Bearer nonsense"}),
        status=401,
    ),
    fact(
        "errors-11",
        "404: the resource does not exist",
        "investments/get/accounts",
        get("/v2/portfolio/PRT-99/positions"),
        status=404,
        body={"code": str, "message": str, "errors": list},
    ),
    fact(
        "errors-12",
        "400: the request is wrong, and the body says what to correct",
        "investments/get/accounts",
        post("/v1/investors", {}),
        status=400,
        body={"errors.0.reason": str},
    ),
    cannot(
        "errors-13",
        "500: the server does not know what happened; SEI is asked",
        "investments/get/accounts",
        "no request of a client leads to it; a fault with status 500 can be armed",
    ),
    fact(
        "errors-14",
        "Work Desk lists 200, 400, 401 and 500 only",
        "workdesk/get/ticketinfo",
        get("/v2/workdesk/ticketinfo?startAt=1&startAt=2"),
        status=400,
    ),
    cannot(
        "errors-15",
        "the gateway's statuses of the five rows",
        ERRORS,
        "the page does not give them; rows are told by their bodies",
    ),
    facts_of(
        "paging-01",
        "limit is the number of records of a page",
        STANDARDS,
        (get("/v1/products?limit=3"), get("/v2/investors?limit=3"), get(f"{TICKETS}?limit=3")),
        count=3,
    ),
    facts_of(
        "paging-02",
        "many answers have at most 50 records on a page",
        "portfolio-reporting/v2/get/positions",
        (get(f"{TICKETS}?limit=500"), get(TICKETS)),
        count=50,
    ),
    fact(
        "paging-03",
        "a cursor is the Base64 of a property of the record, usually its id",
        STANDARDS,
        get(f"{TICKETS}?limit=1"),
        body={"paging.next": like(r".*[?&]cursor=[A-Za-z0-9+/%=]+(&.*)?")},
    ),
    fact(
        "paging-04",
        "a cursor leads to the next page",
        STANDARDS,
        (
            get(f"{TICKETS}?limit=1", keep={"next": "paging.next"}),
            get("{next}"),
        ),
        each={"tradeTicketId": 1002},
        count=1,
    ),
    cannot(
        "paging-05",
        "the sample of the paging object in full, and the name of the cursor parameter",
        STANDARDS,
        "every stored copy of the page is cut there",
    ),
    cannot(
        "paging-06",
        "rate limits, quotas, idempotency keys, ETags and sorting in general",
        STANDARDS,
        "no page names any of them",
    ),
)
