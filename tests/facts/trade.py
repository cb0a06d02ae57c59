"""SEI Trade: initiation, status, transactions, forms, users, firms and signing ceremonies."""

from __future__ import annotations

from tests.facts.table import Fact, Within, cannot, fact, facts_of, get, like, picks, post, send

INITIATION = "/v1/trade/initiation"
STATUS = "/v1/trade/status"
USERS = "/v1/trade/users"
SUBSCRIBE = "/v1/esign/subscribe"
INITIATION_PAGE = "initiation/post/trade/initiation"
STATUS_PAGE = "status/get/status"
USERS_PAGE = "/node?page=2"
ESIGN_PAGE = "esign/post/esign/subscribe"
USER_HEADER = {"X-SEIC-CURRENT-USER-CONTEXT": "ada.testwell@example.com"}

PRODUCT = {"productName": "Lakeview Demo Equity Fund", "productExternalId": "FND-01"}
INVESTOR = {"standard": {"fullName": "Alder Cove Trust"}}
ADVISOR = {"fullName": "Faye Exemplar"}
KIND = {"requestType": "New Subscription"}
LEAST = {**KIND, "products": [PRODUCT], "investor": INVESTOR}
BEGUN = post(INITIATION, LEAST, keep={"number": "data.0.trackingNumber"})

NEW_USER = {
    "userId": "user-901",
    "emailAddress": "faye.exemplar@example.com",
    "firstName": "Faye",
    "lastName": "Exemplar",
    "firm": "Lakeview Demo Partners",
    "userRoles": [{"roleName": "Preparer", "groupAssociations": ["Onboarding"]}],
}
UNSIGNED = {"trackingNumber": "TN-000105"}
GOING_ON = {"trackingNumber": "TN-000101"}
OVER = {"trackingNumber": "TN-000102"}


def since(number: str, name: str) -> Fact:
    """A filter by a date of the onboarding."""
    return fact(
        number,
        f"{name} is a filter in ISO 8601 UTC",
        STATUS_PAGE,
        get(f"{STATUS}?{name}=2026-03-01T00:00:00Z"),
        fewer_than=STATUS,
    )


