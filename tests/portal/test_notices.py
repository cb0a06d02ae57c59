"""Which renewal notices are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from mock_sei.portal.notices import RenewalNotices

END = datetime(2027, 6, 1, tzinfo=UTC)
DAYS = (90, 30, 7)


@dataclass(frozen=True)
class Ending:
    account: str = "svc-one"
    serial_number: int = 1
    not_after: datetime = END


ONE = Ending()


def before(days: float) -> datetime:
    return END - timedelta(days=days)


@pytest.mark.parametrize("days", DAYS)
def test_a_notice_is_due_to_the_second_and_only_once(days: int) -> None:
    notices = RenewalNotices([days])

    assert notices.take_due([ONE], before(days) - timedelta(seconds=1)) == []
    (notice,) = notices.take_due([ONE], before(days))

    assert (notice.account, notice.end, notice.days) == ("svc-one", END, days)
    assert notice.due_at == before(days)
    assert notices.take_due([ONE], before(days)) == []
    assert notices.take_due([ONE], END) == []


def test_a_clock_that_jumps_over_several_finds_each_at_its_own_time() -> None:
    notices = RenewalNotices((7, 90, 30, 7))

    due = notices.take_due([ONE], END + timedelta(days=400))

    assert [(each.days, each.due_at) for each in due] == [(days, before(days)) for days in DAYS]


def test_notices_of_several_certificates_come_in_the_order_of_their_time() -> None:
    later = Ending(account="svc-two", serial_number=2, not_after=END + timedelta(days=29))

    due = RenewalNotices(DAYS).take_due([later, ONE], END)

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
    assert len(notices.take_due([ONE], END)) == 1
    assert len(notices.take_due([Ending(serial_number=2)], END)) == 1
    assert len(notices.take_due([Ending(account="svc-two")], END)) == 1


def test_without_days_there_are_no_notices() -> None:
    assert RenewalNotices([]).take_due([ONE], END) == []


def test_a_clock_that_goes_back_and_forth_sends_nothing_twice() -> None:
    notices = RenewalNotices(DAYS)
    told = []
    for days in (91, 90, 400, 90, 30, 91, 8, 7, 0, 90, -5):
        told += [each.days for each in notices.take_due([ONE], before(days))]

    assert told == [90, 30, 7]


def test_another_certificate_of_the_account_has_notices_of_its_own() -> None:
    notices, renewed = RenewalNotices(DAYS), Ending(serial_number=2)

    assert len(notices.take_due([ONE], END)) == 3
    assert len(notices.take_due([renewed], END)) == 3
    assert notices.take_due([ONE], END) == []
    assert notices.take_due([Ending()], END) == []


def test_what_was_sent_about_an_account_that_is_gone_is_forgotten() -> None:
    notices = RenewalNotices(DAYS)
    assert len(notices.take_due([ONE], END)) == 3

    notices.forget("svc-one")
    notices.forget("svc-nobody")

    assert len(notices.take_due([ONE], END)) == 3


@pytest.mark.parametrize("days", DAYS)
def test_what_ends_later_than_the_first_end_has_no_notice_due(days: int) -> None:
    notices = RenewalNotices([days])
    first = notices.first_end(before(days))
    assert first is not None
    assert first > END
    earlier = notices.first_end(before(days) - timedelta(seconds=1))
    assert earlier is not None
    assert earlier < END


def test_at_the_end_of_time_everything_ends() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert RenewalNotices(DAYS).first_end(last) == last
    assert RenewalNotices([]).first_end(END) is None
