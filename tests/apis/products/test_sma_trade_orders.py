"""SMA trade orders: sending instructions and reading them back. test_trade_tickets tests the
lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.products.calls import Api
from tests.support import TICKETS

INSTRUCTION = {
    "batchId": "900",
    "batchSize": 2,
    "tradeTicketId": 2001,
    "masterOrderId": 70900,
    "orderId": 1,
    "side": "BUY",
    "ticker": "ZTCTN",
    "quantity": 300,
    "rebalancePrice": 48.75,
}


def test_an_instruction_is_taken_and_read_back(api: Api) -> None:
    api.stop_clock(2026, 3, 2, 15, 46)

    answer = api.call("POST", TICKETS, json=INSTRUCTION)

    now = "2026-03-02T10:46:00.000"
    taken = {**INSTRUCTION, "status": "Original", "createDate": now, "changeDate": now}
    assert (answer.status_code, answer.json()) == (201, taken)
    del taken["batchSize"]
    assert api.read(f"{TICKETS}?id=2001")["data"] == [taken]


def test_instructions_of_one_batch_come_one_by_one(api: Api) -> None:
    for number in (2001, 2002):
        body = {**INSTRUCTION, "tradeTicketId": number}
        assert api.call("POST", TICKETS, json=body).status_code == 201

    assert api.faults(TICKETS, "POST", json=[INSTRUCTION]) == [("", "body")]
    assert len(api.every(TICKETS)) == 127


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"tradeTicketId": 1001}, ["tradeTicketId"]),
        ({"tradeTicketId": "2001", "quantity": "many"}, ["quantity", "tradeTicketId"]),
        ({"batchId": 900}, ["batchId"]),
        ({"batchSize": "two"}, ["batchSize"]),
    ],
)
def test_a_wrong_instruction_is_named(
    reading: Api, changes: dict[str, Any], fields: list[str]
) -> None:
    body = {**INSTRUCTION, **changes}

    assert reading.faults(TICKETS, "POST", json=body) == [(each, "body") for each in fields]


def test_an_instruction_without_a_ticket_gets_the_next_number(api: Api) -> None:
    last = max(each["tradeTicketId"] for each in api.every(TICKETS))

    made = api.call("POST", TICKETS, json={}).json()

    assert made["tradeTicketId"] == last + 1
    assert api.read(f"{TICKETS}?id={last + 1}")["data"] == [made]
