"""Mails, certificate links and renewal notices of two servers on one store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import Refusal
from mock_sei.operations.mailbox import ClearMailbox, DownloadMail, ReadMailbox
from mock_sei.platform import Platform
from mock_sei.portal.links import Delivery, Link
from mock_sei.portal.mailbox import Letter, Mail
from mock_sei.portal.notices import RenewalNotices
from mock_sei.rules.stored import Stored
from tests.state.conftest import Servers, do, perform, race

pytestmark = [pytest.mark.usefixtures("one_key"), pytest.mark.long]

LARGE = 2**159 + 1
"""A serial number with as many bits as the CA gives."""


@pytest.fixture
def shared_store(tmp_path: Path) -> CertificateStore:
    """A certs folder of the test: a shared state sends notices for all certificates in it."""
    return CertificateStore(tmp_path / "certs")


def send(platform: Platform, subject: str, to: str = "team@example.com") -> Mail:
    letter = Letter(sender="SEI <noreply@seic.com>", subject=subject, text="Grüße\n")
    at = datetime(2027, 3, 4, 5, 6, 7, 890, tzinfo=UTC)
    return do(platform, lambda: platform.portal.mailbox.send(letter, to=to, at=at))


def mails(platform: Platform, **search: str) -> list[Mail]:
    return perform(platform, ReadMailbox(**search)).mails  # type: ignore[arg-type]


def make_link(platform: Platform, account: str = "svc-demo", number: int = LARGE) -> Link:
    delivery = Delivery(format="pem", passphrase="secret ü", legacy=True)

    def make() -> Link:
        return platform.portal.links.create(
            account=account, serial_number=number, delivery=delivery
        )

    return do(platform, make)


def find_link(platform: Platform, token: str) -> Link | None:
    return do(platform, lambda: platform.portal.links.find(token))


def links_of(platform: Platform, account: str = "svc-demo") -> list[str]:
    return do(platform, lambda: [each.token for each in platform.portal.links.of(account)])


def refusal_of(platform: Platform, token: str) -> str:
    with pytest.raises(Refusal) as caught:
        do(platform, lambda: platform.portal.links.take(token))
    return str(caught.value.why.actual)


# Mails


def test_a_mail_that_one_server_sent_is_in_the_mailbox_of_every_server(servers: Servers) -> None:
    sent = send(servers.one, "first")

    assert mails(servers.other) == mails(servers.start()) == [sent]


def test_mails_of_both_servers_are_numbered_and_listed_in_one_order(servers: Servers) -> None:
    for number in range(6):
        send((servers.one, servers.other)[number % 2], f"mail {number}", to=f"{number % 3}@x.org")

    for each in (servers.one, servers.other, servers.start()):
        assert [(mail.number, mail.subject) for mail in mails(each)] == [
            (number + 1, f"mail {number}") for number in range(6)
        ]
        assert [mail.number for mail in mails(each, to="1@x.org")] == [2, 5]
        page = perform(each, ReadMailbox(after=2, limit=2))
        assert ([mail.number for mail in page.mails], page.count, page.earlier) == ([3, 4], 6, 2)
        assert perform(each, DownloadMail(number=6)).name == "mail-6.eml"


def test_a_mailbox_that_one_server_cleared_is_empty_everywhere_and_counts_on(
    servers: Servers,
) -> None:
    for number in range(3):
        send(servers.one, f"mail {number}")
    mails(servers.other)

    perform(servers.one, ClearMailbox())

    assert mails(servers.other) == mails(servers.other, to="team@example.com") == []
    later = servers.start()
    assert mails(later) == []
    assert send(later, "next").number == 4
    assert [each.number for each in mails(servers.other)] == [4]


def test_a_hundred_mails_sent_at_once_have_a_hundred_numbers(servers: Servers) -> None:
    race(servers, lambda platform, number: send(platform, f"mail {number}"), count=100)

    for each in (servers.one, servers.other):
        assert [mail.number for mail in mails(each)] == list(range(1, 101))


def test_a_reset_empties_the_mailbox_of_every_server(servers: Servers) -> None:
    send(servers.one, "first")
    link = make_link(servers.one)
    servers.other.reset()

    assert mails(servers.one) == []
    assert find_link(servers.one, link.token) is None
    assert send(servers.one, "again").number == 1


# Links


def test_a_mailed_link_is_the_link_that_downloads_on_every_server(servers: Servers) -> None:
    link = do(servers.one, lambda: servers.one.portal.send_link("svc-demo"))

    for each in (servers.one, servers.other, servers.start()):
        (mail,) = mails(each, about="download link")
        assert mail.link is find_link(each, link.token)
        assert mail.link == link

    mailed = mails(servers.other)[-1].link
    do(servers.one, lambda: servers.one.portal.links.take(link.token))

    assert mails(servers.other)[-1].link is mailed
    assert mailed is not None
    assert mailed.used_at == link.used_at is not None


def test_every_field_of_a_link_is_kept(servers: Servers) -> None:
    link = make_link(servers.one)

    assert find_link(servers.other, link.token) == link
    assert find_link(servers.start(), link.token) == link


def test_of_a_hundred_tries_on_both_servers_one_takes_a_link(servers: Servers) -> None:
    link = make_link(servers.one)
    taken: list[int] = []

    def take(platform: Platform, number: int) -> None:
        try:
            do(platform, lambda: platform.portal.links.take(link.token))
        except Refusal:
            return
        taken.append(number)

    race(servers, take, count=100)

    assert len(taken) == 1
    assert refusal_of(servers.start(), link.token).startswith("it was used at ")


def test_a_new_link_of_one_server_ends_the_older_one_of_another(servers: Servers) -> None:
    old, other_certificate = make_link(servers.one), make_link(servers.one, number=2)
    new = make_link(servers.other)

    for each in (servers.one, servers.start()):
        assert refusal_of(each, old.token) == "a newer link took its place"
        assert links_of(each) == [old.token, other_certificate.token, new.token]
    assert make_link(servers.one) != new
    assert refusal_of(servers.other, new.token) == "a newer link took its place"
    do(servers.one, lambda: servers.one.portal.links.take(other_certificate.token))


def test_links_stay_in_the_order_of_their_making_when_an_older_one_changes(
    servers: Servers,
) -> None:
    made = [make_link(servers.one, number=number).token for number in (1, 2, 3)]
    do(servers.one, lambda: servers.one.portal.links.take(made[0]))

    for each in (servers.other, servers.start()):
        assert links_of(each) == made
        newest = do(each, lambda each=each: each.portal.links.newest_of("svc-demo", 2))  # type: ignore[misc]
        assert [link.token for link in newest] == [made[2], made[1]]


def test_the_links_of_a_deleted_account_are_dead_on_every_server(servers: Servers) -> None:
    gone = [make_link(servers.one, number=number) for number in (1, 1, 2)]
    links_of(servers.other)
    do(servers.one, lambda: servers.one.portal.links.drop_account("svc-demo"))
    successor = make_link(servers.one, number=1)

    for each in (servers.other, servers.start()):
        assert links_of(each) == [successor.token]
        for link in (gone[1], gone[2]):
            assert refusal_of(each, link.token) == "its application was deleted"
    do(servers.other, lambda: servers.other.portal.links.take(successor.token))


def test_a_refused_link_changes_nothing_in_the_store(servers: Servers) -> None:
    link = make_link(servers.one)
    do(servers.one, lambda: servers.one.portal.links.take(link.token))
    before = find_link(servers.other, link.token)
    used_at = before.used_at if before else None

    refusal_of(servers.other, link.token)

    found = find_link(servers.start(), link.token)
    assert found is not None
    assert found.used_at == used_at


# Notices

TEN_DAYS, MONTH = timedelta(days=10), timedelta(days=30)
"""How long before the end of a certificate."""
SENT = [f"Certificate of svc-demo ends in {days} days" for days in (90, 30, 7)]


def approach(platform: Platform, ahead: timedelta) -> None:
    """Sets the clock to a time before the end of an account's certificate, which is known then."""
    certificate = do(platform, lambda: platform.certificates.provide("svc-demo"))
    do(platform, lambda: platform.clock.set(certificate.not_after - ahead))


