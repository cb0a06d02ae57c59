"""The effects of faults on exchanges, in process. Broken connections are tested under tests/e2e."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import ConfigurationError
from mock_sei.faults.answer_checks import make_answer
from mock_sei.fixtures import load_fixtures
from mock_sei.matching.targets import OperationTree
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.settings import Behaviour
from tests.operations import arm_fault
from tests.support import TICKETS, Served, registration


def arm(served: Served, **fields: Any) -> None:
    arm_fault(served.platform, {"operation": f"GET {TICKETS}", **fields})


@pytest.mark.parametrize(
    ("status", "transient", "retry_after"),
    [(400, False, None), (500, True, None), (503, True, "1"), (429, True, "1"), (404, False, None)],
)
def test_a_status_comes_with_the_platforms_body(
    served: Served, status: int, transient: bool, retry_after: str | None
) -> None:
    arm(served, status=status, times=1)

    answer = served.get()

    body = answer.json()
    assert answer.status_code == status
    assert body.keys() == {"code", "message", "trackingId", "transient", "errors"}
    assert body["transient"] is transient
    assert body["trackingId"] == answer.headers["RequestTrackingId"]
    assert answer.headers.get("Retry-After") == retry_after
    assert served.get().status_code == 200


def test_how_long_to_wait_can_be_said(served: Served) -> None:
    arm(served, status=503, retry_after=120)

    assert served.get().headers["Retry-After"] == "120"


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("GET /portal/apis", "/portal/apis"),
        ("GET /portal/apps/{name}", "/portal/apps/demo-server"),
        ("GET /portal/certificates/{token}", "/portal/certificates/x"),
        ("GET /openapi/{product}.json", "/openapi/investors.json"),
        ("GET /openapi/investors.json", "/openapi/investors.json"),
        ("GET /v1/{anything}/tradetickets", TICKETS),
        ("GET /v2/{anything}", "/v2/investors"),
    ],
)
def test_a_fault_may_name_whatever_a_call_of_the_listeners_meets(
    served: Served, operation: str, path: str
) -> None:
    arm_fault(served.platform, {"operation": operation, "status": 503})

    answer = served.get(path, http=served.client(None, listener=Listener.ONE_WAY), headers={})

    assert answer.status_code == 503
    assert served.platform.faults.armed[0].met == 1


def test_what_can_be_called_is_put_in_order_once_whatever_call_asks(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call works on a copy of the platform; what a copy makes is gone with it."""
    made: list[object] = []
    make = OperationTree.__init__

    def count(tree: OperationTree, names: Iterable[str]) -> None:
        made.append(tree)
        make(tree, names)

    monkeypatch.setattr(OperationTree, "__init__", count)

    for number in range(3):
        operation = f"PATCH /v1/investors/INV-{number}"
        arm_fault(served.platform.pinned(), {"operation": operation, "status": 503})

    assert len(made) == 1


def test_the_operation_does_not_see_a_refused_call(served: Served) -> None:
    headers = served.headers()
    arm_fault(served.platform, {"operation": "POST /v2/oauth/revoke", "status": 503, "times": 1})
    token = headers["Authorization"].removeprefix("Bearer ")
    pair = ("demo-server-key", "demo-server-secret")

    answer = served.client().post("/v2/oauth/revoke", data={"token": token}, auth=pair)

    assert answer.status_code == 503
    assert served.get(headers=headers).status_code == 200


def test_the_journal_names_the_fault_that_was_met(served: Served) -> None:
    arm(served, status=503, times=1)
    served.get()

    entry = served.platform.journal.last
    assert entry.fault == "status 503"
    assert entry.refused_by == "fault"
    served.get()
    assert served.platform.journal.last.fault is None


def test_json_breaks_off_in_a_complete_answer(served: Served) -> None:
    arm(served, malformed=True)

    answer = served.get()

    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(ValueError, match=r"."):
        answer.json()


def test_a_content_type_can_be_wrong(served: Served) -> None:
    arm(served, content_type="text/html")

    answer = served.get()

    assert answer.headers.get_list("Content-Type") == ["text/html"]
    assert answer.json()["data"]


