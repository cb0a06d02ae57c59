"""Endpoints at other paths: what is on the wire, and the names by which tests know operations."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from mock_sei.apis.postman import collection
from mock_sei.assumptions.groups import Paths
from mock_sei.assumptions.moved import MovedPaths, moved_paths
from mock_sei.assumptions.table import Assumptions
from mock_sei.errors import ConfigurationError
from mock_sei.journal.recorded import read_entry
from mock_sei.journal.targets import url_of
from mock_sei.operations.flows import Flows
from mock_sei.rules.standards import Listener
from mock_sei.web.example_calls import curl_lines, files_to_fetch
from tests.apis.products.test_pending_transactions import TRANSFER
from tests.cases import every_case
from tests.oauth.flows import ALICE, WEB, by_code
from tests.support import Served, control_client

MOVED = {
    "path.token": "/oauth2/token",
    "path.authorize": "/oauth2/authorize",
    "path.login": "/login",
    "path.token_information": "/oauth2/info",
    "path.revoke": "/oauth2/revoke",
    "path.insight_status": "/insight/status/{key}",
}


@pytest.fixture
def moved(served: Served) -> Served:
    served.platform.reset({"assumptions": MOVED})
    return served


def post_token(served: Served, path: str) -> httpx2.Response:
    pair = ("demo-server-key", "demo-server-secret")
    return served.client().post(path, auth=pair, data=served.form())


def test_nothing_is_moved_by_default() -> None:
    assert moved_paths(Paths()) is None


def test_an_operation_is_known_by_its_default_name(moved: Served) -> None:
    answer = post_token(moved, "/oauth2/token")

    assert answer.status_code == 200
    entry = moved.platform.journal.last
    assert entry.operation == "POST /v2/oauthtoken"
    assert moved.platform.journal.find("POST /v2/oauthtoken") == [entry]


def test_the_old_path_is_404_and_the_journal_names_the_new_one(moved: Served) -> None:
    for old, new in (
        ("/v2/oauthtoken", "/oauth2/token"),
        ("/v1/insight/status/K-1", "/insight/status/K-1"),
    ):
        assert moved.client().post(old).status_code == 404
        entry = moved.platform.journal.last
        assert entry.refused_by == "path"
        assert f"it is at {new} (assumption path." in (entry.refused_because or "")


def test_the_other_token_paths_stay(moved: Served) -> None:
    assert post_token(moved, "/v3/oauthtoken").status_code == 200
    assert post_token(moved, "/v2/oauth/token").status_code == 200


def test_the_token_path_may_be_another_one_of_the_token_endpoint(served: Served) -> None:
    served.platform.reset({"assumptions": {"path.token": "/v3/oauthtoken"}})

    assert post_token(served, "/v3/oauthtoken").status_code == 200
    assert post_token(served, "/v2/oauthtoken").status_code == 404


def test_two_paths_may_be_exchanged(served: Served) -> None:
    changed = {"path.token": "/v2/oauth/revoke", "path.revoke": "/v2/oauthtoken"}
    served.platform.reset({"assumptions": changed})

    assert "access_token" in post_token(served, "/v2/oauth/revoke").json()
    revoked = served.client().post(
        "/v2/oauthtoken", auth=("demo-server-key", "demo-server-secret"), data={"token": "x"}
    )
    assert revoked.json()["cascade"] == "true"


def test_a_fault_meets_the_operation_by_its_default_name_and_not_at_the_old_path(
    moved: Served,
) -> None:
    fault = {"operation": "POST /v2/oauthtoken", "status": 503}
    assert control_client(moved.platform).post("/faults", json=fault).is_success

    assert post_token(moved, "/v2/oauthtoken").status_code == 404
    assert post_token(moved, "/oauth2/token").status_code == 503


def test_the_metadata_names_the_paths_on_the_wire(moved: Served) -> None:
    told = moved.client(None).get("/.well-known/oauth-authorization-server").json()

    assert told["token_endpoint"].endswith("/oauth2/token")
    assert told["authorization_endpoint"].endswith("/oauth2/authorize")
    assert told["revocation_endpoint"].endswith("/oauth2/revoke")
    aliases = told["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"].endswith("/oauth2/token")
    assert aliases["revocation_endpoint"].endswith("/oauth2/revoke")


def test_a_browser_is_led_over_the_paths_on_the_wire(moved: Served) -> None:
    http = moved.client(None, listener=Listener.ONE_WAY)
    http.follow_redirects = False

    sent = http.get("/oauth2/authorize", params=WEB)
    address = sent.headers["Location"].removeprefix("https://localhost")
    page = http.get(address)
    done = http.post(address, data=ALICE)

    assert address.startswith("/login?")
    assert page.status_code == 200
    assert 'action="/login?' in page.text
    assert "code=" in done.headers["Location"]


def test_the_flows_of_a_test_walk_over_the_paths_on_the_wire(moved: Served) -> None:
    platform = moved.platform

    def connect(account: str | None) -> httpx2.Client:
        listener = Listener.ONE_WAY if account is None else Listener.TWO_WAY
        return moved.client(account, listener=listener)

    flows = Flows(
        registry=lambda: platform.registry,
        connect=connect,
        paths=lambda: platform.state.assumptions.path,
    )

    for application in ("demo-server", "demo-web", "demo-internal", "demo-spa", "demo-native"):
        assert "access_token" in flows.token_response(application, "alice@example.com")


def test_information_and_revocation_are_there(served: Served) -> None:
    token = by_code(served).json()["access_token"]
    served.platform.reset({"assumptions": MOVED})
    http = served.client("svc-web")

    told = http.get(
        "/oauth2/info",
        params={"client_id": "demo-web-key"},
        headers={"Authorization": f"Bearer {token}"},
    )
    ended = http.post(
        "/oauth2/revoke", data={"token": token}, auth=("demo-web-key", "demo-web-secret")
    )

    assert (told.status_code, ended.status_code) == (200, 200)


def test_the_journal_repeats_the_call_as_it_was_on_the_wire(moved: Served) -> None:
    post_token(moved, "/oauth2/token")
    entry = moved.platform.journal.last
    assert entry.request is not None

    kept = read_entry(json.loads(json.dumps(entry.to_json())))

    for each in (entry.request, kept.request):
        assert each is not None
        assert url_of(each, "https://localhost") == "https://localhost/oauth2/token"


def test_a_test_that_is_made_of_the_journal_calls_what_was_called(moved: Served) -> None:
    moved.client().post("/oauth2/token", data={"grant_type": "unknown"})

    text = control_client(moved.platform).get("/journal.py").text

    assert "/oauth2/token" in text
    assert "/v2/oauthtoken" not in text.partition("def test")[2].replace("POST /v2/oauthtoken", "")


def test_the_control_listener_knows_whose_path_it_is(moved: Served) -> None:
    detail = control_client(moved.platform).post("/oauth2/token").json()["detail"]

    assert "this is the control listener; the platform serves this path:" in detail


def test_an_entry_says_nothing_of_the_wire_where_nothing_is_moved(served: Served) -> None:
    served.post_token()

    request = served.platform.journal.last.to_json()["request"]
    assert "wire_path" not in request


def test_the_lines_that_the_server_shows_call_the_path_on_the_wire(
    moved: Served, browser: httpx2.Client
) -> None:
    platform = moved.platform
    lines = curl_lines(platform, files_to_fetch(platform.addresses), platform.addresses)
    page = browser.get("/portal/apps/demo-web").text

    assert any(each.endswith("/oauth2/token") for each in lines)
    assert "/oauth2/token" in page
    assert "/oauth2/authorize?" in page
    assert "/v2/oauth" not in page


@pytest.mark.long
def test_a_postman_collection_calls_what_is_on_the_wire(served: Served) -> None:
    assumed = Assumptions.of(
        {**MOVED, "paging.cursor": "page", "request.tracking_header": "X-Correlation"}
    )
    documents = {name: each.content for name, each in served.platform.catalogue.products.items()}

    text = json.dumps(collection(documents, ["username"], {}, assumed))

    assert "/oauth2/token" in text
    assert "insight/status" in text
    assert "/v1/:appName/status" not in text
    assert '"key": "page"' in text
    assert '"key": "cursor"' not in text
    assert "X-Correlation" in text
    assert "RequestTrackingId" not in text


def test_the_job_of_a_write_is_read_at_its_path_on_the_wire(served: Served) -> None:
    token = served.token()
    served.platform.reset({"assumptions": MOVED})
    http, headers = served.client(), served.headers(token=token)
    key = http.post("/v1/transfers", headers=headers, json=TRANSFER).json()["jobStatusQueryKey"]

    read = http.get(f"/insight/status/{key}", headers=headers)

    assert served.platform.journal.last.operation == f"GET /v1/insight/status/{key}"
    assert (read.status_code, read.json()["jobStatusQueryKey"]) == (200, key)


CLASHES: list[tuple[dict[str, Any], str]] = [
    ({"path.token": "/v2/investors"}, "path.token = '/v2/investors': GET /v2/investors has"),
    ({"path.login": "/v3/oauthtoken"}, "path.login = '/v3/oauthtoken': POST /v3/oauthtoken has"),
    ({"path.revoke": "/portal/x"}, "path.revoke = '/portal/x': a page of this server has this"),
    ({"path.login": "/portal"}, "path.login = '/portal': a page of this server has this path"),
    (
        {"path.revoke": "/.well-known/jwks.json"},
        "path.revoke = '/.well-known/jwks.json': GET /.well-known/jwks.json has this path",
    ),
    (
        {"path.insight_status": "/v1/accounts/{key}"},
        "path.insight_status = '/v1/accounts/{key}': PATCH /v1/accounts/{externalId} has",
    ),
]


@pytest.mark.parametrize(("changed", "told"), CLASHES)
def test_a_path_that_another_operation_has_is_refused_and_nothing_is_reset(
    served: Served, changed: dict[str, Any], told: str
) -> None:
    before = served.platform.state

    with pytest.raises(ConfigurationError) as caught:
        served.platform.reset({"assumptions": changed})

    assert str(caught.value).startswith("reset: assumptions.")
    assert told in str(caught.value)
    assert served.platform.state is before


def test_the_control_api_refuses_a_clash_with_one_line(served: Served) -> None:
    answer = control_client(served.platform).post(
        "/reset", json={"assumptions": {"path.token": "/v2/investors"}}
    )

    assert answer.status_code == 400
    assert "GET /v2/investors has this path" in answer.json()["detail"]


@every_case(
    ("path", "name"),
    [
        ("/a/b/K/c", "/v1/insight/status/K"),
        ("/a/b//c", None),
        ("/a/b/K/L/c", None),
        ("/a/b/c", None),
        ("/a/b/K/c/", None),
    ],
)
def test_a_path_with_a_key_fits_with_one_segment(path: str, name: str | None) -> None:
    moved = MovedPaths(Paths(insight_status="/a/b/{key}/c"))

    assert moved.name_of(path) == name
