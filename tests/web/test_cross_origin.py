"""CORS headers are sent only to browsers of single-page applications."""

from __future__ import annotations

from itertools import product

import httpx2
import pytest

from mock_sei.oauth.metadata import JWKS_PATH, METADATA_PATH, REVOKE_PATH, TOKEN_INFO_PATH
from mock_sei.rules.standards import Listener
from tests.oauth.flows import ALICE, AUTHORIZE, LOGIN, WEB, log_in, returned
from tests.support import TICKETS, TOKEN_PATH, Served, control_client

SPA = "http://localhost:8000"
FOREIGN = [
    "https://evil.example",
    "null",
    "https://localhost:8000",
    "http://localhost:8000.evil.example",
    "http://localhost:80",
    "http://LOCALHOST:8000",
    "https://localhost:9443",  # of demo-web, which is no single-page application
    "http://[::1",
    "*",
]
ALLOW_ORIGIN = "Access-Control-Allow-Origin"

METHODS = {
    TOKEN_PATH: "POST",
    REVOKE_PATH: "POST",
    TOKEN_INFO_PATH: "GET",
    TICKETS: "GET",
    METADATA_PATH: "GET",
    JWKS_PATH: "GET",
    AUTHORIZE: "GET",
    LOGIN: "GET",
}
PUBLIC = (METADATA_PATH, JWKS_PATH)
PAGES = (AUTHORIZE, LOGIN)


def allowed(path: str, origin: str, listener: Listener) -> str | None:
    """The origin that is allowed to read the answer."""
    if listener is Listener.TWO_WAY or path in PAGES:
        return None
    if path in PUBLIC:
        return "*"
    return SPA if origin == SPA else None


def preflight(served: Served, path: str, origin: str, listener: Listener) -> httpx2.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": METHODS[path],
        "Access-Control-Request-Headers": "appkey,authorization",
    }
    return served.client("svc-demo", listener=listener).options(path, headers=headers)


@pytest.mark.parametrize("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
@pytest.mark.parametrize("path", METHODS)
def test_a_browser_may_call_and_read_where_its_origin_is_registered(
    served: Served, path: str, listener: Listener
) -> None:
    """Each endpoint, origin and listener; preflight and call."""
    http = served.client("svc-demo", listener=listener)
    for origin in (SPA, *FOREIGN):
        reader = allowed(path, origin, listener)
        asked = preflight(served, path, origin, listener)
        called = http.request(
            METHODS[path], path, headers={"Origin": origin}, follow_redirects=False
        )

        assert (asked.status_code == 204) is (reader is not None), origin
        for answer in (asked, called):
            assert answer.headers.get(ALLOW_ORIGIN) == reader, origin
            cors = [name for name in answer.headers if name.startswith("access-control-")]
            assert bool(cors) is (reader is not None), origin
            assert "access-control-allow-credentials" not in cors
            if listener is Listener.ONE_WAY and path not in (*PUBLIC, *PAGES):
                assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/portal",
        "/portal/",
        "/portal/apps/demo-server",
        "/%70ortal/apps/demo-server",
        "/portal/mailbox",
        "/portal/certificates/nothing",
        "/portal/nothing",
        AUTHORIZE,
        LOGIN,
    ],
)
def test_a_page_for_people_is_for_no_script_of_another_page(served: Served, path: str) -> None:
    http = served.client(None, listener=Listener.ONE_WAY)
    asked = {"Origin": SPA, "Access-Control-Request-Method": "GET"}

    read = http.get(path, headers={"Origin": SPA})
    preflighted = http.options(path, headers=asked)

    assert preflighted.status_code in (404, 405)
    for answer in (read, preflighted):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/portals", "/v2/oauth/logins", "/openapi/sma-trade-orders.json"])
def test_a_path_that_only_begins_like_a_page_is_readable(served: Served, path: str) -> None:
    http = served.client(None, listener=Listener.ONE_WAY)

    assert http.get(path, headers={"Origin": SPA}).headers[ALLOW_ORIGIN] == SPA
    assert ALLOW_ORIGIN not in http.get(path, headers={"Origin": FOREIGN[0]}).headers


@pytest.mark.parametrize("path", [path for path in METHODS if path not in PAGES])
def test_a_preflight_names_what_a_client_sends(served: Served, path: str) -> None:
    answer = preflight(served, path, SPA, Listener.ONE_WAY)

    named = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"appkey", "authorization", "content-type", "requesttrackingid"} <= set(named)
    assert METHODS[path] in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert answer.content == b""
    assert served.platform.journal.last.refused_by is None


def test_a_preflight_is_no_call(served: Served) -> None:
    """A preflight passes without token and AppKey; a call without them is refused."""
    assert preflight(served, TICKETS, SPA, Listener.ONE_WAY).status_code == 204

    call = served.client(None, listener=Listener.ONE_WAY).get(TICKETS, headers={"Origin": SPA})
    plain = served.client(None, listener=Listener.ONE_WAY).options(TICKETS, headers={"Origin": SPA})

    assert (call.status_code, plain.status_code) == (401, 405)


