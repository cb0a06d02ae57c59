"""The requests that are sent: the token request and the functional call."""

from __future__ import annotations

import base64

ACCOUNT = "svc-demo"
APP_KEY = "demo-server-key"
FILTERED_PATH = "/v2/investors?active=true&createStartDate=2020-01-01&limit=50"
FUNCTIONAL_PATH = "/v1/order/tradetickets?limit=50"


def form_request(path: str, form: str, *, basic: str = "") -> str:
    """A POST with a form. ``basic`` is user and password, separated by a colon."""
    credentials = (
        [f"Authorization: Basic {base64.b64encode(basic.encode()).decode()}"] if basic else []
    )
    return _lines(
        f"POST {path} HTTP/1.1",
        *credentials,
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(form)}",
        body=form,
    )


def functional_request(token: str, path: str = FUNCTIONAL_PATH) -> str:
    return _lines(f"GET {path} HTTP/1.1", f"AppKey: {APP_KEY}", f"Authorization: Bearer {token}")


def _lines(first: str, *headers: str, body: str = "") -> str:
    return "\r\n".join((first, "Host: localhost", "Accept: */*", *headers, "", body))


TOKEN_REQUEST = form_request(
    "/v2/oauthtoken",
    f"grant_type=client_credentials&username={ACCOUNT}&password=svc-demo-password",
    basic=f"{APP_KEY}:demo-server-secret",
)
