"""Which renewal notices are due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from mock_sei.portal.notices import Notice, RenewalNotices

END = datetime(2027, 6, 1, tzinfo=UTC)
DAYS = (90, 30, 7)


@dataclass(frozen=True)
class Ending:
    account: str = "svc-one"
    serial_number: int = 1
    not_after: datetime = END


ONE = Ending()


def take(notices: RenewalNotices, current: Sequence[Ending], now: datetime) -> list[Notice]:
    for each in current:
        notices.watch(each.account, each)
    return notices.take_due(now)


def before(days: float) -> datetime:
    return END - timedelta(days=days)


@pytest.mark.parametrize("days", DAYS)
def test_a_notice_is_due_to_the_second_and_only_once(days: int) -> None:
    notices = RenewalNotices([days])

    assert take(notices, [ONE], before(days) - timedelta(seconds=1)) == []
    (notice,) = take(notices, [ONE], before(days))

    assert (notice.account, notice.end, notice.days) == ("svc-one", END, days)
    assert notice.due_at == before(days)
    assert take(notices, [ONE], before(days)) == []
    assert take(notices, [ONE], END) == []


def test_a_clock_that_jumps_over_several_finds_each_at_its_own_time() -> None:
    notices = RenewalNotices((7, 90, 30, 7))

    due = take(notices, [ONE], END + timedelta(days=400))

    assert [(each.days, each.due_at) for each in due] == [(days, before(days)) for days in DAYS]


def test_notices_of_several_certificates_come_in_the_order_of_their_time() -> None:
    later = Ending(account="svc-two", serial_number=2, not_after=END + timedelta(days=29))

    due = take(RenewalNotices(DAYS), [later, ONE], END)

    assert [(each.account, each.days) for each in due] == [
        ("svc-one", 90),
        ("svc-two", 90),
        ("svc-one", 30),
        ("svc-one", 7),
        ("svc-two", 30),
    ]
    assert [each.due_at for each in due] == sorted(each.due_at for each in due)


def test_a_further_certificate_has_notices_of_its_own() -> None:
    notices = RenewalNotices([30])
    assert len(take(notices, [ONE], END)) == 1
    assert len(take(notices, [Ending(serial_number=2)], END)) == 1
    assert len(take(notices, [Ending(account="svc-two")], END)) == 1


def test_without_days_there_are_no_notices() -> None:
    assert take(RenewalNotices([]), [ONE], END) == []


def test_a_clock_that_goes_back_and_forth_sends_nothing_twice() -> None:
    notices = RenewalNotices(DAYS)
    told = []
    for days in (91, 90, 400, 90, 30, 91, 8, 7, 0, 90, -5):
        told += [each.days for each in take(notices, [ONE], before(days))]

    assert told == [90, 30, 7]


def test_another_certificate_of_the_account_has_notices_of_its_own() -> None:
    notices, renewed = RenewalNotices(DAYS), Ending(serial_number=2)

    assert len(take(notices, [ONE], END)) == 3
    assert len(take(notices, [renewed], END)) == 3
    assert take(notices, [ONE], END) == []
    assert take(notices, [Ending()], END) == []


def test_what_was_sent_about_an_account_that_is_gone_is_forgotten() -> None:
    notices = RenewalNotices(DAYS)
    assert len(take(notices, [ONE], END)) == 3

    notices.forget("svc-one")
    notices.forget("svc-nobody")

    assert len(take(notices, [ONE], END)) == 3


def test_what_was_replaced_or_revoked_has_no_notice() -> None:
    notices, renewed = RenewalNotices(DAYS), Ending(serial_number=2, not_after=END + HALF_A_YEAR)
    notices.watch("svc-one", ONE)
    notices.watch("svc-one", renewed)
    assert notices.take_due(END) == []

    notices.watch("svc-one", None)
    assert notices.take_due(END + HALF_A_YEAR) == []


def test_one_that_is_current_again_has_its_notices_once() -> None:
    notices = RenewalNotices(DAYS)
    for _ in range(3):
        notices.watch("svc-one", ONE)
        notices.watch("svc-one", Ending(serial_number=2, not_after=END + HALF_A_YEAR))
    notices.watch("svc-one", ONE)

    assert [each.days for each in notices.take_due(END)] == list(DAYS)


@pytest.mark.long
def test_many_renewals_of_one_account_leave_nothing_behind() -> None:
    def renewed(times: int) -> int:
        notices = RenewalNotices(DAYS)
        for number in range(times):
            notices.watch("svc-one", Ending(serial_number=number))
        return notices.waiting

    assert renewed(10_000) <= renewed(1000) + 100


HALF_A_YEAR = timedelta(days=180)
