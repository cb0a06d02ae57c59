"""Answers to a method that a path does not allow, and to an unknown path."""

from __future__ import annotations

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.oauth.metadata import (
    AUTHORIZE_PATH,
    JWKS_PATH,
    LOGIN_PATH,
    METADATA_PATH,
    REVOKE_PATH,
    TOKEN_INFO_PATH,
    TOKEN_PATHS,
)
from mock_sei.rules.standards import Listener
from tests.apis.engine import document
from tests.support import TICKETS, Served

pytestmark = pytest.mark.long

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "FOO"]

ON_BOTH = {
    **dict.fromkeys((*TOKEN_PATHS, REVOKE_PATH), "POST"),
    TOKEN_INFO_PATH: "GET, HEAD",
    METADATA_PATH: "GET, HEAD",
    JWKS_PATH: "GET, HEAD",
    TICKETS: "GET, HEAD, POST",
    "/v1/trade/users/7": "GET, HEAD, PUT, DELETE",
    "/openapi/sma-trade-orders.json": "GET, HEAD",
}
FOR_BROWSERS = {
    AUTHORIZE_PATH: "GET, HEAD, POST",
    LOGIN_PATH: "GET, HEAD, POST",
    "/portal": "GET, HEAD",
    "/portal/apps": "GET, HEAD, POST",
    "/portal/apps/demo-server/edit": "GET, HEAD, POST",
    "/portal/apps/demo-server/keys": "POST",
    "/portal/mailbox/clear": "POST",
    "/portal/controls/freeze": "POST",
    "/portal/mailbox/1": "GET, HEAD",
    "/portal/certificates/nothing": "GET, HEAD",
}
NOWHERE = [
    *("/nowhere", "/v2/oauthtoken/", "/openapi/nothing.json", "/portal/nothing", "/"),
    *(f"{path}%0A" for path in ("/v2/oauthtoken", "/portal", JWKS_PATH, TICKETS)),
]


@pytest.mark.parametrize("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
def test_another_method_is_told_all_that_the_path_takes(served: Served, listener: Listener) -> None:
    http = served.client(listener=listener)
    expected = ON_BOTH if listener is Listener.TWO_WAY else ON_BOTH | FOR_BROWSERS
    for path, allowed in expected.items():
        for method in METHODS:
            if method in allowed.split(", "):
                continue
            answer = http.request(method, path)
            found = (answer.status_code, answer.headers.get("Allow"))
            assert found == (405, allowed), (method, path)


@pytest.mark.parametrize("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
def test_a_path_that_nothing_has_is_not_found_by_any_method(
    served: Served, listener: Listener
) -> None:
    http = served.client(listener=listener)
    for path in (*NOWHERE, *(FOR_BROWSERS if listener is Listener.TWO_WAY else ())):
        for method in METHODS:
            answer = http.request(method, path, follow_redirects=False)
            assert answer.status_code == 404, (method, path)
            assert "Allow" not in answer.headers


def test_a_document_may_define_any_method_that_http_has(served: Served) -> None:
    responses = "responses: {'200': {}}"
    methods = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
    lines = "".join(f"    {each}: {{{responses}}}\n" for each in methods)
    text = f"info: {{title: Own, version: '1'}}\npaths:\n  /v9/all:\n{lines}"
    served.platform.catalogue = Catalogue((), [document(text, version="3.1.0")])
    http, headers = served.client(), served.headers()

    for method in methods:
        assert http.request(method, "/v9/all", headers=headers).status_code == 200, method
    refused = http.request("FOO", "/v9/all", headers=headers)
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {each.upper() for each in methods}
