"""Pending transactions with their jobs, and trade orders of separately managed accounts."""

from __future__ import annotations

from tests.facts.table import Within, cannot, fact, facts_of, get, like, picks, post, send, values

PENDING = "/v1/transactions"
TRANSFERS = "/v1/transfers"
TICKETS = "/v1/order/tradetickets"
PENDING_PAGE = "pending-transactions/get/transactions"
PATCH_PAGE = "pending-transactions/patch/transactions/{externalId}"
JOB_PAGE = "pending-transactions/get/{appName}/status/{key}"
SMA_PAGE = "/node/143"
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
AMOUNT = [{"op": "replace", "path": "/amount", "value": 1250.5}]
TRANSFER = {
    "type": "Partial Transfer",
    "investorExternalId": "INV-0001",
    "productExternalId": "FND-01-A",
    "toProductExternalId": "FND-02-A",
    "amount": 250000,
}
PATCHED = send("PATCH", f"{PENDING}/PTX-0001", AMOUNT, headers=JSON_PATCH)

ORDERS = (
    fact(
        "pending-01",
        "capital activity that is not final yet is listed",
        PENDING_PAGE,
        get(PENDING),
        each={"externalId": str, "type": str, "status": str},
    ),
    values("pending-02", PENDING_PAGE, PENDING, "status", ("Active", "Cancel")),
    values(
        "pending-03",
        PENDING_PAGE,
        PENDING,
        "type",
        (
            "New Subscription",
            "Additional Subscription",
            "Full Redemption",
            "Partial Redemption",
            "Full Transfer",
            "Partial Transfer",
            "Full Switch or Exchange",
            "Partial Switch or Exchange",
            "New Commitment",
            "Account Maintenance",
            "Dividend",
            "Rebate",
            "Equalization",
            "Distribution",
            "Capital Call",
        ),
    ),
    picks("pending-04", PENDING_PAGE, PENDING, "externalId=PTX-0007", externalId="PTX-0007"),
    picks(
        "pending-05",
        PENDING_PAGE,
        PENDING,
        "productExternalId=FND-01-A",
        productExternalId="FND-01-A",
    ),
    picks(
        "pending-06",
        PENDING_PAGE,
        PENDING,
        "investorExternalId=INV-0003",
        investorExternalId="INV-0003",
    ),
    picks(
        "pending-07",
        PENDING_PAGE,
        PENDING,
        "contactExternalId=CON-0004",
        contactExternalId="CON-0004",
    ),
    picks(
        "pending-08",
        PENDING_PAGE,
        PENDING,
        "createStartDate=2026-05-01T12:00:00.000",
        createDate=Within("2026-05-01T12"),
    ),
    picks(
        "pending-09",
        PENDING_PAGE,
        PENDING,
        "changeStartDate=2026-05-01",
        changeDate=Within("2026-05-01"),
    ),
    fact(
        "pending-10",
        "a transaction is changed by a JSON Patch under its own content type: 202",
        PATCH_PAGE,
        PATCHED,
        status=202,
        body={"jobStatusQueryKey": str},
    ),
    fact(
        "pending-11",
        "state may be pending, which it is without it too",
        PATCH_PAGE,
        send("PATCH", f"{PENDING}/PTX-0001?state=pending", AMOUNT, headers=JSON_PATCH),
        status=202,
    ),
    fact(
        "pending-12",
        "pending is the only value of state",
        PATCH_PAGE,
        send("PATCH", f"{PENDING}/PTX-0001?state=final", AMOUNT, headers=JSON_PATCH),
        status=400,
        body={"errors.0.field": "state"},
    ),
    fact(
        "pending-13",
        "the key of the path is copied into the transaction",
        PATCH_PAGE,
        (
            send(
                "PATCH",
                f"{PENDING}/PTX-0001",
                [{"op": "replace", "path": "/externalId", "value": "PTX-9009"}],
                headers=JSON_PATCH,
            ),
            get(f"{PENDING}?externalId=PTX-0001"),
        ),
        each={"externalId": "PTX-0001"},
        count=1,
    ),
    fact(
        "pending-14",
        "a transfer moves an investor from one product to another; the answer is 202",
        "pending-transactions/post/transfers",
        post(TRANSFERS, TRANSFER),
        status=202,
        body={"jobStatusQueryKey": str},
    ),
    fact(
        "jobs-of-writes-01",
        "the key of a transfer's answer leads to the state of its job; the application is insight",
        JOB_PAGE,
        (
            post(TRANSFERS, TRANSFER, keep={"key": "jobStatusQueryKey"}),
            get("/v1/insight/status/{key}"),
        ),
    ),
    fact(
        "jobs-of-writes-02",
        "the key of a change leads to the state of its job too",
        JOB_PAGE,
        (
            send(
                "PATCH",
                f"{PENDING}/PTX-0001",
                AMOUNT,
                headers=JSON_PATCH,
                keep={"key": "jobStatusQueryKey"},
            ),
            get("/v1/insight/status/{key}"),
        ),
    ),
    fact(
        "jobs-of-writes-03",
        "insight is the only application name",
        JOB_PAGE,
        (
            post(TRANSFERS, TRANSFER, keep={"key": "jobStatusQueryKey"}),
            get("/v1/outlook/status/{key}"),
        ),
        status=400,
        body={"errors.0.field": "appName"},
    ),
    fact(
        "jobs-of-writes-04",
        "a key that no write gave is 404",
        JOB_PAGE,
        get("/v1/insight/status/5ee3a2c8-6c5f-4ab4-9d21-0d6a1f7b9b11"),
        status=404,
    ),
    fact(
        "pending-15",
        "a transaction that does not exist cannot be changed: 404",
        PATCH_PAGE,
        send("PATCH", f"{PENDING}/PTX-7777", AMOUNT, headers=JSON_PATCH),
        status=404,
    ),
    cannot(
        "pending-16",
        "a call that creates transactions other than transfers is implied",
        PENDING_PAGE,
        "its page was not found, so neither its path nor its body is known",
    ),
    fact(
        "sma-01",
        "a ticket has fourteen members of these types",
        SMA_PAGE,
        get(f"{TICKETS}?limit=1"),
        each={
            "batchId": str,
            "tradeTicketId": int,
            "masterOrderId": int,
            "orderId": int,
            "omnibus": str,
            "side": str,
            "ticker": str,
            "cusip": str,
            "status": like("Original|Refresh"),
            "createDate": like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}"),
            "changeDate": like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}"),
            "quantity": ...,
            "orderGenerationPrice": ...,
            "rebalancePrice": ...,
        },
        count=1,
    ),
    fact(
        "sma-02",
        "the records stand in data, and paging has totalCount, limit and previous",
        SMA_PAGE,
        get(f"{TICKETS}?limit=1"),
        body={"paging.totalCount": int, "paging.limit": 1, "paging.previous": None},
    ),
    picks("sma-03", SMA_PAGE, TICKETS, "id=1001", tradeTicketId=1001),
    picks("sma-04", SMA_PAGE, TICKETS, "status=Refresh", status="Refresh"),
    values("sma-05", SMA_PAGE, TICKETS, "status", ("Original", "Refresh")),
    fact(
        "sma-06",
        "id is an integer",
        SMA_PAGE,
        get(f"{TICKETS}?id=first"),
        status=400,
        body={"errors.0.field": "id", "errors.0.location": str, "errors.0.reason": str},
    ),
    facts_of(
        "sma-07",
        "instructions are sent one record a call; batchId and batchSize tell what belongs together",
        SMA_PAGE,
        tuple(
            post(TICKETS, {"batchId": "900", "batchSize": 2, "tradeTicketId": number})
            for number in (2001, 2002)
        ),
        status=201,
        body={"batchId": "900"},
    ),
    fact(
        "sma-08",
        "a list of records is no instruction",
        SMA_PAGE,
        post(TICKETS, [{"batchId": "900"}]),
        status=400,
    ),
    cannot(
        "sma-09",
        "orders that were filed for a client can be read",
        SMA_PAGE,
        "the text of the product says so, and no page has the path",
    ),
)
