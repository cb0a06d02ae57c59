"""One-time links: one download attempt, for a limited time, even with many calls at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from mock_sei.errors import Refusal, Rejected
from mock_sei.portal.links import CertificateLinks, Delivery, Link
from mock_sei.rules.clock import PlatformClock
from tests.cases import every_case

LIFETIME = timedelta(days=7)


@pytest.fixture
def clock() -> PlatformClock:
    clock = PlatformClock()
    clock.freeze()
    return clock


@pytest.fixture
def links(clock: PlatformClock) -> CertificateLinks:
    return CertificateLinks(clock=clock, random=Random(1), lifetime=LIFETIME)  # noqa: S311


def create(links: CertificateLinks, account: str = "svc-one", serial_number: int = 1) -> Link:
    return links.create(account=account, serial_number=serial_number, delivery=Delivery())


def refused(links: CertificateLinks, link: Link) -> str:
    """The reason why a link does not work, both for :meth:`require` and :meth:`take`."""
    with pytest.raises(Refusal) as looked:
        links.require(link.token)
    with pytest.raises(Refusal) as taken:
        links.take(link.token)
    assert looked.value.kind.status == taken.value.kind.status == 410
    assert looked.value.why == taken.value.why
    assert "Ask for a new one" in taken.value.why.because
    assert link.token not in str(taken.value.why)
    return str(taken.value.why.actual)


def test_a_link_is_good_for_once(links: CertificateLinks) -> None:
    link = create(links)

    assert links.take(link.token) is link
    assert refused(links, link).startswith("it was used at ")


def test_looking_is_no_attempt(links: CertificateLinks) -> None:
    link = create(links)

    for _ in range(3):
        assert links.require(link.token) is link
    assert links.find(link.token) is link
    assert links.take(link.token) is link


@pytest.mark.long
def test_of_a_hundred_at_once_exactly_one_wins(links: CertificateLinks) -> None:
    link = create(links)
    together = threading.Barrier(100)

    def take(_: int) -> bool:
        together.wait()
        try:
            links.take(link.token)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(100) as threads:
        assert sum(threads.map(take, range(100))) == 1


def test_a_link_ends_by_the_clock(links: CertificateLinks, clock: PlatformClock) -> None:
    link = create(links)

    clock.advance(LIFETIME - timedelta(seconds=1))
    assert links.require(link.token) is link
    clock.advance(seconds=1)

    assert refused(links, link).startswith("it ended at ")


def test_a_used_link_stays_used_when_its_time_is_over(
    links: CertificateLinks, clock: PlatformClock
) -> None:
    link = create(links)
    links.take(link.token)
    clock.advance(LIFETIME)
    create(links)
    assert refused(links, link).startswith("it was used at ")


def test_a_new_link_ends_the_older_of_its_certificate_alone(links: CertificateLinks) -> None:
    old, other_certificate = create(links), create(links, serial_number=2)
    other_account = create(links, account="svc-two")
    new = create(links)

    assert refused(links, old) == "a newer link took its place"
    for live in (new, other_certificate, other_account):
        assert links.take(live.token) is live


def test_a_link_of_a_deleted_application_is_dead_and_nobody_elses(
    links: CertificateLinks,
) -> None:
    gone, kept = create(links), create(links, account="svc-two")

    links.drop_account("svc-one")
    successor = create(links)

    assert refused(links, gone) == "its application was deleted"
    assert links.of("svc-one") == [successor]
    assert links.take(successor.token) is successor
    assert links.take(kept.token) is kept


@pytest.mark.parametrize("token", ["", "x", "../../etc/passwd"])
def test_a_link_that_was_never_made_is_not_found(links: CertificateLinks, token: str) -> None:
    create(links)
    for attempt in (links.require, links.take):
        with pytest.raises(Refusal, match="No such certificate link was made") as caught:
            attempt(token)
        assert caught.value.kind.status == 404
    assert links.find(token) is None


def test_the_links_of_an_account_are_listed_oldest_first(links: CertificateLinks) -> None:
    first, second = create(links), create(links, serial_number=2)
    create(links, account="svc-two")
    assert links.of("svc-one") == [first, second]


def test_a_link_says_its_state(links: CertificateLinks, clock: PlatformClock) -> None:
    link = create(links)
    assert link.state(clock.now()) == f"live until {link.expires_at:%Y-%m-%d %H:%M} UTC"
    links.take(link.token)
    assert link.state(clock.now()).startswith("dead: it was used at ")


def test_links_cannot_be_guessed_and_repeat_under_a_seed(clock: PlatformClock) -> None:
    def tokens(seed: int) -> list[str]:
        links = CertificateLinks(clock=clock, random=Random(seed), lifetime=LIFETIME)  # noqa: S311
        return [create(links).token for _ in range(50)]

    first = tokens(1)
    assert first == tokens(1)
    assert len({*first, *tokens(2)}) == 100
    assert min(map(len, first)) >= 43  # 256 bits


def test_a_link_that_came_by_the_control_api_equals_the_platform_s(
    links: CertificateLinks,
) -> None:
    """The control API does not show the number of a link."""
    link = create(links)

    assert link.number == 1
    shown = replace(link, number=0)
    assert (shown, str(shown)) == (link, str(link))


def test_no_representation_holds_token_or_passphrase(links: CertificateLinks) -> None:
    link = links.create(
        account="svc-one", serial_number=1, delivery=Delivery(passphrase="hunter2-hunter2")
    )
    assert link.token not in repr(link)
    assert "hunter2" not in repr(link)


@every_case(
    ("asked", "with_key", "usual"),
    [
        (None, True, "pfx"),
        (None, False, "pem"),
        ("p12", True, "p12"),
        ("p7s", False, "p7s"),
        ("pem", False, "pem"),
        ("pem", True, "pem"),
    ],
)
def test_the_usual_form_depends_on_whose_the_key_is(
    asked: str | None, with_key: bool, usual: str
) -> None:
    assert Delivery(format=asked).for_certificate(with_key=with_key).format == usual


@pytest.mark.parametrize("asked", ["pfx", "p12"])
def test_a_form_with_the_key_is_refused_where_the_key_is_the_clients(asked: str) -> None:
    with pytest.raises(Rejected, match=f"format: a {asked} holds the private key"):
        Delivery(format=asked).for_certificate(with_key=False)