def notices(platform: Platform) -> list[str]:
    return [each.subject for each in mails(platform, about="ends at")]


def test_a_renewal_notice_is_sent_once_by_all_servers_together(servers: Servers) -> None:
    for each in (servers.one, servers.other):
        approach(each, MONTH)

    assert notices(servers.one) == notices(servers.other) == notices(servers.one) == SENT[:2]


def test_servers_that_look_at_the_same_time_send_each_notice_once(servers: Servers) -> None:
    for each in (servers.one, servers.other):
        approach(each, MONTH)

    race(servers, lambda platform, _: notices(platform), count=20)

    assert notices(servers.one) == notices(servers.other) == SENT[:2]


def test_a_new_server_sends_only_the_notices_that_were_not_sent(servers: Servers) -> None:
    approach(servers.one, MONTH)
    assert notices(servers.one) == SENT[:2]

    later = servers.start()
    approach(later, timedelta(days=7))

    assert notices(later) == notices(servers.one) == SENT


def test_a_notice_is_not_lost_when_its_work_runs_again(servers: Servers) -> None:
    approach(servers.one, MONTH)
    tries: list[int] = []

    def look() -> list[str]:
        tries.append(1)
        if len(tries) == 1:
            send(servers.other, "meanwhile")
        return [each.subject for each in servers.one.portal.mailbox.find(about="ends at")]

    assert do(servers.one, look) == SENT[:2]
    assert len(tries) == 2


class Ending(NamedTuple):
    """A certificate that ends."""

    account: str = "svc-one"
    serial_number: int = LARGE
    not_after: datetime = datetime(2027, 6, 1, tzinfo=UTC)


def test_what_was_sent_about_a_deleted_account_is_forgotten_by_every_server() -> None:
    here, there = Stored(), Stored()
    noted: list[tuple[str, str]] = []
    here.note = lambda name, key: noted.append((name, key))
    one, other = (RenewalNotices([30, 7], stored=each) for each in (here, there))

    def take(notices: RenewalNotices) -> list[int]:
        for name, key in noted:
            there.apply(name, key, here.written(name, key)[0])
        notices.watch("svc-one", Ending())
        return [each.days for each in notices.take_due(Ending().not_after)]

    assert take(one) == [30, 7]
    assert take(other) == []

    one.forget("svc-one")

    assert take(other) == [30, 7]
