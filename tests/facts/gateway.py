"""Which application uses which grant, and what a functional call has: headers and methods."""

from __future__ import annotations

from typing import Any

from tests.facts.table import GUID, REFUSED, Shown, fact, facts_of, get, like, post, shown
from tests.oauth.flows import by_code, log_in, redeem, returned
from tests.support import Served

TICKETS = "/v1/order/tradetickets"
SECURITY = "faq/security"
STANDARDS = "faq/api-standards"
ERRORS = "faq/error-handling"
BASICS = "basics"
PRECONDITIONS = "Preconditions not met. The security conditions for gateway access were not met"
PASSWORD = {"username": "alice@example.com", "password": "alice-password"}
BY_CODE = {"grant_type": "authorization_code", "redirect_uri": "http://127.0.0.1:51234/callback"}
LONG = "x" * 1900
LARGE = {"externalId": "INV-9001", "name": "Alder Cove Trust", "note": "x" * (2 << 20)}


def status_of(application: str, **form: Any) -> Shown:
    """The status of a token request of an application."""
    return lambda served: redeem(served, application, **form).status_code


def implicit(served: Served) -> object:
    members = returned(log_in(served, "demo-spa"))
    return "access_token" in members, "refresh_token" in members


def without_verifier(served: Served) -> object:
    code = returned(log_in(served, "demo-native"))["code"]
    return redeem(served, "demo-native", code=code, **BY_CODE).status_code


def with_verifier(served: Served) -> object:
    return by_code(served, "demo-native").status_code


GATEWAY = (
    shown(
        "standards-01",
        "a server uses client credentials, with two-way TLS and a service account",
        SECURITY,
        lambda served: served.post_token().status_code,
        200,
    ),
    shown(
        "standards-02",
        "end users of a client's client-server application use the authorization code",
        SECURITY,
        lambda served: by_code(served).status_code,
        200,
    ),
    shown(
        "standards-03",
        "they do not use the password grant",
        SECURITY,
        status_of("demo-web", grant_type="password", **PASSWORD),
        400,
    ),
    shown(
        "standards-04",
        "end users of SEI's own applications use the password grant",
        SECURITY,
        status_of("demo-internal", grant_type="password", **PASSWORD),
        200,
    ),
    shown(
        "standards-05",
        "a single-page application uses the implicit grant",
        SECURITY,
        implicit,
        (True, False),
    ),
    shown(
        "standards-06",
        "a native application uses the code with PKCE",
        SECURITY,
        with_verifier,
        200,
    ),
    shown(
        "standards-07",
        "without the verifier of PKCE its code gives no token",
        SECURITY,
        without_verifier,
        400,
    ),
    fact(
        "headers-01",
        "a functional call has the token as a bearer token, and the AppKey",
        "investments/get/accounts",
        get("/v1/investments/accounts"),
    ),
    fact(
        "headers-02",
        "a call without token is not let through",
        "/node?page=2",
        get(TICKETS, of=None, headers={"AppKey": "demo-server-key"}),
        status=REFUSED,
        body={"code": like("gateway\\..*")},
    ),
    fact(
        "headers-03",
        "a call without AppKey is not let through",
        "/node?page=2",
        get(TICKETS, {"AppKey": ""}),
        status=REFUSED,
        body={"code": like("gateway\\..*")},
    ),
    fact(
        "headers-04",
        "the pair in place of the token, as one old page has it, is the loser of the two pages",
        "investor/get/{trackingNumber}",
        get(TICKETS, {"Authorization": "ZGVtby1zZXJ2ZXIta2V5OmRlbW8tc2VydmVyLXNlY3JldA=="}),
        status=REFUSED,
    ),
    facts_of(
        "headers-05",
        "every answer has the tracking id of its request, a GUID",
        "frequently-asked-questions?qt-faqs_categories=4",
        (get(TICKETS), get("/v2/investors"), get("/v1/trade/users/user-001")),
        headers={"RequestTrackingId": GUID},
    ),
    fact(
        "headers-06",
        "an error has the tracking id in its body too",
        STANDARDS,
        get(f"{TICKETS}?id=first"),
        status=400,
        headers={"RequestTrackingId": GUID},
        body={"trackingId": GUID},
    ),
    fact(
        "headers-07",
        "a client may send requestTrackingId, a GUID",
        "portfolio-reporting/v1/get/{externalId}/transactions",
        get(
            "/v1/portfolio/PRT-01/transactions?reportingPeriod=Daily",
            {"requestTrackingId": "6cfbfd80-60ef-04bb-8b67-95f164846a3d"},
        ),
    ),
    fact(
        "headers-08",
        "a body is JSON under application/json",
        "/node?page=2",
        post(
            "/v1/investors",
            content=b'{"externalId": "INV-9001", "name": "A"}',
            headers={"content-type": "application/json"},
        ),
        status=202,
    ),
    fact(
        "methods-01",
        "GET only reads: the query may have 2,048 characters",
        STANDARDS,
        get(f"{TICKETS}?note={LONG}"),
    ),
    fact(
        "methods-02",
        "the length of a POST has no limit: two megabytes of JSON",
        STANDARDS,
        post("/v1/investors", LARGE),
        status=202,
    ),
    fact(
        "methods-03",
        "the length of a POST has no limit: a file of three megabytes",
        STANDARDS,
        post(
            "/v1/contentmanagement/folders/uploadfiles",
            files={"filename": ("scan.pdf", b"x" * (3 << 20), "application/pdf")},
        ),
    ),
    fact(
        "addresses-01",
        "a path begins with its major version, then the product",
        "portfolio-reporting/get/{externalId}/transactions",
        get("/portfolio/PRT-01/transactions?reportingPeriod=Daily"),
        status=404,
    ),
    facts_of(
        "addresses-02",
        "versions belong to operations: one product has paths of version 1 and of version 2",
        "investors/post/investors",
        (get("/v2/investors"), get("/v1/workdesk/projectissuetypefields?projectId=10001")),
    ),
)