def test_without_an_origin_there_is_nothing_of_it(served: Served) -> None:
    answer = served.client(None, listener=Listener.ONE_WAY).get(METADATA_PATH)

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_single_page_application_reads_its_answers(served: Served) -> None:
    token = returned(log_in(served, "demo-spa"))["access_token"]
    http = served.client(None, listener=Listener.ONE_WAY)
    bearer = {"Origin": SPA, "Authorization": f"Bearer {token}"}

    tickets = http.get(TICKETS, headers=bearer | {"AppKey": "demo-spa-key"})
    info = http.get(TOKEN_INFO_PATH, params={"client_id": "demo-spa-key"}, headers=bearer)
    form = {"client_id": "demo-spa-key", "token": token}
    revoked = http.post(REVOKE_PATH, data=form, headers={"Origin": SPA})

    for answer in (tickets, info, revoked):
        assert answer.status_code == 200, answer.text
        assert answer.headers[ALLOW_ORIGIN] == SPA
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert set(exposed) == {"RequestTrackingId", "WWW-Authenticate"}


@pytest.mark.parametrize(
    ("method", "path", "form", "status"),
    [
        ("GET", TICKETS, {}, 401),
        ("GET", "/nowhere", {}, 404),
        ("PUT", TICKETS, {}, 405),
        ("GET", TOKEN_INFO_PATH, {}, 400),
        ("POST", TOKEN_PATH, {"grant_type": "refresh_token"}, 401),
        ("POST", TOKEN_PATH, {"grant_type": "password", "client_id": "demo-spa-key"}, 400),
        ("POST", TOKEN_PATH, {}, 400),
        ("GET", TOKEN_PATH, {}, 405),
        ("POST", REVOKE_PATH, {"client_id": "demo-spa-key"}, 400),
        ("POST", REVOKE_PATH, {"token": "x"}, 401),
    ],
)
def test_a_browser_can_read_a_refusal_too(
    served: Served, method: str, path: str, form: dict[str, str], status: int
) -> None:
    http = served.client(None, listener=Listener.ONE_WAY)

    own = http.request(method, path, data=form or None, headers={"Origin": SPA})
    foreign = http.request(method, path, data=form or None, headers={"Origin": FOREIGN[0]})

    assert own.status_code == foreign.status_code == status
    assert own.headers[ALLOW_ORIGIN] == SPA
    assert ALLOW_ORIGIN not in foreign.headers
    assert ("WWW-Authenticate" in own.headers) is (status == 401)


@pytest.mark.parametrize("fields", [{}, ALICE, {"decision": "deny"}])
def test_no_answer_of_the_log_in_can_be_read_by_another_origin(
    served: Served, fields: dict[str, str]
) -> None:
    """Pages, redirects and errors of authorize."""
    http = served.client(None, listener=Listener.ONE_WAY)
    for path, query in product(PAGES, (WEB, {}, WEB | {"scope": "x"})):
        answer = http.post(
            path, params=query, data=fields, headers={"Origin": SPA}, follow_redirects=False
        )
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://spa.example/callback", "https://spa.example"),
        ("https://spa.example:443/callback", "https://spa.example"),
        ("HTTPS://SPA.example/callback", "https://spa.example"),
        ("http://spa.example:80/", "http://spa.example"),
        ("http://[::1]:8000/callback", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_known_as_browsers_write_it(served: Served, address: str, origin: str) -> None:
    served.change("demo-spa", redirect_addresses=(address,))

    assert preflight(served, TICKETS, origin, Listener.ONE_WAY).status_code == 204
    assert preflight(served, TICKETS, SPA, Listener.ONE_WAY).status_code == 405


@pytest.mark.parametrize("address", ["com.example.spa:/callback", "com.example.spa://host/cb"])
def test_a_private_scheme_has_no_origin(served: Served, address: str) -> None:
    served.change("demo-spa", redirect_addresses=(address,))

    for origin in ("null", "com.example.spa://", "com.example.spa://host"):
        assert preflight(served, TICKETS, origin, Listener.ONE_WAY).status_code == 405


def test_a_scripted_header_is_not_joined_by_the_platforms(served: Served) -> None:
    scripted = {"Access-Control-Allow-Origin": "https://other.example", "Vary": "Accept"}
    control = control_client(served.platform)
    armed = control.post(
        "/answers",
        json={"operation": f"GET {TICKETS}", "json": {}, "headers": scripted},
    )
    assert armed.status_code in (200, 201, 204), armed.text
    spa = served.application("demo-spa")
    http = served.client(None, listener=Listener.ONE_WAY)
    token = returned(log_in(served, "demo-spa"))["access_token"]
    headers = {"AppKey": spa.app_key, "Authorization": f"Bearer {token}", "Origin": SPA_ORIGIN}

    answer = http.get(TICKETS, headers=headers)

    assert answer.status_code == 200
    assert answer.headers.get_list("Access-Control-Allow-Origin") == ["https://other.example"]
    assert answer.headers.get_list("Vary") == ["Accept", "Origin"]
    assert answer.headers["Access-Control-Expose-Headers"]


SPA_ORIGIN = "http://localhost:8000"