def test_a_body_that_drips_is_whole(served: Served) -> None:
    whole = served.get().content
    arm(served, drip=1_000_000)

    assert served.get().content == whole


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_comes_without_one(served: Served, status: int) -> None:
    arm(served, status=status, retry_after=3)

    answer = served.get()

    assert (answer.status_code, answer.content) == (status, b"")
    assert answer.headers.get("Content-Length") == ("0" if status == 205 else None)
    assert "Content-Type" not in answer.headers
    assert answer.headers["Retry-After"] == "3"
    assert served.platform.journal.last.refused_by == "fault"


@pytest.mark.parametrize(
    "fields", [{"drip": 10}, {"malformed": True}, {"content_type": "text/html"}]
)
def test_an_empty_answer_ends_whatever_happens_to_its_body(
    served: Served, fields: dict[str, Any]
) -> None:
    script(served, status=200)
    script(served, status=204)
    arm(served, **fields)

    first, second = served.get(), served.get()

    assert (first.content, first.headers["Content-Length"]) == (b"", "0")
    assert (second.status_code, second.content) == (204, b"")
    assert not {"content-length", "content-type"} & set(second.headers)


def test_the_answer_to_head_has_the_length_that_it_has_without_a_fault(served: Served) -> None:
    headers = served.headers()
    plain = served.client().head(TICKETS, headers=headers)
    arm_fault(served.platform, {"operation": "HEAD *", "latency": 0.001})

    answer = served.client().head(TICKETS, headers=headers)

    assert answer.status_code == plain.status_code
    assert answer.headers["Content-Length"] == plain.headers["Content-Length"]


