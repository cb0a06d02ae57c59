"""The order in which the accounts' certificates end, and what the platform tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from mock_sei.certificates.profiles import Variant
from mock_sei.platform import Platform
from mock_sei.portal.ends import CertificateEnds
from tests.growth import Action, assert_flat

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    account: str
    not_after: datetime
    serial_number: int = 1
    not_before: datetime = NOW - timedelta(days=700)


def certificate(account: str, days: int) -> Certificate:
    return Certificate(account=account, not_after=NOW + timedelta(days=days))


def ends(*certificates: Certificate) -> CertificateEnds:
    known = CertificateEnds()
    for each in certificates:
        known.watch(each.account, each)
    return known


def test_the_next_ends_come_first_and_what_ended_is_counted() -> None:
    known = ends(*(certificate(f"svc-{days}", days) for days in (40, -3, 7, -30, 90, -1)))

    found = known.around(NOW, before=2, after=2)

    assert [each.account for each in found.just_ended] == ["svc--3", "svc--1"]
    assert [each.account for each in found.next] == ["svc-7", "svc-40"]
    assert (found.count, found.ended) == (6, 3)


def test_a_certificate_takes_the_place_of_the_one_before() -> None:
    known = ends(certificate("svc-a", 5), certificate("svc-b", 6), certificate("svc-a", 700))

    assert [each.account for each in known.around(NOW, before=0, after=9).next] == [
        "svc-b",
        "svc-a",
    ]


def test_an_account_without_a_certificate_has_no_place() -> None:
    known = ends(certificate("svc-a", 5), certificate("svc-b", 5))
    known.watch("svc-a", None)
    known.watch("svc-nobody", None)

    found = known.around(NOW, before=9, after=9)
    assert ([each.account for each in found.next], found.count) == (["svc-b"], 1)


def test_to_look_and_to_change_is_flat() -> None:
    def changing(size: int) -> Action:
        known = ends(*(certificate(f"svc-{each}", each) for each in range(size)))

        def change() -> None:
            known.watch("svc-5", certificate("svc-5", size + 1))
            known.watch("svc-5", certificate("svc-5", 5))
            known.around(NOW, before=3, after=12)

        return change

    assert_flat(changing)


def accounts(platform: Platform) -> list[str]:
    now = platform.clock.now()
    found = platform.portal.certificates_around(now, before=0, after=9)
    return [each.account for each in found.next]


@pytest.mark.usefixtures("one_key")
def test_the_platform_knows_each_certificate_that_is_current(
    platform: Platform,
) -> None:
    assert accounts(platform) == []
    platform.certificates.identity("svc-demo")
    platform.clock.advance(days=1)
    platform.certificates.identity("svc-web")
    later = platform.certificates.issue("svc-web")
    platform.certificates.issue("svc-web", Variant.EXPIRED)
    assert accounts(platform) == ["svc-demo", "svc-web"]

    platform.certificates.revoke("svc-web", later.serial_number)
    platform.portal.remove("demo-server")

    assert accounts(platform) == ["svc-web"]
    platform.reset()
    assert "svc-demo" in accounts(platform)
