"""The setting ``time_zone`` from the argument to the record that a client makes."""

from __future__ import annotations

from datetime import UTC, datetime

from mock_sei import MockSei


def test_the_setting_reaches_the_records() -> None:
    with MockSei(time_zone="EST") as server:
        server.clock.set(datetime(2027, 7, 15, 3, 30, tzinfo=UTC), frozen=True)
        account = server.service_account("svc-demo")
        headers = {"AppKey": account.app_key, "Authorization": f"Bearer {server.token(account)}"}
        with server.client(account) as http:
            answer = http.post("/v1/order/tradetickets", json={}, headers=headers)
        assert answer.json()["createDate"] == "2027-07-14T22:30:00.000"
