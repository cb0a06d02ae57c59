"""Faults that only some requests of an operation meet, by what the client sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from mock_sei.journal.entries import BODY_KEPT
from mock_sei.matching.parts import BODY_COMPARED
from mock_sei.web.exchange import OWN_BODY
from tests.cases import every_case
from tests.operations import arm_fault
from tests.support import TOKEN_PATH, Served

TRANSFERS = "/v1/transfers"


def post(served: Served, content: Any, **options: Any) -> int:
    headers = served.headers() | {"Content-Type": "application/json"} | options
    return served.client().post(TRANSFERS, content=content, headers=headers).status_code


def pieces(content: bytes, size: int = 64 * 1024) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def test_a_fault_on_the_second_page_lets_the_first_one_pass(served: Served) -> None:
    second = served.get("/v2/investors", params={"limit": 1}).json()["paging"]["next"]
    cursor = httpx2.URL(second).params["cursor"]
    arm_fault(
        served.platform,
        {"operation": "GET /v2/investors", "query": {"cursor": cursor}, "status": 503},
    )
    assert served.get("/v2/investors", params={"limit": 1}).status_code == 200
    assert served.get(second).status_code == 503


@pytest.mark.long
@every_case(
    ("wanted", "hit", "missed"),
    [
        ({"json": {"amount": 5}}, b'{"amount": 5, "b": 1}', b'{"amount": 6}'),
        ({"body": '{"amount": 5}'}, b'{"amount": 5}', b'{"amount":5}'),
        ({"body": {"matches": "amount.*5"}}, b'{"amount": 5}', b'{"b": 5}'),
        ({"json": {"amount": 5}}, b'{"amount": 5}', b'{"amount": 5'),
    ],
)
def test_a_fault_is_for_some_bodies(
    served: Served, wanted: dict[str, Any], hit: bytes, missed: bytes
) -> None:
    arm_fault(served.platform, {"operation": f"POST {TRANSFERS}", "status": 503, **wanted})
    assert post(served, hit) == 503
    assert post(served, pieces(hit, 3)) == 503
    assert post(served, missed) != 503
    served.platform.faults.clear()


def test_a_fault_is_for_one_grant_by_the_form(served: Served) -> None:
    arm_fault(
        served.platform,
        {
            "operation": f"POST {TOKEN_PATH}",
            "body": {"matches": "grant_type=refresh_token"},
            "status": 503,
        },
    )
    assert served.post_token().status_code == 200
    assert served.post_token(grant_type="refresh_token").status_code == 503


def test_a_fault_is_for_some_headers(served: Served) -> None:
    arm_fault(served.platform, {"headers": {"X-Tenant": {"matches": "^a"}}, "status": 503})
    headers = served.headers()
    assert served.get(headers=headers | {"x-tenant": "abc"}).status_code == 503
    assert served.get(headers=headers | {"x-tenant": "bc"}).status_code == 200
    assert served.get(headers=headers).status_code == 200


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in pieces"])
def test_a_body_that_is_read_ahead_reaches_the_operation_whole(
    served: Served, announced: bool
) -> None:
    """A body that is too large to be compared meets no such fault, and is no error by that."""
    content = b'{"note": "%s"}' % (b"x" * (BODY_COMPARED + 100_000))
    assert len(content) > OWN_BODY.size
    before = post(served, content if announced else pieces(content))
    arm_fault(
        served.platform, {"operation": f"POST {TRANSFERS}", "body": {"matches": "x"}, "status": 503}
    )
    assert post(served, content if announced else pieces(content)) == before
    entry = served.platform.journal.last
    assert entry.request is not None
    assert entry.request.body_size == len(content)
    assert any("do not fit this call" in note for note in entry.notes)
    assert len(entry.request.raw_body) == BODY_KEPT


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in pieces"])
def test_a_form_that_is_too_large_is_refused_though_it_was_read_ahead(
    served: Served, announced: bool
) -> None:
    content = b"a=" + b"x" * OWN_BODY.size
    arm_fault(served.platform, {"body": "never", "status": 503})
    answer = served.client().post(
        TOKEN_PATH,
        content=content if announced else pieces(content),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413
    assert served.platform.journal.last.refused_by == "body size"


def test_the_journal_keeps_no_file_that_was_read_ahead(served: Served) -> None:
    arm_fault(served.platform, {"body": "never", "status": 503})
    answer = served.client().post(
        "/v1/contentmanagement/folders/uploadfiles",
        files={"file": ("a.txt", b"content of a file")},
        headers=served.headers(),
    )
    assert answer.status_code != 503
    entry = served.platform.journal.last
    assert entry.request is not None
    assert entry.request.raw_body == b""
    assert entry.request.body_size > 0


@every_case(
    ("fields", "name"),
    [
        ({"query": "cursor=a"}, "query"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"json": {"a": {"matches": "("}}}, "json"),
        ({"body": 7}, "body"),
        ({"tls": "close", "query": {"a": "b"}}, "tls"),
    ],
)
def test_a_fault_that_no_call_can_meet_is_refused(
    served: Served, fields: dict[str, Any], name: str
) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        arm_fault(served.platform, {"status": 503, **fields} if name != "tls" else fields)
    assert served.platform.faults.armed == []
