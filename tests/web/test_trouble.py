"""What a fault does to an exchange, in process; broken connections are under tests/e2e."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from mock_sei.bench.scripts import make_answer
from tests.support import TICKETS, Platform


def arm(platform: Platform, **fields: Any) -> None:
    platform.sandbox.arm_fault({"operation": f"GET {TICKETS}", **fields})


@pytest.mark.parametrize(
    ("status", "transient", "retry_after"),
    [(400, False, None), (500, True, None), (503, True, "1"), (429, True, "1"), (404, False, None)],
)
def test_a_status_comes_with_the_platforms_body(
    platform: Platform, status: int, transient: bool, retry_after: str | None
) -> None:
    arm(platform, status=status, times=1)

    answer = platform.get()

    body = answer.json()
    assert answer.status_code == status
    assert body.keys() == {"code", "message", "trackingId", "transient", "errors"}
    assert body["transient"] is transient
    assert body["trackingId"] == answer.headers["RequestTrackingId"]
    assert answer.headers.get("Retry-After") == retry_after
    assert platform.get().status_code == 200


def test_how_long_to_wait_can_be_said(platform: Platform) -> None:
    arm(platform, status=503, retry_after=120)

    assert platform.get().headers["Retry-After"] == "120"


def test_the_operation_does_not_see_a_refused_call(platform: Platform) -> None:
    headers = platform.headers()
    platform.sandbox.arm_fault({"operation": "POST /v2/oauth/revoke", "status": 503, "times": 1})
    token = headers["Authorization"].removeprefix("Bearer ")
    pair = ("demo-server-key", "demo-server-secret")

    answer = platform.client().post("/v2/oauth/revoke", data={"token": token}, auth=pair)

    assert answer.status_code == 503
    assert platform.get(headers=headers).status_code == 200


def test_the_journal_names_the_fault_that_was_met(platform: Platform) -> None:
    arm(platform, status=503, times=1)
    platform.get()

    entry = platform.sandbox.journal.last
    assert entry.fault == "status 503"
    assert entry.refused_by == "fault"
    platform.get()
    assert platform.sandbox.journal.last.fault is None


def test_json_breaks_off_in_a_complete_answer(platform: Platform) -> None:
    arm(platform, malformed=True)

    answer = platform.get()

    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(ValueError, match=r"."):
        answer.json()


def test_a_content_type_can_be_wrong(platform: Platform) -> None:
    arm(platform, content_type="text/html")

    answer = platform.get()

    assert answer.headers.get_list("Content-Type") == ["text/html"]
    assert answer.json()["data"]


def test_a_body_that_drips_is_whole(platform: Platform) -> None:
    whole = platform.get().content
    arm(platform, drip=1_000_000)

    assert platform.get().content == whole


def test_a_token_can_die_early_whatever_its_answer_says(platform: Platform) -> None:
    platform.sandbox.arm_fault(
        {"operation": "POST /v2/oauthtoken", "token_lifetime": 60, "times": 1}
    )
    answer = platform.post_token().json()
    usual = platform.token()
    assert answer["expires_in"] == 3600

    platform.sandbox.clock.advance(seconds=59)
    headers = platform.headers(token=answer["access_token"])
    assert platform.get(headers=headers).status_code == 200
    platform.sandbox.clock.advance(seconds=1)

    assert platform.get(headers=headers).json()["message"] == "Access Token expired"
    assert platform.get(headers=platform.headers(token=usual)).status_code == 200


@pytest.mark.parametrize("named", ["demo-server", "demo-server-key", "svc-demo"])
def test_an_applications_fault_is_its_own_at_both_endpoints(platform: Platform, named: str) -> None:
    headers = platform.headers()
    platform.sandbox.arm_fault({"application": named, "status": 503})

    assert platform.get(headers=headers).status_code == 503
    assert platform.post_token().status_code == 503
    assert platform.post_token("demo-limited").status_code != 503


def test_a_reset_disarms(platform: Platform) -> None:
    arm(platform, status=503)
    platform.sandbox.reset()

    assert platform.get().status_code == 200


# Scripted answers


def script(platform: Platform, operation: str = f"GET {TICKETS}", **fields: Any) -> None:
    platform.sandbox.scripts.enqueue(make_answer(operation, **fields))


def test_a_script_answers_the_next_call_alone(platform: Platform) -> None:
    script(platform, status=418, json_body={"short": "stout"}, headers={"X-Pot": "tea"})

    first, second = platform.get(), platform.get()

    assert (first.status_code, first.json(), first.headers["X-Pot"]) == (
        418,
        {"short": "stout"},
        "tea",
    )
    assert second.status_code == 200
    assert "RequestTrackingId" in first.headers


def test_a_client_the_gateway_refuses_gets_no_script(platform: Platform) -> None:
    script(platform, json_body={})

    wrong = platform.get(http=platform.client("svc-web"))

    assert wrong.status_code == 403
    assert len(platform.sandbox.scripts.waiting) == 1


def test_the_token_endpoint_can_be_scripted(platform: Platform) -> None:
    script(platform, "POST /v2/oauthtoken", json_body={"access_token": "scripted"})

    assert platform.post_token().json() == {"access_token": "scripted"}
    assert platform.post_token().json()["token_type"] == "BearerToken"


def test_text_is_sent_as_it_is(platform: Platform) -> None:
    script(platform, text="<html>down</html>", status=502)

    answer: httpx2.Response = platform.get()

    assert (answer.status_code, answer.text) == (502, "<html>down</html>")
