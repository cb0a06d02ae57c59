"""Applications that are deleted or replaced during a slow step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from mock_sei.certificates.authority import Authority
from mock_sei.errors import MockSeiError, Refusal, Rejected, UnknownAccount, UnknownApplication
from mock_sei.platform import Platform
from mock_sei.portal.links import Link
from mock_sei.portal.portal import Portal
from mock_sei.rules.records import Application
from tests.certificates.client_ca import pem, request
from tests.patience import PATIENCE
from tests.support import registration

pytestmark = pytest.mark.usefixtures("one_key")

"""The time limit in seconds for steps that should be fast."""

NAME, ACCOUNT = "Nightly", "svc-nightly"
SUCCESSOR = registration(distribution_list="successor@example.com")


@pytest.fixture
def portal(platform: Platform) -> Portal:
    return platform.portal


class Stopped:
    """Pauses each thread that makes a key, until the test lets it go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def wait_until_reached(self) -> None:
        assert self.reached.wait(PATIENCE)


@contextmanager
def stopped_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stopped]:
    """Pauses the next key; keys of other threads are not paused."""
    stopped = Stopped()
    issue = Authority.issue_identity
    first = threading.Lock()

    def issue_slowly(*arguments: object, **options: object) -> object:
        made = issue(*arguments, **options)  # type: ignore[arg-type]
        if first.acquire(blocking=False):
            stopped.reached.set()
            assert stopped.go_on.wait(PATIENCE)
        return made

    with monkeypatch.context() as patch:
        patch.setattr(Authority, "issue_identity", issue_slowly)
        try:
            yield stopped
        finally:
            stopped.go_on.set()


@contextmanager
def meanwhile(
    work: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Future[object]]:
    """Runs the block while ``work`` is paused in the middle of its key."""
    with ThreadPoolExecutor(1) as pool, stopped_keys(monkeypatch) as stopped:
        future = pool.submit(work)
        stopped.wait_until_reached()
        yield future
        stopped.go_on.set()
        future.exception(PATIENCE)


def to_team(portal: Portal, address: str) -> list[str]:
    return [each.subject for each in portal.mailbox.find(to=address)]


WORK: dict[str, Callable[[Portal], object]] = {
    "send_link": lambda portal: portal.send_link(ACCOUNT),
    "renew": lambda portal: portal.renew(ACCOUNT),
}


def waiting(platform: Platform) -> Application:
    """An approved application that has no certificate yet."""
    application = platform.portal.register(registration(certificate="own"))
    return platform.portal.change(application.app_key, {"certificate": "sei"})


