"""The requests that are sent: the token request and the functional call."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlencode

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

NATIVE_APP = {"client_id": "demo-native-key", "redirect_uri": "com.example.demo:/callback"}
_VERIFIER = "a-code-verifier-of-43-characters-or-a-few-more"
_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest())

LOGIN_REQUEST = form_request(
    "/v2/oauth/authorize",
    urlencode(
        {
            **NATIVE_APP,
            "response_type": "code",
            "code_challenge": _CHALLENGE.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "username": "alice@example.com",
            "password": "alice-password",
            "decision": "allow",
        }
    ),
)
"""A log-in with consent, on the one-way listener; the answer has a code."""
CODE_TAKEN = r"[?&]code=([^&\s]+)"
_CODE_FORM = urlencode(
    {**NATIVE_APP, "grant_type": "authorization_code", "code_verifier": _VERIFIER}
)
CODE_REQUEST = form_request(f"/v2/oauthtoken?{_CODE_FORM}&code={{taken}}", "")
"""In the query, since a form would need the length of the code."""
