"""What is sent: the token request and the functional call, as they go over the wire."""

from __future__ import annotations

import base64

ACCOUNT = "svc-demo"
APP_KEY = "demo-server-key"
TOKEN_PATH = "/v2/oauthtoken"
FILTERED_PATH = "/v2/investors?active=true&createStartDate=2020-01-01&limit=50"
FUNCTIONAL_PATH = "/v1/order/tradetickets?limit=50"

_FORM = f"grant_type=client_credentials&username={ACCOUNT}&password=svc-demo-password"
_KEY_PAIR = base64.b64encode(f"{APP_KEY}:demo-server-secret".encode()).decode()


def token_request() -> str:
    return _lines(
        f"POST {TOKEN_PATH} HTTP/1.1",
        f"Authorization: Basic {_KEY_PAIR}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(_FORM)}",
        body=_FORM,
    )


def functional_request(token: str, path: str = FUNCTIONAL_PATH) -> str:
    """Asks for 50 records."""
    return _lines(f"GET {path} HTTP/1.1", f"AppKey: {APP_KEY}", f"Authorization: Bearer {token}")


def _lines(first: str, *headers: str, body: str = "") -> str:
    return "\r\n".join((first, "Host: localhost", "Accept: */*", *headers, "", body))
