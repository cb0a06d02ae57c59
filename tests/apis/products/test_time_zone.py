"""The setting ``time_zone``: the zone of records' times that have no offset."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from tests.apis.products.calls import Api
from tests.cases import every_case
from tests.support import Served

SUMMER = datetime(2026, 7, 15, 3, 30, tzinfo=UTC)
WINTER = datetime(2026, 1, 15, 3, 30, tzinfo=UTC)
MONTH_S_END = datetime(2026, 8, 1, 4, 30, tzinfo=UTC)
"""This moment is in August in New York, and in July in EST."""
TICKETS = "/v1/order/tradetickets"
WIRES = "/v1/investors/INV-0001/wireInstructions"
ZONES = ("America/New_York", "EST")


def api_of(store: CertificateStore, zone: str, now: datetime) -> Api:
    platform = Platform(
        fixtures=load_fixtures(), store=store, behaviour=Behaviour(seed=1), time_zone=zone
    )
    platform.clock.set(now, frozen=True)
    return Api(Served(platform))


@pytest.mark.long
@every_case(
    ("zone", "now", "text"),
    [
        ("America/New_York", SUMMER, "2026-07-14T23:30:00.000"),
        ("EST", SUMMER, "2026-07-14T22:30:00.000"),
        ("America/New_York", WINTER, "2026-01-14T22:30:00.000"),
        ("EST", WINTER, "2026-01-14T22:30:00.000"),
    ],
)
def test_a_record_is_made_at_the_time_of_the_zone(
    shared_store: CertificateStore, zone: str, now: datetime, text: str
) -> None:
    api = api_of(shared_store, zone, now)
    made = api.call("POST", TICKETS, json={}).json()
    assert made["createDate"] == text
    api.served.platform.reset()
    api.served.platform.clock.set(now, frozen=True)
    made = Api(api.served).call("POST", TICKETS, json={}).json()
    assert made["createDate"] == text  # a reset does not change the zone


@pytest.mark.parametrize(("zone", "hour"), [("America/New_York", "11"), ("EST", "10")])
def test_a_time_with_an_offset_is_read_into_the_zone(
    shared_store: CertificateStore, zone: str, hour: str
) -> None:
    api = api_of(shared_store, zone, SUMMER)
    record = {"id": 1, "externalId": "AC-1", "createDate": f"2025-07-28T{hour}:48:25.000"}
    api.served.platform.data.replace("accounts", [record])
    for sent, found in (
        ("createStartDate=2025-07-28T15:48:25Z", True),
        ("createStartDate=2025-07-28T15:48:26Z", False),
        ("createEndDate=2025-07-28T17:48:25%2B02:00", True),
        ("createEndDate=2025-07-28T15:48:24Z", False),
        (f"createStartDate=2025-07-28T{hour}:48:25", True),
    ):
        assert bool(api.read(f"/v1/accounts?{sent}")["data"]) is found, sent


@pytest.mark.parametrize(("zone", "month"), [("America/New_York", "2026-08"), ("EST", "2026-07")])
def test_this_month_is_the_month_of_the_zone(
    shared_store: CertificateStore, zone: str, month: str
) -> None:
    api = api_of(shared_store, zone, MONTH_S_END)
    wires = [
        {
            "externalId": each,
            "investorExternalId": "INV-0001",
            "type": "SWIFT_BIC",
            "active": True,
            "createDate": f"{each}T00:00:00.000",
        }
        for each in ("2026-07-02", "2026-08-01")
    ]
    api.served.platform.data.replace("wire-instructions", wires)
    (found,) = api.read(f"{WIRES}?createdSince=thisMonth")["data"]
    assert found["createDate"].startswith(month)


def test_platforms_of_two_zones_in_one_process_keep_them_apart(
    shared_store: CertificateStore,
) -> None:
    """The platforms share the seed's records and their orders."""
    summers = [api_of(shared_store, zone, SUMMER) for zone in ZONES]
    made = [each.call("POST", TICKETS, json={}).json()["createDate"] for each in summers]
    assert made == ["2026-07-14T23:30:00.000", "2026-07-14T22:30:00.000"]