def test_a_bug_under_a_fault_is_answered_and_told(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = served.headers()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(served.platform, "answer", fail)
    arm(served, latency=0.001)

    answer = served.get(headers=headers)

    assert answer.status_code == 500
    assert "ZeroDivisionError" in served.platform.check_result().bugs[0]


def test_a_token_can_die_early_whatever_its_answer_says(served: Served) -> None:
    served.platform.clock.freeze()
    arm_fault(
        served.platform, {"operation": "POST /v2/oauthtoken", "token_lifetime": 60, "times": 1}
    )
    answer = served.post_token().json()
    usual = served.token()
    assert answer["expires_in"] == 3600

    served.platform.clock.advance(seconds=59)
    headers = served.headers(token=answer["access_token"])
    assert served.get(headers=headers).status_code == 200
    served.platform.clock.advance(seconds=1)

    assert served.get(headers=headers).json()["message"] == "Access Token expired"
    assert served.get(headers=served.headers(token=usual)).status_code == 200


def test_a_token_can_be_dead_from_its_beginning(served: Served) -> None:
    served.platform.clock.freeze()
    arm_fault(
        served.platform, {"operation": "POST /v2/oauthtoken", "token_lifetime": 0, "times": 1}
    )
    headers = served.headers(token=served.post_token().json()["access_token"])

    assert served.get(headers=headers).json()["message"] == "Access Token expired"


@pytest.mark.parametrize("named", ["demo-server", "demo-server-key", "svc-demo"])
def test_an_applications_fault_is_its_own_at_both_endpoints(served: Served, named: str) -> None:
    headers = served.headers()
    arm_fault(served.platform, {"application": named, "status": 503})

    assert served.get(headers=headers).status_code == 503
    assert served.post_token().status_code == 503
    assert served.post_token("demo-limited").status_code != 503


@pytest.mark.long
@pytest.mark.parametrize("named", ["Nightly", "svc-nightly"])
def test_a_later_application_of_the_name_starts_with_nothing(served: Served, named: str) -> None:
    platform = served.platform
    platform.portal.register(registration())
    arm(served, application=named, status=503, required=True)
    script(served, application=named, status=299)
    platform.portal.remove("Nightly")

    platform.portal.register(registration())

    answer = served.get(headers=served.headers("Nightly"), http=served.client("svc-nightly"))
    assert answer.status_code == 200
    assert [each.is_over for each in platform.faults.armed] == [True]
    assert platform.check_result().unmet_faults == [f"GET {TICKETS}: status 503"]
    assert platform.scripts.is_quiet


@pytest.mark.long
def test_a_fault_waits_for_an_application_that_is_registered_after_it(served: Served) -> None:
    arm(served, application="Nightly", status=503)
    served.platform.portal.register(registration())

    answer = served.get(headers=served.headers("Nightly"), http=served.client("svc-nightly"))

    assert answer.status_code == 503


def test_a_reset_disarms(served: Served) -> None:
    arm(served, status=503)
    served.platform.reset()

    assert served.get().status_code == 200


# Scripted answers


def script(served: Served, operation: str = f"GET {TICKETS}", **fields: Any) -> None:
    served.platform.scripts.enqueue(make_answer(operation, **fields))


def test_a_script_answers_the_next_call_alone(served: Served) -> None:
    script(served, status=418, json_body={"short": "stout"}, headers={"X-Pot": "tea"})

    first, second = served.get(), served.get()

    assert (first.status_code, first.json(), first.headers["X-Pot"]) == (
        418,
        {"short": "stout"},
        "tea",
    )
    assert second.status_code == 200
    assert "RequestTrackingId" in first.headers


def test_a_client_the_gateway_refuses_gets_no_script(served: Served) -> None:
    script(served, json_body={})

    wrong = served.get(http=served.client("svc-web"))

    assert wrong.status_code == 403
    assert len(served.platform.scripts.waiting) == 1


def test_the_token_endpoint_can_be_scripted(served: Served) -> None:
    script(served, "POST /v2/oauthtoken", json_body={"access_token": "scripted"})

    assert served.post_token().json() == {"access_token": "scripted"}
    assert served.post_token().json()["token_type"] == "BearerToken"


def test_text_is_sent_as_it_is(served: Served) -> None:
    script(served, text="<html>down</html>", status=502)

    answer: httpx2.Response = served.get()

    assert (answer.status_code, answer.text) == (502, "<html>down</html>")


# How long, and from when on


def test_a_latency_differs_by_its_spread_the_same_under_a_seed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def noted(seconds: float) -> None:
        waited.append(seconds)

    def three_calls() -> list[float]:
        served.platform.reset({"seed": 3})
        headers = served.headers()
        arm(served, latency=2.0, spread=0.5)
        waited.clear()
        for _ in range(3):
            served.get(headers=headers)
        return list(waited)

    # Not asyncio's own: servers of other tests sleep in this process too.
    monkeypatch.setattr("mock_sei.web.faults.asyncio", SimpleNamespace(sleep=noted))
    first = three_calls()

    assert len(set(first)) == 3
    assert all(1.5 <= each <= 2.5 for each in first)
    assert three_calls() == first


def test_faults_of_the_settings_are_armed_by_every_reset(shared_store: CertificateStore) -> None:
    seeded = [{"operation": f"GET {TICKETS}", "status": 503, "times": 1}]
    served = Served(
        Platform(
            fixtures=load_fixtures(), store=shared_store, behaviour=Behaviour(seed=1), faults=seeded
        )
    )

    for _ in range(2):
        assert [served.get().status_code for _ in range(2)] == [503, 200]
        served.platform.reset()


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ({"status": 99}, "settings: faults[0].status: 99: a status, 200 to 599"),
        ({"statu": 503}, "settings: faults[0].statu: no such field; did you mean status?"),
        (
            {"operation": "GET /nowhere", "status": 503},
            "settings: faults[0].operation: there is no",
        ),
    ],
)
def test_a_wrong_fault_of_the_settings_is_told_at_the_start(
    shared_store: CertificateStore, fault: dict[str, Any], line: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Platform(
            fixtures=load_fixtures(), store=shared_store, behaviour=Behaviour(), faults=[fault]
        )

    assert str(caught.value).startswith(line)


def test_a_wrong_fault_names_the_file_that_it_stands_in(shared_store: CertificateStore) -> None:
    with pytest.raises(ConfigurationError, match=r"^mine\.toml: faults\[0\]\.status: "):
        Platform(
            fixtures=load_fixtures(),
            store=shared_store,
            behaviour=Behaviour(),
            faults=[{"status": 99}],
            faults_source="mine.toml",
        )
