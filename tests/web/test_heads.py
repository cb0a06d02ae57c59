"""HEAD is answered like GET without a body, and changes and uses up nothing."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2
import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.oauth.metadata import (
    AUTHORIZE_PATH,
    JWKS_PATH,
    LOGIN_PATH,
    METADATA_PATH,
    TOKEN_INFO_PATH,
)
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from tests.apis.engine import document
from tests.cases import every_case
from tests.operations import arm_fault, enqueue, only_scripted
from tests.support import TICKETS, Served, control_client

NOT_OF_THE_ANSWER = {"requesttrackingid", "date", "set-cookie"}
"""Headers that differ between two equal GETs."""

CONTROL_PAGES = [
    "/",
    "/health",
    "/health/live",
    "/health/ready",
    "/ca.pem",
    "/crl.pem",
    "/apis",
    "/docs",
    "/openapi.json",
    "/clock",
    "/check",
    "/mailbox",
    "/faults",
    "/answers",
    "/data",
    "/applications",
    "/service-accounts",
    "/service-accounts/svc-demo/certificate.crt",
    "/service-accounts/svc-demo/privatekey.key",
    "/service-accounts/nobody",
    "/nowhere",
]

OWN = """
info: {title: Own, version: "1"}
paths:
  /v9/both:
    get: {responses: {"200": {content: {application/json: {example: {a: 1}}}}}}
    head: {responses: {"204": {}}}
  /v9/only:
    head: {responses: {"200": {}}}
    put: {responses: {"200": {}}}
  /v9/written:
    get:
      x-mock-sei: {action: create, collection: written, key: id}
      responses: {"201": {}}