@pytest.mark.parametrize("work", WORK)
def test_no_link_is_made_for_an_application_that_is_deleted_meanwhile(
    portal: Portal, platform: Platform, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    waiting(platform)
    before = portal.mailbox.messages

    with meanwhile(lambda: WORK[work](portal), monkeypatch) as link:
        portal.remove(NAME)

    assert isinstance(link.exception(), UnknownAccount)
    assert portal.mailbox.messages == before
    assert portal.links.of(ACCOUNT) == []


@pytest.mark.parametrize("work", WORK)
def test_a_successor_gets_neither_link_nor_mail_of_what_was_begun_before_it(
    portal: Portal, platform: Platform, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    waiting(platform)

    with meanwhile(lambda: WORK[work](portal), monkeypatch) as link:
        portal.remove(NAME)
        portal.register(SUCCESSOR)
        mails, links = to_team(portal, "successor@example.com"), portal.links.of(ACCOUNT)

    assert isinstance(link.exception(), MockSeiError)
    assert to_team(portal, "successor@example.com") == mails
    assert portal.links.of(ACCOUNT) == links
    assert len(mails) == 3
    (own,) = links
    platform.take_certificate(own.token)


def test_a_registration_that_is_undone_meanwhile_mails_no_link(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with meanwhile(lambda: portal.register(registration()), monkeypatch) as registered:
        portal.remove(NAME)

    assert isinstance(registered.result(), Application)
    assert portal.links.of(ACCOUNT) == []
    assert not portal.mailbox.find(about="download link")


def test_nobody_waits_for_the_key_of_another(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with meanwhile(lambda: portal.register(registration()), monkeypatch) as registered:
        assert len(portal.mailbox) == 2
        portal.register(registration(name="Other", certificate="own"))
        portal.remove("Other")
        portal.change("demo-server", {"name": "renamed"})
        assert not registered.done()

    assert portal.mailbox.last.subject == f"Certificate for {ACCOUNT}: your download link"


def test_of_two_who_register_one_name_one_gets_it(portal: Portal, platform: Platform) -> None:
    barrier = threading.Barrier(4)

    def register() -> Application | None:
        barrier.wait(PATIENCE)
        try:
            return portal.register(registration(certificate="own"))
        except Rejected:
            return None

    with ThreadPoolExecutor(4) as pool:
        found = [each.result(PATIENCE) for each in [pool.submit(register) for _ in range(4)]]

    (winner,) = [each for each in found if each is not None]
    assert platform.registry.find_application(NAME) == winner
    assert list(platform.registry.service_accounts).count(ACCOUNT) == 1


def test_a_successor_gets_no_link_of_a_request_that_was_signed_before_it(
    portal: Portal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(platform)
    sign = type(platform.certificates).sign

    def sign_late(*arguments: object) -> object:
        signed = sign(*arguments)  # type: ignore[arg-type]
        portal.remove(NAME)
        portal.register(SUCCESSOR)
        return signed

    monkeypatch.setattr(type(platform.certificates), "sign", sign_late)
    with pytest.raises(UnknownAccount):
        portal.sign(ACCOUNT, pem(request(ACCOUNT)))
    assert len(to_team(portal, "successor@example.com")) == 3


# A name that is registered again starts with nothing


def registered_again(portal: Portal) -> tuple[Link, Link]:
    """The link of an application that was deleted, and the link of its successor."""
    portal.register(registration())
    (old,) = portal.links.of(ACCOUNT)
    portal.remove(NAME)
    portal.register(SUCCESSOR)
    (new,) = portal.links.of(ACCOUNT)
    return old, new


def test_a_successor_has_none_of_the_links(portal: Portal, platform: Platform) -> None:
    old, new = registered_again(portal)

    assert old.token != new.token
    for use in (platform.preview_certificate, platform.take_certificate):
        with pytest.raises(Refusal, match="its application was deleted"):
            use(old.token)
    assert portal.mailbox.find(to="team@example.com")[-1].link is old
    assert platform.take_certificate(new.token)


def test_a_link_that_dies_while_its_file_is_made_gives_nothing(
    portal: Portal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.register(registration())
    (link,) = portal.links.of(ACCOUNT)
    find = type(platform.certificates).find

    def find_late(*arguments: object) -> object:
        found = find(*arguments)  # type: ignore[arg-type]
        portal.remove(NAME)
        return found

    monkeypatch.setattr(type(platform.certificates), "find", find_late)
    with pytest.raises(Refusal, match="its application was deleted"):
        platform.take_certificate(link.token)
    assert link.used_at is None


def test_a_link_whose_account_goes_while_it_is_looked_at_says_so(
    portal: Portal, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is about the deleted application, and not about the format."""
    portal.register(registration())
    (link,) = portal.links.of(ACCOUNT)
    find = type(platform.certificates).find

    def find_too_late(*arguments: object) -> object:
        portal.remove(NAME)
        return find(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(type(platform.certificates), "find", find_too_late)
    with pytest.raises(Refusal, match="its application was deleted"):
        platform.preview_certificate(link.token)


@pytest.mark.long
def test_of_many_who_take_one_link_at_once_one_gets_the_file(
    portal: Portal, platform: Platform
) -> None:
    link = portal.send_link("svc-demo")
    barrier = threading.Barrier(8)

    def take() -> bool:
        barrier.wait(PATIENCE)
        try:
            return bool(platform.take_certificate(link.token).content)
        except Refusal:
            return False

    with ThreadPoolExecutor(8) as pool:
        taken = [each.result(PATIENCE) for each in [pool.submit(take) for _ in range(8)]]
    assert taken.count(True) == 1


def test_a_revoked_certificate_can_be_downloaded_and_opens_nothing(
    portal: Portal, platform: Platform
) -> None:
    """A link only downloads a certificate; the certificate is checked at each connection."""
    link = portal.send_link("svc-demo")
    platform.certificates.revoke("svc-demo", link.serial_number)

    assert platform.take_certificate(link.token).content
    held = platform.certificates.find("svc-demo", link.serial_number)
    assert platform.judge_certificate(held.peer) is not None


def test_a_successor_gets_the_notices_of_its_own_certificate(
    portal: Portal, platform: Platform
) -> None:
    portal.register(registration())
    platform.clock.set(platform.certificates.identity(ACCOUNT).not_after)
    assert len(portal.mailbox.find(to="team@example.com", about="ends in")) == 3
    portal.remove(NAME)

    portal.register(SUCCESSOR)
    assert portal.mailbox.find(to="successor@example.com", about="ends in") == []
    platform.clock.set(platform.certificates.identity(ACCOUNT).not_after)

    assert len(portal.mailbox.find(to="successor@example.com", about="ends in")) == 3
    assert len(portal.mailbox.find(to="team@example.com", about="ends in")) == 3


def test_what_is_removed_twice_at_once_is_gone_once(portal: Portal) -> None:
    portal.register(registration(certificate="own"))
    barrier = threading.Barrier(4)

    def remove() -> bool:
        barrier.wait(PATIENCE)
        try:
            portal.remove(NAME)
        except UnknownApplication:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        removed = [each.result(PATIENCE) for each in [pool.submit(remove) for _ in range(4)]]
    assert removed.count(True) == 1
