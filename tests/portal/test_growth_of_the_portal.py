"""The cost of a call does not grow with applications, mails and links."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from mock_sei.certificates.accounts import AccountCertificates
from mock_sei.certificates.seeded import SeededIdentities
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import UnknownAccount, UnknownApplication
from mock_sei.portal.links import CertificateLinks, Delivery
from mock_sei.portal.mailbox import Letter, ServerMailbox
from mock_sei.portal.portal import Portal, PortalCertificate
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.randomness import make_random
from mock_sei.rules.records import Application, ServiceAccount
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import Actor, ApplicationType
from tests.growth import Action, assert_flat, assert_linear
from tests.support import registration

pytestmark = pytest.mark.slow


LETTER = Letter(sender="mock-sei", subject="subject", text="text")


def page_application(number: int) -> Application:
    return Application(
        name=f"page {number}",
        type=ApplicationType.SINGLE_PAGE,
        actor=Actor.END_USER,
        app_key=f"page-key-{number}",
        redirect_addresses=(f"https://spa-{number}.example/callback",),
    )


def server_application(number: int) -> Application:
    return Application(
        name=f"server {number}",
        type=ApplicationType.SERVER_SERVER,
        actor=Actor.SERVER,
        app_key=f"server-key-{number}",
        app_secret=f"server-secret-{number}",
        service_account=f"svc-{number}",
    )


def account(number: int) -> ServiceAccount:
    return ServiceAccount(username=f"svc-{number}", password=f"password-{number}")


def registry(size: int) -> Registry:
    return Registry(
        applications=[
            *(server_application(each) for each in range(size)),
            *(page_application(each) for each in range(size)),
        ],
        service_accounts=[account(each) for each in range(size)],
    )


def test_registering_changing_and_deleting_is_flat() -> None:
    def changing(size: int) -> Action:
        known, numbers = registry(size), itertools.count(size)

        def change() -> None:
            number = next(numbers)
            made = server_application(number)
            known.register(made, account(number))
            known.replace(made.app_key, replace(made, app_key=f"fresh-{number}", name=f"n{number}"))
            known.remove(f"fresh-{number}")

        return change

    assert_flat(changing)


def unknown(look: Callable[[], object]) -> None:
    with suppress(UnknownApplication, UnknownAccount):
        look()


LOOKS: dict[str, Callable[[Registry], object]] = {
    "by name": lambda known: known.find_application("page 5"),
    "by AppKey": lambda known: known.find_application("page-key-5"),
    "by account": lambda known: known.find_application_of("svc-5"),
    "of nobody": lambda known: known.find_application("nobody"),
    "required": lambda known: known.require_application("svc-5"),
    "unknown name": lambda known: unknown(lambda: known.require_application("nobody")),
    "unknown account": lambda known: unknown(lambda: known.require_account("nobody")),
    "origin": lambda known: known.is_page_origin("https://spa-5.example"),
    "unknown origin": lambda known: known.is_page_origin("https://nobody.example"),
    "AppSecret": lambda known: known.is_app_secret("server-secret-5"),
    "how many": lambda known: len(known.applications),
    "page": lambda known: known.applications.page(limit=5, start=5),
    "page behind a key": lambda known: known.applications.page(limit=5, after="page-key-2"),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_up_is_flat(look: str) -> None:
    def looking(size: int) -> Action:
        known = registry(size)
        return lambda: LOOKS[look](known)

    assert_flat(looking)


class NoCertificates:
    """A stand-in for the accounts' certificates: no account has one."""

    def prepare(self) -> None:
        pass

    def provide(self, username: str) -> PortalCertificate:
        raise NotImplementedError

    renew = provide

    def sign(self, username: str, request: str) -> PortalCertificate:
        raise NotImplementedError

    def take_replaced(self) -> dict[str, PortalCertificate | None]:
        return {}

    def revoke_all(self, username: str) -> None:
        pass


def portal_of(size: int) -> Portal:
    made = Portal(
        registry=registry(size),
        certificates=NoCertificates(),
        products=["investors"],
        clock=PlatformClock(),
        random=make_random(1),
        approval="auto",
        link_lifetime=timedelta(days=7),
        notice_days=(90, 30, 7),
        url=lambda: "https://localhost",
    )
    for number in range(size):
        made._send(server_application(number), LETTER)  # noqa: SLF001
    return made