TRADE = (
    facts_of(
        "initiation-01",
        "a request needs product information, its type, and an investor or an advisor: 201",
        INITIATION_PAGE,
        (
            post(INITIATION, LEAST),
            post(INITIATION, {**KIND, "products": [PRODUCT], "advisor": ADVISOR}),
            post(INITIATION, {**LEAST, "advisor": ADVISOR}),
        ),
        status=201,
        body={"data.0.trackingNumber": str},
    ),
    facts_of(
        "initiation-02",
        "without product, type, or both investor and advisor a request is wrong",
        INITIATION_PAGE,
        (
            post(INITIATION, {"products": [PRODUCT], "investor": INVESTOR}),
            post(INITIATION, {**KIND, "investor": INVESTOR}),
            post(INITIATION, {**KIND, "products": [PRODUCT]}),
        ),
        status=400,
    ),
    fact(
        "initiation-03",
        "a product that is known by its external key is product information",
        INITIATION_PAGE,
        post(INITIATION, {**LEAST, "products": [{"productExternalId": "FND-02"}]}),
        status=201,
    ),
    facts_of(
        "initiation-04",
        "type, channel and product name are the three values that pick the kit of forms",
        STATUS_PAGE,
        (post(INITIATION, {**LEAST, "channel": "Direct"}), post(INITIATION, LEAST)),
        status=201,
    ),
    fact(
        "initiation-05",
        "the transaction is followed by the tracking number: status",
        INITIATION_PAGE,
        (BEGUN, get(f"{STATUS}?trackingNumber={{number}}")),
        each={"requestType": "New Subscription", "productName": "Lakeview Demo Equity Fund"},
        count=1,
    ),
    fact(
        "initiation-06",
        "the transaction is followed by the tracking number: all its attributes",
        "initiated-transactions/get/{trackingNumber}",
        (BEGUN, get("/v1/trade/transactions/{number}")),
        body={"data.requestType": "New Subscription"},
    ),
    fact(
        "initiation-07",
        "the transaction is followed by the tracking number: data for its forms",
        "forms-data/get/autofill/formdata/{trackingNumber}",
        (BEGUN, get("/v1/trade/autofill/formdata/{number}")),
        body={"data.investor.standard.fullName": "Alder Cove Trust"},
    ),
    fact(
        "initiation-08",
        "the transaction is followed by the tracking number: its investor",
        "investor/get/{trackingNumber}",
        (BEGUN, get("/v1/investors/fulfillment/{number}")),
        body={"data.results.0.standard.fullName": "Alder Cove Trust"},
    ),
    fact(
        "status-01",
        "firmsAndTeams is a list of pairs; the firm must be named and the team may be",
        STATUS_PAGE,
        get(f'{STATUS}?firmsAndTeams=[["Lakeview Demo Partners","Treasury"]]'),
        each={"firm": "Lakeview Demo Partners", "team": "Treasury"},
        fewer_than=STATUS,
    ),
    fact(
        "status-02",
        "one of several pairs is enough",
        STATUS_PAGE,
        get(f'{STATUS}?firmsAndTeams=[["Lakeview Demo Partners"],["Harbor Demo Advisers"]]'),
        each={"firm": like("Lakeview Demo Partners|Harbor Demo Advisers")},
    ),
    picks(
        "status-03",
        STATUS_PAGE,
        STATUS,
        "requestType=New Subscription",
        requestType="New Subscription",
    ),
    picks("status-04", STATUS_PAGE, STATUS, "orderId=ORD-5000", orderId="ORD-5000"),
    picks("status-05", STATUS_PAGE, STATUS, "productId=200002", productId="200002"),
    picks("status-06", STATUS_PAGE, STATUS, "investorId=100001", investorId="100001"),
    picks("status-07", STATUS_PAGE, STATUS, "status=In Progress", status="In Progress"),
    picks(
        "status-08",
        STATUS_PAGE,
        STATUS,
        "initialDateStart=2026-03-01T00:00:00Z",
        initialDate=Within("2026-03-01T"),
    ),
    picks(
        "status-09",
        STATUS_PAGE,
        STATUS,
        "initialDateEnd=2026-03-01T00:00:00Z",
        initialDate=Within(end="2026-03-01T00:00:00.001"),
    ),
    since("status-10", "submittedDateStart"),
    since("status-11", "submittedDateEnd"),
    since("status-12", "approvedDateStart"),
    facts_of(
        "transactions-01",
        "the header of the current user is not required",
        "initiated-transactions/get/{trackingNumber}",
        (
            get("/v1/trade/transactions/TN-000101"),
            get("/v1/trade/transactions/TN-000101", USER_HEADER),
        ),
        body={"data.trackingNumber": "TN-000101"},
    ),
    fact(
        "users-01",
        "a new user is answered with 201 and the resource itself, without an envelope",
        USERS_PAGE,
        post(USERS, NEW_USER),
        status=201,
        body={"": NEW_USER},
    ),
    fact(
        "users-02",
        "key, mail address and firm are required",
        USERS_PAGE,
        post(USERS, {name: NEW_USER[name] for name in ("userId", "emailAddress", "firm")}),
        status=201,
    ),
    facts_of(
        "users-03",
        "without key, mail address or firm no user is made",
        USERS_PAGE,
        tuple(
            post(USERS, {each: value for each, value in NEW_USER.items() if each != name})
            for name in ("userId", "emailAddress", "firm")
        ),
        status=400,
    ),
    facts_of(
        "users-04",
        "the header of the current user names a mail address and is not required",
        USERS_PAGE,
        (get(f"{USERS}/user-001"), get(f"{USERS}/user-001", USER_HEADER)),
        body={"userId": "user-001", "userRoles": list},
    ),
    fact(
        "users-05",
        "a user can be updated; PUT replaces the whole and answers 201 in SEI Trade",
        "basics",
        (
            send("PUT", f"{USERS}/user-001", {"emailAddress": "a@example.com", "firm": "F"}),
            get(f"{USERS}/user-001"),
        ),
        body={"emailAddress": "a@example.com", "firm": "F"},
        lacks=("firstName", "userRoles"),
    ),
    fact(
        "users-06",
        "a user can be deleted",
        USERS_PAGE,
        (send("DELETE", f"{USERS}/user-001"), get(f"{USERS}/user-001")),
        status=404,
    ),
    fact(
        "firms-01",
        "a firm is updated by PUT, which answers 201",
        "firms-and-teams/put/firms/{firm}",
        send("PUT", "/v1/firms/Harbor Demo Advisers", {"firmType": "Agent"}, headers=USER_HEADER),
        status=201,
    ),
    fact(
        "esign-01",
        "a ceremony is started by POST of JSON; the answer is 200 and a bare JSON text",
        ESIGN_PAGE,
        post(
            SUBSCRIBE,
            {**UNSIGNED, "hostName": "Ben Mockridge", "hostEmail": "ben@example.com"},
        ),
        body={"": str},
    ),
    fact(
        "esign-02",
        "none of the members is required; opportunityGroupID is one of them",
        "/node/154",
        post(SUBSCRIBE, {}),
        body={"": str},
    ),
    fact(
        "esign-03",
        "starting wants application/json",
        "/node/154",
        post(SUBSCRIBE, content=b"{}", headers={"Content-Type": "text/plain"}),
        status=400,
    ),
    fact(
        "esign-04",
        "a ceremony is cancelled by its tracking number; the body may have any content type",
        "/node/154",
        post(
            "/v1/esign/cancel",
            content=b'{"trackingNumber": "TN-000101"}',
            headers={"Content-Type": "text/plain"},
        ),
        body={"trackingNumber": "TN-000101", "opportunityGroupId": str, "userMessage": str},
    ),
    fact(
        "esign-05",
        "the mail to a signer is sent again",
        "/node/154",
        post("/v1/esign/resend", GOING_ON),
    ),
    fact(
        "esign-06",
        "404 there means that the caller is not authorized",
        ESIGN_PAGE,
        post("/v1/esign/cancel", {"trackingNumber": "TN-777777"}),
        status=404,
    ),
    fact(
        "esign-07",
        "another method is 405",
        ESIGN_PAGE,
        get(SUBSCRIBE),
        status=405,
    ),
    fact(
        "esign-08",
        "what conflicts with the state is 409",
        ESIGN_PAGE,
        post("/v1/esign/cancel", OVER),
        status=409,
    ),
    fact(
        "esign-09",
        "a payload that is not valid is 422",
        ESIGN_PAGE,
        post(SUBSCRIBE, {"trackingNumber": 1}),
        status=422,
    ),
    cannot(
        "esign-10",
        "what the text of the first answer holds",
        "/node/154",
        "the page shows a text without saying what it is",
    ),
)
