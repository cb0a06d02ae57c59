"""Calls all endpoints of the three listeners once."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

from tests.patience import PATIENCE

PAGES = (
    "/portal",
    "/portal/apps",
    "/portal/apps/new",
    "/portal/apps/demo-server",
    "/portal/apps/unknown",
    "/portal/mailbox",
    "/portal/journal",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/nothing",
)
SOME_CALLS: Mapping[str, Any] = {"/v1/order/tradetickets": {"get": {}, "post": {}}}
"""What is called of the functional APIs if the server cannot say what they have."""
METHODS = frozenset({"get", "post", "put", "patch", "delete"})


class Tour:
    """Clients of the three listeners; their connections are kept."""

    def __init__(self, ready: Mapping[str, Any], http: contextlib.ExitStack) -> None:
        self._control = http.enter_context(own_client(ready, "control_url"))
        self._one_way = http.enter_context(own_client(ready, "url"))
        self._two_way = http.enter_context(own_client(ready, "two_way_url"))

    def connect(self) -> None:
        """Opens the connections that the rest goes over."""
        for http in (self._control, self._one_way, self._two_way):
            http.get("/health")

    def has_files(self) -> bool:
        """Whether the server can open files: it needs one to load its control API."""
        return self._control.get("/openapi.json").is_success

    def answers(self) -> Iterator[httpx2.Response]:
        yield from self._platform_answers()
        yield from self._control_answers()

    def _platform_answers(self) -> Iterator[httpx2.Response]:
        token = self._two_way.post(
            "/v2/oauthtoken",
            auth=("demo-server-key", "demo-server-secret"),
            data={
                "grant_type": "client_credentials",
                "username": "svc-demo",
                "password": "svc-demo-password",
            },
        )
        yield token
        headers = {
            "AppKey": "demo-server-key",
            "Authorization": f"Bearer {token.json()['access_token']}",
        }
        document = self._control.get("/apis/openapi.json")
        yield document
        for path, methods in document.json().get("paths", SOME_CALLS).items():
            for method in METHODS & methods.keys():
                body = None if method == "get" else {"a": 1}
                plain = path.replace("{", "").replace("}", "")
                yield self._two_way.request(method, plain, headers=headers, json=body)
        yield self._two_way.post(
            "/v1/contentmanagement/folders/uploadfiles",
            headers=headers,
            files={"file": ("a.txt", b"a text")},
        )
        yield self._two_way.post(
            "/v2/oauthtoken",
            auth=("demo-web-key", "demo-web-secret"),
            data={
                "grant_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
                "assertion": "PHg+PC94Pg",
            },
        )
        for page in PAGES:
            yield self._one_way.get(page)
        asked = {
            "client_id": "demo-spa-key",
            "response_type": "token",
            "redirect_uri": "http://localhost:8000/callback",
        }
        yield self._one_way.get("/v2/oauth/authorize", params=asked, follow_redirects=True)

    def _control_answers(self) -> Iterator[httpx2.Response]:
        described = self._control.get("/openapi.json")
        yield described
        yield self._control.get("/docs")
        named = {"{username}": "svc-demo", "{app_key}": "demo-limited-key"}
        for path, methods in described.json().get("paths", {}).items():
            if path == "/server-certificate":
                continue  # the next connection's context is made of files, which is OpenSSL's way
            for name, value in named.items():
                path = path.replace(name, value)
            for method in sorted(METHODS & methods.keys()):
                body: dict[str, str] | None = {} if method in ("post", "put") else None
                yield self._control.request(method, path, json=body)


def own_client(ready: Mapping[str, Any], url: str, account: str = "svc-demo") -> httpx2.Client:
    """A client with an account's certificate. ``url`` is a name in the ready file."""
    identity = Path(ready["certs_dir"]) / account
    verify = ssl.create_default_context(cafile=ready["ca_file"])
    verify.load_cert_chain(identity / "certificate.crt", identity / "privatekey.key")
    return httpx2.Client(base_url=ready[url], verify=verify, trust_env=False, timeout=PATIENCE)