def life_of_one(portal: Portal) -> None:
    """The steps of the portal's pages and the control API with an application."""
    fields = registration(certificate="own")
    portal.register(fields)
    portal.change("Nightly", {"distribution_list": "other@example.com"})
    portal.refresh_keys("Nightly")
    assert portal.mailbox.last.link is None
    portal.mailbox.find(to="other@example.com")
    portal.remove("Nightly")


def test_the_life_of_an_application_is_flat() -> None:
    def living(size: int) -> Action:
        portal = portal_of(size)
        return lambda: life_of_one(portal)

    assert_flat(living)


def portal_with_ending_certificates(
    store: CertificateStore, size: int, clock: PlatformClock
) -> Portal:
    """All accounts have certificates that end soon, and their notices were sent."""
    known = registry(size)
    certificates = AccountCertificates(
        store=store, seeded=SeededIdentities(store, {}), registry=known, clock=clock
    )
    for number in range(size):
        certificates.issue(f"svc-{number}")
    made = Portal(
        registry=known,
        certificates=certificates,
        products=["investors"],
        clock=clock,
        random=make_random(1),
        approval="auto",
        link_lifetime=timedelta(days=7),
        notice_days=(90, 30, 7),
        url=lambda: "https://localhost",
    )
    first = certificates.current("svc-0")
    assert first is not None
    clock.set(first.not_after - timedelta(days=10), frozen=True)
    assert len(made.mailbox) == 2 * size
    return made


@pytest.mark.usefixtures("one_key")
def test_reading_and_sending_mails_is_flat_in_the_last_days_of_everybody(
    shared_store: CertificateStore,
) -> None:
    def looking(size: int) -> Action:
        clock = PlatformClock()
        portal = portal_with_ending_certificates(shared_store, size, clock)
        end = clock.now()

        def look() -> None:
            clock.set(end - timedelta(days=100))
            assert portal.mailbox.last
            clock.set(end)
            portal._send(server_application(0), LETTER)  # noqa: SLF001

        return look

    assert_flat(looking, 10, 500)


def test_a_start_is_linear() -> None:
    assert_linear(lambda size: lambda: registry(size), 300)


def mailbox(size: int) -> ServerMailbox:
    made, now = ServerMailbox(), PlatformClock().now()
    for number in range(size):
        made.send(LETTER, to=f"team-{number}@example.com", at=now)
    return made


MAILS: dict[str, Callable[[ServerMailbox], object]] = {
    "send": lambda box: box.send(LETTER, to="new@example.com", at=PlatformClock().now()),
    "last": lambda box: box.last,
    "by number": lambda box: box.require(5),
    "by address": lambda box: box.find(to="team-5@example.com"),
    "by address and words": lambda box: box.find(to="team-5@example.com", about="subject"),
    "newest": lambda box: box.page(limit=5),
    "older": lambda box: box.page(limit=5, before=8),
    "newer": lambda box: box.page(limit=5, after=1),
    "how many": len,
}


@pytest.mark.parametrize("look", MAILS)
def test_a_look_into_the_mailbox_is_flat(look: str) -> None:
    def looking(size: int) -> Action:
        made = mailbox(size)
        return lambda: MAILS[look](made)

    assert_flat(looking)


def links(size: int) -> CertificateLinks:
    made = CertificateLinks(
        clock=PlatformClock(), random=make_random(1), lifetime=timedelta(days=1)
    )
    for number in range(size):
        made.create(account="svc-many", serial_number=number, delivery=Delivery())
        made.create(account=f"svc-{number}", serial_number=number, delivery=Delivery())
    return made


def create_and_take(made: CertificateLinks) -> None:
    link = made.create(account="svc-many", serial_number=1, delivery=Delivery())
    made.take(link.token)


LINKS: dict[str, Callable[[CertificateLinks], object]] = {
    "create and take": create_and_take,
    "newest": lambda made: made.newest_of("svc-many", 3),
    "of another": lambda made: made.of("svc-5"),
}


@pytest.mark.parametrize("look", LINKS)
def test_what_is_done_with_links_is_flat(look: str) -> None:
    def doing(size: int) -> Action:
        made = links(size)
        return lambda: LINKS[look](made)

    assert_flat(doing)
