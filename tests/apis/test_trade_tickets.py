"""SMA trade tickets, the model for all other products: filters, paging, wrong values."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mock_sei.rules.standards import Listener
from tests.support import TICKETS, Served


def walk(served: Served, query: str, direction: str = "next") -> list[list[dict[str, Any]]]:
    """The pages of a query, read by following the links."""
    http, headers = served.client(), served.headers()
    pages, url = [], f"{TICKETS}?{query}"
    while url:
        body = served.get(url, http=http, headers=headers).json()
        pages.append(body["data"])
        url = body["paging"][direction]
    return pages


def numbers(tickets: list[dict[str, Any]]) -> list[int]:
    return [ticket["tradeTicketId"] for ticket in tickets]


def test_the_first_page_holds_fifty_records(served: Served) -> None:
    body = served.get().json()

    assert len(body["data"]) == 50
    assert body["paging"].keys() == {"totalCount", "limit", "previous", "next"}
    assert body["paging"]["totalCount"] == 125
    assert body["paging"]["previous"] is None


def test_a_ticket_has_the_documented_members(served: Served) -> None:
    ticket = served.get(f"{TICKETS}?limit=1").json()["data"][0]

    assert list(ticket) == [
        "batchId",
        "tradeTicketId",
        "masterOrderId",
        "orderId",
        "omnibus",
        "side",
        "ticker",
        "cusip",
        "quantity",
        "orderGenerationPrice",
        "rebalancePrice",
        "status",
        "createDate",
        "changeDate",
    ]


@pytest.mark.long
@pytest.mark.parametrize("limit", [1, 7, 50])
def test_walking_the_pages_gives_every_record_once(served: Served, limit: int) -> None:
    pages = walk(served, f"limit={limit}")

    assert all(len(each) == limit for each in pages[:-1])
    assert numbers([ticket for each in pages for ticket in each]) == list(range(1001, 1126))


def test_walking_back_gives_the_same_records(served: Served) -> None:
    last = base64.b64encode(b"1121").decode()

    pages = walk(served, f"limit=10&cursor={last}", direction="previous")

    assert numbers([ticket for each in reversed(pages) for ticket in each]) == [*range(1001, 1126)]


def test_a_limit_over_fifty_behaves_as_fifty(served: Served) -> None:
    body = served.get(f"{TICKETS}?limit=500").json()

    assert len(body["data"]) == body["paging"]["limit"] == 50


def test_the_links_repeat_the_filters_on_the_called_host(served: Served) -> None:
    """A container's port may be mapped to another one, which the client called."""
    headers = served.headers() | {"Host": "mtls.api.seic.com:49213"}

    link = served.get(f"{TICKETS}?status=Original&limit=3", headers=headers).json()["paging"][
        "next"
    ]

    parts = urlsplit(link)
    assert (parts.scheme, parts.hostname, parts.path) == ("https", "mtls.api.seic.com", TICKETS)
    assert parse_qs(parts.query).keys() == {"status", "limit", "cursor"}
    assert parts.port == 49213


@pytest.mark.parametrize("status", ["Original", "Refresh"])
def test_the_status_filter_selects(served: Served, status: str) -> None:
    tickets = [ticket for each in walk(served, f"status={status}") for ticket in each]

    assert 0 < len(tickets) < 125
    assert {ticket["status"] for ticket in tickets} == {status}


def test_filters_are_combined(served: Served) -> None:
    one = served.get(f"{TICKETS}?id=1001").json()["data"][0]
    other = "Original" if one["status"] == "Refresh" else "Refresh"

    assert served.get(f"{TICKETS}?id=1001&status={one['status']}").json()["data"] == [one]
    assert served.get(f"{TICKETS}?id=1001&status={other}").json() == {
        "data": [],
        "paging": {"totalCount": 0, "limit": 50, "previous": None, "next": None},
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("id=abc", "id"),
        ("id=1.5", "id"),
        ("id=" + "9" * 30, "id"),
        ("id=1&id=2", "id"),
        ("status=original", "status"),
        ("limit=x", "limit"),
        ("limit=2147483648", "limit"),
        ("cursor=%21", "cursor"),
        ("cursor=YWJj", "cursor"),
        ("cursor=%C3%A9", "cursor"),
    ],
)
def test_a_wrong_value_is_named(served: Served, query: str, field: str) -> None:
    answer = served.get(f"{TICKETS}?{query}")

    body = answer.json()
    assert answer.status_code == 400
    assert [(fault["field"], fault["location"]) for fault in body["errors"]] == [(field, "query")]
    assert body["errors"][0]["reason"]
    assert field in (served.platform.journal.last.refused_because or "")


def test_every_wrong_value_has_an_entry(served: Served) -> None:
    body = served.get(f"{TICKETS}?id=x&status=y").json()

    assert {fault["field"] for fault in body["errors"]} == {"id", "status"}


def test_an_unknown_parameter_is_ignored_and_noted(served: Served) -> None:
    assert served.get(f"{TICKETS}?colour=red").status_code == 200
    assert "no parameter colour" in served.platform.journal.last.notes[0]


def test_a_cursor_of_a_record_that_is_gone_goes_on_behind_it(served: Served) -> None:
    cursor = base64.b64encode(b"999").decode()

    assert numbers(served.get(f"{TICKETS}?limit=1&cursor={cursor}").json()["data"]) == [1001]


def test_an_unknown_path_names_the_nearest(served: Served) -> None:
    answer = served.get("/v1/order/tradeticket")

    assert answer.status_code == 404
    assert answer.json()["code"] == "resource.not.found"
    assert f"GET {TICKETS}" in (served.platform.journal.last.refused_because or "")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "TRACE", "FOO"])
def test_another_method_is_refused_with_the_right_one(served: Served, method: str) -> None:
    answer = served.client().request(method, TICKETS, headers=served.headers())

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
def test_every_answer_has_a_tracking_id(served: Served, listener: Listener) -> None:
    own = "0b0e6a5c-6a1e-4a32-9a53-0f8c5f0d9d11"
    http = served.client(None, listener=listener)

    kept = http.get(TICKETS, headers={"RequestTrackingId": own})
    made = http.get(TICKETS)
    replaced = http.get(TICKETS, headers={"RequestTrackingId": "not a GUID"})

    assert kept.headers["RequestTrackingId"] == kept.json()["trackingId"] == own
    assert made.headers["RequestTrackingId"] == made.json()["trackingId"]
    assert len(replaced.headers["RequestTrackingId"]) == 36