"""


def said(answer: httpx2.Response) -> tuple[int, dict[str, str]]:
    headers = {
        name: value for name, value in answer.headers.items() if name not in NOT_OF_THE_ANSWER
    }
    return answer.status_code, headers


@pytest.fixture
def with_own(served: Served) -> Served:
    served.platform.catalogue = Catalogue((), [document(OWN, version="3.1.0")])
    return served


@pytest.mark.long
@every_case("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
@every_case(
    "path",
    [
        TICKETS,
        f"{TICKETS}?limit=2",
        f"{TICKETS}?limit=x",
        METADATA_PATH,
        JWKS_PATH,
        f"{TOKEN_INFO_PATH}?client_id=demo-server-key",
        TOKEN_INFO_PATH,
        "/openapi/sma-trade-orders.json",
        "/openapi/nothing.json",
        f"{AUTHORIZE_PATH}?client_id=demo-web-key",
        f"{AUTHORIZE_PATH}?client_id=demo-web-key&response_type=token",
        f"{AUTHORIZE_PATH}?client_id=nobody",
        f"{LOGIN_PATH}?client_id=demo-web-key",
        f"{LOGIN_PATH}?client_id=demo-web-key&response_type=token",
        LOGIN_PATH,
        "/portal",
        "/portal/mailbox",
        "/v2/oauthtoken",
        "/nowhere",
    ],
)
def test_the_platform_answers_a_head_as_a_get_without_its_body(
    served: Served, path: str, listener: Listener
) -> None:
    http, headers = served.client(listener=listener), served.headers()
    served.platform.clock.freeze()  # the dashboard shows the time, in lines of various lengths

    looked = http.head(path, headers=headers, follow_redirects=False)
    got = http.get(path, headers=headers, follow_redirects=False)

    assert said(looked) == said(got)
    assert looked.content == b""
    head, get = served.platform.journal.entries[-2:]
    assert head.request is not None
    assert get.request is not None
    assert (head.request.method, get.request.method) == ("HEAD", "GET")
    assert head.response is not None
    assert head.response.raw_body == b""
    assert head.refused_by == get.refused_by


@pytest.mark.usefixtures("one_key")
@pytest.mark.parametrize("path", CONTROL_PAGES)
def test_the_control_api_answers_a_head_as_a_get_without_its_body(
    platform: Platform, path: str
) -> None:
    http = control_client(platform)

    looked, got = http.head(path), http.get(path)

    assert said(looked) == said(got)
    assert looked.content == b""


def test_a_head_is_no_use_of_its_token(served: Served) -> None:
    clock, headers = served.platform.clock, served.headers()
    clock.advance(minutes=20)
    assert served.client().head(TICKETS, headers=headers).status_code == 200
    clock.advance(minutes=11)

    assert served.get(headers=headers).status_code == 401


def test_a_get_is_a_use_of_its_token(served: Served) -> None:
    clock, headers = served.platform.clock, served.headers()
    clock.advance(minutes=20)
    assert served.get(headers=headers).status_code == 200
    clock.advance(minutes=11)

    assert served.get(headers=headers).status_code == 200


@pytest.mark.parametrize("path", [TICKETS, JWKS_PATH])
def test_a_head_shows_the_next_scripted_answer_and_leaves_it_for_the_get(
    served: Served, path: str
) -> None:
    platform, headers = served.platform, served.headers()
    enqueue(platform, f"GET {path}", status=202, json={"scripted": True})

    looked = [served.client().head(path, headers=headers) for _ in range(2)]

    assert [each.status_code for each in looked] == [202, 202]
    assert looked[0].headers["Content-Length"] == str(len('{"scripted": true}'))
    assert len(platform.scripts) == 1
    assert "a HEAD does not use it up" in str(platform.journal.last)
    assert served.get(path, headers=headers).json() == {"scripted": True}
    assert len(platform.scripts) == 0


def test_a_script_for_head_by_name_is_used_up_by_a_head(served: Served) -> None:
    platform, headers = served.platform, served.headers()
    enqueue(platform, f"HEAD {TICKETS}", status=202)
    enqueue(platform, f"GET {TICKETS}", status=203)

    statuses = [served.client().head(TICKETS, headers=headers).status_code for _ in range(3)]

    assert statuses == [202, 203, 203]
    assert served.get(headers=headers).status_code == 203


def test_a_head_is_no_call_without_a_script(served: Served) -> None:
    headers = served.headers()
    only_scripted(served.platform)

    served.client().head(TICKETS, headers=headers)
    assert served.platform.check_result().unscripted_calls == []
    served.get(headers=headers)
    assert served.platform.check_result().unscripted_calls == [f"GET {TICKETS}"]


@pytest.mark.parametrize("operation", [f"GET {TICKETS}", f"* {TICKETS}", None])
def test_a_head_is_shown_a_fault_and_leaves_it_for_the_get(
    served: Served, operation: str | None
) -> None:
    headers = served.headers()
    where = {} if operation is None else {"operation": operation}
    armed = arm_fault(served.platform, {**where, "status": 503, "times": 1, "required": True})

    looked = [served.client().head(TICKETS, headers=headers) for _ in range(3)]

    assert [each.status_code for each in looked] == [503] * 3
    assert looked[0].headers["Retry-After"] == "1"
    assert armed.met == 0
    assert served.platform.check_result().unmet_faults
    got = served.get(headers=headers)
    assert said(got) == said(looked[0])
    assert served.get(headers=headers).status_code == 200


def test_a_fault_for_head_by_name_counts_for_a_head_only(served: Served) -> None:
    headers = served.headers()
    armed = arm_fault(served.platform, {"operation": f"HEAD {TICKETS}", "status": 503, "times": 1})

    assert served.get(headers=headers).status_code == 200
    looked = [served.client().head(TICKETS, headers=headers) for _ in range(2)]

    assert [each.status_code for each in looked] == [503, 200]
    assert armed.met == 1


def test_a_fault_that_happens_by_chance_is_not_shown_to_a_head(served: Served) -> None:
    headers = served.headers()
    armed = arm_fault(served.platform, {"status": 503, "times": 1, "probability": 0.999_999})

    assert served.client().head(TICKETS, headers=headers).status_code == 200
    assert armed.met == 0


@pytest.mark.parametrize("effect", [{"malformed": True}, {"drip": 1}, {"content_type": "a/b"}])
def test_a_fault_of_the_body_shows_in_the_headers_of_a_head(
    served: Served, effect: dict[str, object]
) -> None:
    headers = served.headers()
    plain = served.client().head(TICKETS, headers=headers)
    arm_fault(served.platform, {"operation": f"GET {TICKETS}", **effect})

    looked = served.client().head(TICKETS, headers=headers)

    assert looked.content == b""
    shown = (looked.headers["Content-Length"], looked.headers["Content-Type"])
    assert (shown == (plain.headers["Content-Length"], plain.headers["Content-Type"])) is (
        "drip" in effect
    )


def test_a_head_logs_nobody_in(served: Served) -> None:
    platform = served.platform
    platform.reset({"auto_login": True})
    where = f"{AUTHORIZE_PATH}?client_id=demo-web-key&login_hint=alice@example.com"
    http = served.client(listener=Listener.ONE_WAY)

    looked = http.head(where, follow_redirects=False)

    assert (looked.status_code, len(platform.state.oauth.sessions)) == (302, 0)
    assert urlsplit(looked.headers["Location"]).path == LOGIN_PATH
    assert "set-cookie" not in looked.headers
    assert http.get(where, follow_redirects=False).status_code == 302
    assert len(platform.state.oauth.sessions) == 1


def test_a_look_at_the_check_reports_no_failure(platform: Platform) -> None:
    platform.record_bug("Traceback: on purpose")
    http = control_client(platform)

    http.head("/check")
    platform.reset()
    assert len(http.get("/check").json()["bugs"]) == 1
    platform.reset()
    assert http.get("/check").json()["bugs"] == []


@pytest.mark.long
def test_a_look_at_a_report_does_not_count_as_asking_for_it(served: Served) -> None:
    headers, reports = served.headers(), "/v2/reports"
    asked = {"reportName": "Positions"}
    served.platform.clock.freeze()
    key = served.client().post(reports, headers=headers, json=asked).json()["requestId"]
    where = f"{reports}/{key}"

    for _ in range(5):
        served.client().head(where, headers=headers)

    assert served.get(where, headers=headers).json()["status"] == "In Progress"
    assert served.get(where, headers=headers).json()["status"] == "Completed"


def test_a_document_may_define_its_own_head(with_own: Served) -> None:
    http, headers = with_own.client(), with_own.headers()

    assert said(http.head("/v9/both", headers=headers))[0] == 204
    assert http.get("/v9/both", headers=headers).json() == {"a": 1}
    only = http.head("/v9/only", headers=headers)
    assert only.status_code == 200
    assert "content-length" not in only.headers  # nobody knows that of the GET there is not
    refused = http.get("/v9/only", headers=headers)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "HEAD, PUT")


def test_a_head_writes_no_record_where_a_document_has_its_get_write(with_own: Served) -> None:
    http, headers = with_own.client(), with_own.headers()

    assert http.head("/v9/written", headers=headers).status_code == 201

    assert with_own.platform.state.apis.collections.all("written") == ()
